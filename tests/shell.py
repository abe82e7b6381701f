"""Scripts as a user types them."""

import subprocess
import sys


def shell(script: str, **options) -> subprocess.CompletedProcess[str]:
    """Runs a script in bash, where `mirrorjax` is this interpreter's; it ends at the first command that fails."""
    command = f'mirrorjax() {{ "{sys.executable}" -m mirrorjax "$@"; }}\n{script}'
    return subprocess.run(["bash", "-ec", command], text=True, **{"check": False, "timeout": 120, **options})
