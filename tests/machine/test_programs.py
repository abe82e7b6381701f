"""The folder of compiled programs: a damaged one is told in one line, and replaced."""

import subprocess
import sys
from pathlib import Path

import pytest

COMPILE = """
import sys
from pathlib import Path
import jax
from mirrorjax.machine.compiler import keep_programs
keep_programs(Path(sys.argv[1]))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
print(jax.jit(lambda x: x @ x)(jax.numpy.eye(3)).sum())
"""


@pytest.mark.slow
def test_a_damaged_program_is_named_and_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")

    def run() -> str:
        command = [sys.executable, "-c", COMPILE, str(tmp_path)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        assert ran.stdout == "3.0\n"
        return ran.stderr

    assert run() == ""
    for file in tmp_path.glob("*-cache"):
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    damaged = run().splitlines()
    assert damaged and all(line.startswith(f"{tmp_path}: reading a compiled program failed (") for line in damaged)
    run()  # what could not be read could not be written either, then
    assert run() == ""
