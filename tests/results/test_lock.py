"""One process at a time in a population's folder; a killed one leaves no lock behind."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mirrorjax.errors import InputError
from mirrorjax.results.lock import LOCK, check_unlocked, locked

HOLDS = """
import sys, time
from pathlib import Path
from mirrorjax.results.lock import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    process = subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path / "p")], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_process_is_refused_until_the_first_is_gone(tmp_path: Path, other: subprocess.Popen[str]):
    folder = tmp_path / "p"
    message = f"{folder}: process {other.pid} on {os.uname().nodename} is at work on this population; wait for it, or"
    with pytest.raises(InputError, match=message), locked(folder):
        pytest.fail("two in one folder")
    with pytest.raises(InputError, match=message):
        check_unlocked(folder)
    other.kill()
    other.wait()
    check_unlocked(folder)
    with locked(folder):
        assert (folder / LOCK).read_text() == f"process {os.getpid()} on {os.uname().nodename}"


def test_it_is_free_again_after_the_block(tmp_path: Path):
    check_unlocked(tmp_path / "p")
    assert not (tmp_path / "p").exists(), "a look makes nothing"
    for _ in range(2):
        with locked(tmp_path / "p"):
            pass
    assert [file.name for file in (tmp_path / "p").iterdir()] == [LOCK]


def test_a_file_in_the_way(tmp_path: Path):
    (tmp_path / "p").write_text("mine")
    with (
        pytest.raises(InputError, match="results cannot be written here: a file is in the way"),
        locked(tmp_path / "p"),
    ):
        pytest.fail("locked")
