"""Ctrl-C while a network is measured: one line, and nothing half written."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own.test_command import write

MEASURES = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests; in the background it is ignored
from mirrorjax.launch.cli import main
from mirrorjax.own import given, turns

given._NUMBERS, turns.MOST = 128 * 5 * 4, 2  # ten parts, in threads
read = given.Given.read

def slowly(self, site, part):
    print(part.start, flush=True)
    time.sleep(0.5)
    return read(self, site, part)

given.Given.read = slowly
sys.exit(main(["measure", "acts", "--out", "page.html"]))
"""


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path):
    write(tmp_path / "acts")
    program = subprocess.Popen(
        [sys.executable, "-c", MEASURES], cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert program.stdout is not None and program.stdout.readline() == "0\n"
    program.send_signal(signal.SIGINT)
    printed, complained = program.communicate(timeout=120)
    assert (program.returncode, complained) == (130, "interrupted\n")
    assert len(printed.split()) < 10, "parts that were not begun are not"
    assert [path.name for path in tmp_path.iterdir()] == ["acts"]
