"""`python -m mirrorjax`."""

from mirrorjax.launch.cli import main

raise SystemExit(main())
