"""`mirrorjax.sweep` in a process that lives on: a notebook's, which has used JAX, Hydra and an event loop before."""

import asyncio
import os
import subprocess
import sys
import threading
from pathlib import Path

import jax
import pytest
from hydra.core.global_hydra import GlobalHydra

import mirrorjax
from mirrorjax.errors import InputError
from mirrorjax.machine import runtime
from mirrorjax.machine.runtime import configure
from mirrorjax.results.read import Results
from tests.sweep.cases import QUICKLY, SETTINGS, bytes_and_times


@pytest.mark.slow
def test_a_sweep_from_python_and_the_same_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The first one in an event loop, as in a notebook's cell; the second one in a thread."""
    monkeypatch.setenv("HOME", str(tmp_path))
    overrides = [*SETTINGS, *QUICKLY, "results_dir=~/run (1)=é"]

    async def cell() -> Path:
        return mirrorjax.sweep(overrides)

    mine = GlobalHydra.instance()
    folder = asyncio.run(cell())
    assert folder.parent == tmp_path / "run (1)=é"
    (population,) = Results.open(folder).populations
    assert population.done and population.config["results_dir"] == str(folder.parent)
    before = bytes_and_times(folder / population.name)
    again: list[Path] = []
    thread = threading.Thread(target=lambda: again.append(mirrorjax.sweep(overrides)))
    thread.start()
    thread.join()
    assert again == [folder]
    assert bytes_and_times(folder / population.name) == before, "left as it is"
    assert GlobalHydra.instance() is mine


def test_what_the_call_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^model.widht: no such setting; model has name, width"):
        mirrorjax.sweep(["model.widht=3"])
    with pytest.raises(InputError, match=r"^mirrorjax.sweep takes a list of texts"):
        mirrorjax.sweep("experiment=smoke")
    with pytest.raises(InputError, match=r"trains nothing; allowed: overrides, and -m$"):
        mirrorjax.sweep(["experiment=smoke", "--cfg", "job"])
    with pytest.raises(InputError, match=r"^runtime.devices: 9 asked for, 2 here; JAX was used in this process before"):
        mirrorjax.sweep([*SETTINGS, *QUICKLY, "runtime.devices=9"])
    assert list(tmp_path.iterdir()) == []


def test_why_a_population_failed_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("no frog")

    monkeypatch.setattr("mirrorjax.pipeline.run_population", fail)
    with pytest.raises(RuntimeError, match=r"^the sweep is not finished \(no frog\); the same call goes on with it$"):
        mirrorjax.sweep([*SETTINGS, *QUICKLY, f"results_dir={tmp_path}"])


def test_devices_that_are_there_are_taken_where_jax_was_used_before(monkeypatch: pytest.MonkeyPatch):
    there = jax.devices("cpu")
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(len(there) + 1), raising=False)
    assert configure("cpu", None, "highest", None) == there
    assert configure("cpu", 1, "highest", None) == there[:1]


@pytest.mark.parametrize("name", runtime.NEEDED)
def test_jax_settings_that_members_depend_on(name: str, monkeypatch: pytest.MonkeyPatch):
    needed = runtime.NEEDED[name]
    assert getattr(jax.config, name) == needed
    monkeypatch.setitem(runtime.NEEDED, name, not needed)
    with pytest.raises(InputError, match=rf"^{name.upper()} is {needed}; allowed: {not needed}, members depend on it$"):
        configure("cpu", None, "highest", None)


def test_flags_that_may_move_bits_are_told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    for flags, lines in (
        ("--xla_force_host_platform_device_count=2", []),
        (
            "--xla_cpu_enable_fast_math=true",
            ["XLA_FLAGS is --xla_cpu_enable_fast_math=true: the last bits of a member may be others than without it"],
        ),
    ):
        caplog.clear()
        monkeypatch.setenv("XLA_FLAGS", flags)
        configure("cpu", None, "highest", None)
        assert caplog.messages == lines


def test_the_import_is_light():
    code = (
        "import mirrorjax, sys; mirrorjax.sweep; print([n for n in ('jax', 'hydra', 'omegaconf') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
