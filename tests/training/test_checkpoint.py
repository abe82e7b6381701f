"""Saved states: what is whole comes back bit for bit, what is not is named and skipped, what is foreign refused."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.training.checkpoint import States, TrainingState
from mirrorjax.training.loop import Schedule
from mirrorjax.training.saving import StateSaver
from tests.training.cases import epochs, mixed_members, population_of

FINGERPRINT = {"job": "1c9e0b7d52aa", "block": 8}


def state(number: int = 1) -> TrainingState:
    random = np.random.default_rng(number)
    arrays = {
        "supervised-mlp-2-relu-17-32-own": {
            "member": np.arange(50),
            "state": {"params": {"hidden_1_kernel": random.random((50, 17, 100), np.float32)}},
            "done": np.full(50, number, np.uint32),
        },
        "members": {"stopped": np.zeros(50, bool), "best": np.full(50, np.inf)},
    }
    return TrainingState(arrays, {"next_checkpoint": number, "ended": False, "model_steps": 10 * number})


def saved(folder: Path, *numbers: int) -> States:
    states = States(folder)
    for number in numbers:
        states.save(state(number), FINGERPRINT, {"seconds": {"training": 0.1 * number}})
    states.close()
    return States(folder)


def restored(states: States, complete: int = 99) -> int | None:
    """The number of the state that comes back; it must be the one that was saved."""
    found = states.restore(FINGERPRINT, complete)
    if found is None:
        return None
    number = found.position["next_checkpoint"]
    expected = state(number)
    assert found.position == expected.position
    assert found.facts == {"seconds": {"training": 0.1 * number}}
    program = "supervised-mlp-2-relu-17-32-own"
    kernel = found.arrays[program]["state"]["params"]["hidden_1_kernel"]
    assert kernel.tobytes() == expected.arrays[program]["state"]["params"]["hidden_1_kernel"].tobytes()
    assert found.arrays[program]["done"].dtype == np.uint32
    assert found.arrays["members"]["best"].tolist() == [np.inf] * 50
    return number


def test_the_newest_comes_back_and_the_one_before_is_kept(tmp_path: Path):
    states = saved(tmp_path / "state", 1, 2, 3, 4)
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["3", "4"]
    assert restored(states) == 4
    assert states.block == 8
    assert states.problems == []
    states.keep_newest()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["4"]
    states.remove()
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_made_where_nothing_was_saved(tmp_path: Path):
    states = States(tmp_path / "state")
    assert (states.block, restored(states)) == (None, None)
    states.remove()
    assert list(tmp_path.iterdir()) == []


def largest(folder: Path) -> Path:
    return max((file for file in folder.rglob("*") if file.is_file()), key=lambda file: file.stat().st_size)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


DAMAGE: dict[str, Callable[[Path], object]] = {
    "a flipped byte": lambda newest: flip(largest(newest)),
    "truncated": lambda newest: largest(newest).write_bytes(largest(newest).read_bytes()[:1000]),
    "a file is missing": lambda newest: largest(newest).unlink(),
    "no arrays": lambda newest: shutil.rmtree(newest / "arrays"),
    "another number": lambda newest: (newest / "about" / "metadata").write_text(
        (newest / "about" / "metadata").read_text().replace('"next_checkpoint": 3', '"next_checkpoint": 9')
    ),
    "a list for a number": lambda newest: (newest / "about" / "metadata").write_text(
        (newest / "about" / "metadata").read_text().replace('"next_checkpoint": 3', '"next_checkpoint": [3]')
    ),
    "torn text": lambda newest: (newest / "about" / "metadata").write_text("{"),
    "empty": empty,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_state_is_named_and_the_one_before_it_used(tmp_path: Path, damage: Callable[[Path], object]):
    folder = tmp_path / "state"
    saved(folder, 1, 2, 3)
    before = {file.relative_to(folder / "3"): file.read_bytes() for file in (folder / "3").rglob("*") if file.is_file()}
    damage(folder / "3")
    after = {file.relative_to(folder / "3"): file.read_bytes() for file in (folder / "3").rglob("*") if file.is_file()}
    assert after != before
    states = States(folder)
    assert restored(states) == 2
    (problem,) = states.problems
    assert problem.startswith(f"{folder}/3: skipped: damaged: ") and "\n" not in problem
    assert not (folder / "3").exists(), "else it would be kept instead of the whole one"
    states.save(state(5), FINGERPRINT, {"seconds": {"training": 0.5}})
    assert restored(states) == 5


def test_with_all_damaged_there_is_none(tmp_path: Path):
    folder = tmp_path / "state"
    saved(folder, 1, 2)
    for number in ("1", "2"):
        flip(largest(folder / number))
    states = States(folder)
    assert restored(states) is None
    assert len(states.problems) == 2


def test_a_state_is_of_use_only_behind_whole_results(tmp_path: Path):
    states = saved(tmp_path / "state", 2, 3)
    assert restored(states, complete=2) == 2
    assert states.problems == [f"{tmp_path}/state/2: skipped: the results of checkpoint 2 before it are not whole"]


@pytest.mark.parametrize(("name", "value"), [("job", "2d0f1c8e63bb"), ("block", 16)])
def test_the_state_of_another_population_is_refused_and_left_alone(tmp_path: Path, name: str, value: object):
    states = saved(tmp_path / "state", 1, 2)
    with pytest.raises(InputError, match=rf"state/2: the state of another population \({name} .*, here {value}\)"):
        states.restore({**FINGERPRINT, name: value}, complete=99)
    assert restored(States(tmp_path / "state")) == 2


def test_what_a_kill_left_behind_goes_and_foreign_files_stay(tmp_path: Path):
    folder = tmp_path / "state"
    saved(folder, 1)
    (folder / "7.orbax-checkpoint-tmp").mkdir()
    (folder / "7.orbax-checkpoint-tmp" / "half").write_text("x")
    (folder / "notes.txt").write_text("mine")
    (folder / "9").write_text("in the way")
    states = States(folder)
    assert restored(states) == 1
    states.save(state(2), FINGERPRINT, {"seconds": {"training": 0.2}})
    assert restored(states) == 2
    assert {path.name for path in folder.iterdir()} == {"1", "10", "9", "notes.txt"}


def test_a_state_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(InputError, match="state: the training state cannot be saved: "):
        States(tmp_path / "state").save(state(), FINGERPRINT, {})


class Clock:
    """Seconds by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("every", "due"), [(60.0, [False, True, False]), (0.0, [True] * 3), (None, [False] * 3)])
def test_when_the_state_is_saved(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, every: float | None, due: list[bool]
):
    caplog.set_level(logging.INFO, "mirrorjax")
    clock = Clock()
    population = population_of(mixed_members()[:1])
    states = States(tmp_path / "state")
    saver = StateSaver(population, states, FINGERPRINT, every, facts=dict, clock=clock)
    found, last = [], 0
    for now in (59.0, 61.0, 100.0):
        clock.now = now
        saver()
        newest = max((int(path.name) for path in (tmp_path / "state").glob("*")), default=0)
        found.append(newest > last)
        last = newest
    assert found == due
    saver.signals.number = 15
    with pytest.raises(SystemExit) as ended:
        saver()
    assert ended.value.code == 143
    assert caplog.messages == ["stopped at epoch 0, state saved: the same command goes on"]
    assert states.restore(FINGERPRINT, 0) is not None
    assert population.seconds["saving"] > 0


def test_a_stop_is_a_stop_even_if_the_state_cannot_be_saved(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    (tmp_path / "state").write_text("a file")
    population = population_of(mixed_members()[:1])
    saver = StateSaver(population, States(tmp_path / "state"), {}, every=None, facts=dict)
    saver.signals.number = 2
    with pytest.raises(KeyboardInterrupt):
        list(population.run(Schedule((0.0, *epochs(5)))))
    (note,) = caplog.messages
    assert note.startswith(f"stopped at epoch 0; {tmp_path}/state: the training state cannot be saved: ")
