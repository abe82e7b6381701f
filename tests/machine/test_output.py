"""Output that cannot be written: work goes on to its end, and nothing of it lands in a file that is not its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from mirrorjax.machine.output import unbroken_output
from tests.shell import shell

WORKS = """
import contextlib, os, sys
from rich.console import Console
from mirrorjax.machine.output import unbroken_output
with unbroken_output(), open(sys.argv[1], "w") as file:
    with contextlib.suppress(OSError):
        os.write(2, b"noise of a library")
    for number in range(3000):
        print(number)
        Console().print(number)
        print(number, file=sys.stderr)
    sys.stdout.flush()
    file.write("done")
"""


@pytest.mark.parametrize(
    "to",
    ["| head -n 1", "2>&1 | head -n 1", "> /dev/full", "> /dev/full 2> /dev/full", ">&-", ">&- 2>&-", "<&- >&- 2>&-"],
)
def test_work_goes_on_wherever_its_output_goes(to: str, tmp_path: Path):
    command = f'"{sys.executable}" -c "$WORKS" "{tmp_path}/file" {to}\nexit ${{PIPESTATUS[0]}}'
    ran = subprocess.run(["bash", "-c", f"WORKS='{WORKS}'\n{command}"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "Error" not in ran.stderr
    assert (tmp_path / "file").read_text() == "done"


def test_a_reader_that_is_slow_gets_everything():
    """Where another process, node for instance, has set the pipe not to wait."""
    script = (
        "import os\nfrom mirrorjax.machine.output import unbroken_output\nos.set_blocking(1, False)\n"
        "with unbroken_output(): print('x' * 500_000)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"x" * 500_000 + b"\n"
    )


def test_a_sign_that_the_terminal_lacks_stops_nothing():
    imported = "from mirrorjax.machine.output import unbroken_output"
    script = f"{imported}\nwith unbroken_output(): print('2×17')"
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env={"PYTHONIOENCODING": "ascii"}
    )
    assert ran.stdout == "2\\xd717\n"


def test_the_streams_of_a_notebook_are_left_as_they_are(capsys: pytest.CaptureFixture[str]):
    streams = sys.stdout, sys.stderr
    with unbroken_output() as lost:
        assert (sys.stdout, sys.stderr) == streams
        print("shown")
    assert (capsys.readouterr().out, lost.error) == ("shown\n", None)


def test_what_only_prints_fails_where_that_cannot_be_written():
    ran = shell("mirrorjax completion > /dev/full", capture_output=True)
    assert (ran.returncode, ran.stderr) == (1, "error: standard output cannot be written: No space left on device\n")
    ran = shell("mirrorjax completion | true\nexit ${PIPESTATUS[0]}", capture_output=True)
    assert ran.returncode in (0, 1) and ran.stderr == "", "a reader that has gone, or is about to"


def test_a_game_that_nobody_sees_ends():
    script = (
        "from mirrorjax.machine.output import unbroken_output\nwith unbroken_output(ends=True):\n  while True: print(1)"
    )
    reader = "import sys; sys.stdin.readline()"
    ran = shell(
        f'"{sys.executable}" -c \'{script}\' | "{sys.executable}" -c "{reader}"\nexit ${{PIPESTATUS[0]}}',
        capture_output=True,
    )
    assert (ran.returncode, ran.stderr) == (1, "")
