"""`python -m mirrorjax`."""

from mirrorjax.cli import main

raise SystemExit(main())
