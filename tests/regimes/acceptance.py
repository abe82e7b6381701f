"""Populations that acceptance tests of regimes train: the reference dataset, paper_fast's rate, 30 paper epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import own_regime
from mirrorjax.regimes.base import HeldOut
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout
from mirrorjax.training.step import init_state, train

SEEDS, EPOCHS, RATE, BATCH = 24, 30.0, 4e-5, 25
Records = dict[str, dict[str, np.ndarray]]


def records_of(kinds: Mapping[str, Mapping[str, Any]], seeds: int = SEEDS, epochs: float = EPOCHS) -> Records:
    """The last record of so many seeds of each kind, by kind and column; kinds are settings of `Member`."""
    members = [
        Member(**{"learning_rate": RATE, "batch_size": BATCH, **settings}, seed=seed)
        for settings in kinds.values()
        for seed in range(seeds)
    ]
    dataset = load_or_build(DatasetSpec(), default_folder() / "datasets")
    data = Data.of(dataset, boards=boards_of(dataset, 1024, 256), test_rows=20_000, validation_rows=20_000)
    layout = Layout(jax.devices(), 16)
    *_, last = Trainer(Measuring(members, data, layout.devices, 0), layout, Compiler()).run(Schedule((0.0, epochs)))
    return {
        kind: {name: np.asarray(values)[i * seeds : (i + 1) * seeds] for name, values in last.records.items()}
        for i, kind in enumerate(kinds)
    }


def told(kinds: Mapping[str, Mapping[str, Any]], *names: str) -> Records:
    """`records_of` them, whose medians of some columns are printed."""
    found = records_of(kinds)
    print(*medians(found, *names).items(), sep="\n")
    return found


def medians(records: Records, *names: str) -> dict[str, dict[str, float]]:
    """Of columns, by kind; NaN is left out."""
    return {
        kind: {name: round(float(np.nanmedian(found[name])), 4) for name in names if name in found}
        for kind, found in records.items()
    }


def agents_at(members: Sequence[Member], millions: float) -> dict[str, np.ndarray]:
    """What is told of members of one program after so many million turns, in their order."""
    assert len({program_of(member) for member in members}) == 1
    regime = own_regime(members[0])
    updates = regime.clock.step(members[0], millions)
    rows = HeldOut(jnp.zeros((1, 1, 1, 2), jnp.uint32), jnp.ones((1, 1)), jnp.int32(1))

    def of_member(values):
        state = train(regime, init_state(regime, values), values, jnp.uint32(0), jnp.uint32(updates), ())
        return regime.score(regime.policy(state.own, values, ()), values, rows)

    return jax.device_get(jax.jit(jax.vmap(of_member))(stack_values(members, "")))
