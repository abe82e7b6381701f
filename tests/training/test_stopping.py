"""Members that diverge or stop early are frozen, and are nobody else's business."""

import numpy as np
import pytest

from mirrorjax.population.members import Member
from mirrorjax.training.loop import Schedule
from tests.training.cases import RATE, epochs, population_of, run, same_bits, weights_of

# A kept unit counts a hundredfold: where one is kept in both layers, its row's outputs are thousands off, and that
# happens in most steps.
REGULAR = [Member(seed=seed, learning_rate=RATE) for seed in range(5)]
EXPLOSIVE = [Member(seed=seed, learning_rate=RATE, dropout=0.99) for seed in (1, 2, 3)]
EVERY = 10


@pytest.fixture(scope="module")
def divergent():
    """Three members bound to diverge among five others in one block."""
    return run([*EXPLOSIVE, *REGULAR], *epochs(50, 100, 150, 200))


def test_a_diverging_member_is_frozen_and_counted(divergent):
    population, checkpoints = divergent
    status = np.stack([c.records["status"] for c in checkpoints])
    steps = np.stack([c.records["step"] for c in checkpoints])
    gone = status[-1] == "diverged"
    assert gone.tolist() == [True] * 3 + [False] * 5
    assert (steps[:, ~gone] == np.array([0, 50, 100, 150, 200])[:, None]).all() and (
        status[:, ~gone] == "training"
    ).all()
    assert steps[-1, gone].max() > 0
    for member in np.flatnonzero(gone):
        end = steps[-1, member]
        assert 0 <= end < 200
        assert steps[:, member].tolist() == np.minimum([0, 50, 100, 150, 200], end).tolist()
        assert status[:, member].tolist() == ["training" if s <= end else "diverged" for s in (0, 50, 100, 150, 200)]
        frozen = [i for i, state in enumerate(status[:, member]) if state == "diverged"]
        for name in ("val_loss", "cmni", "accuracy"):
            values = [checkpoints[i].records[name][member] for i in frozen]
            assert np.isfinite(values).all() and len(set(values)) == 1, name
    assert all(np.isfinite(array).all() for weights in weights_of(population) for array in weights.values())


def test_the_others_do_not_notice(divergent):
    without, _ = run(REGULAR, *epochs(50, 100, 150, 200))
    assert all(same_bits(one, two) for one, two in zip(weights_of(divergent[0])[3:], weights_of(without), strict=True))


def test_a_learning_rate_of_a_thousand():
    """The first step goes to ±1000 and is finite; the second finds a loss of 10^23, and is not made."""
    members = [Member(seed=seed, learning_rate=1e3) for seed in range(3)]
    population, checkpoints = run(members, *epochs(1, 2, 50, rate=1e3))
    assert [c.records["step"].tolist() for c in checkpoints] == [[0, 0, 0], [1, 1, 1], [1, 1, 1]]
    assert checkpoints[-1].records["status"].tolist() == ["diverged"] * 3  # and with nobody left, the run is over
    for weights in weights_of(population):
        assert all(np.isfinite(array).all() for array in weights.values())
        assert 999 < np.abs(weights["output_bias"]).max() < 1001
    assert population.model_steps == 3 * 2


def stop_by_hand(losses: np.ndarray, patience: int) -> int:
    """The checkpoint [from 1] at which a series of losses has not improved for `patience` checkpoints; 0 for none."""
    best, at = np.inf, 0
    for number, loss in enumerate(losses, start=1):
        if loss < best:
            best, at = loss, number
        if number - at >= patience:
            return number
    return 0


@pytest.fixture(scope="module")
def patient():
    """Members at a large rate, without and with patience of two checkpoints (a bit less, as epochs are floats)."""
    rate = 0.03
    members = [Member(seed=seed, learning_rate=rate) for seed in range(8)]
    ends = epochs(*range(EVERY, 50 * EVERY + 1, EVERY), rate=rate)
    free = run(members, *ends)
    return free, run(members, *ends, patience=1.9 * ends[0])


def test_patience_stops_each_member_at_its_own_time(patient):
    (_, free), (_, stopping) = patient
    losses = np.stack([c.records["val_loss"] for c in free[1:]])
    due = [stop_by_hand(series, patience=2) for series in losses.T]
    assert 0 not in due and len(set(due)) > 2  # everybody stops in the end, not all at once
    for member, stop in enumerate(due):
        for number, ours in enumerate(stopping):
            assert ours.records["status"][member] == ("stopped" if number >= stop else "training")
            assert ours.records["step"][member] == EVERY * min(number, stop)
            seen = free[min(number, stop)]
            for name in ("val_loss", "cmni", "accuracy"):
                assert ours.records[name][member] == seen.records[name][member]


def test_the_run_is_over_when_all_have_stopped(patient):
    (free, checkpoints), (stopping, stopped) = patient
    last = int(stopped[-1].records["step"].max())
    assert last == EVERY * (len(stopped) - 1) < EVERY * 50
    assert len(checkpoints) == 51 and free.model_steps == 8 * 50 * EVERY
    assert stopping.model_steps == 8 * last  # a block runs while any member of it does


def test_an_early_end_has_its_table_of_units():
    members = [Member(seed=seed, learning_rate=1e3) for seed in range(3)]
    population = population_of(members)
    *before, end = population.run(Schedule((0.0, *epochs(1, 2, 50, rate=1e3)), units_at=epochs(50, rate=1e3)))
    assert end.index == 2 and end.units is not None
    assert all(checkpoint.units is None for checkpoint in before)
    assert len(end.units["unit"]) == 3 * (2 * 17 + 4)


def test_diverged_stays_diverged_under_patience():
    """A frozen member's loss no longer improves; that is no early stop."""
    members = [*EXPLOSIVE, *REGULAR]
    _, checkpoints = run(members, *epochs(50, 100, 150, 200, 250, 300), patience=epochs(99)[0])
    assert [c.records["status"][0] for c in checkpoints][-4:] == ["diverged"] * 4
    assert checkpoints[-1].records["status"].tolist()[3:] == ["training"] * 5
