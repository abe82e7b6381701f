"""What alignment does to the paper's network: 24 seeds at paper_fast's rate, 30 paper epochs. Minutes on all cores."""

from collections.abc import Iterator
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.measures import MEASURES
from mirrorjax.population.members import Member, MemberValues
from mirrorjax.regimes.descent import Learner
from mirrorjax.regimes.rows.alignment import embedded, info_nce
from mirrorjax.regimes.rows.contrastive import _OWN, _SEEN, Contrastive, is_apart, seen
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout

SEEDS, EPOCHS, BATCH = 24, 30.0, 25
KINDS: dict[str, dict[str, Any]] = {
    "watching": {"alignment": 0.0},
    "aligned": {"alignment": 0.03},
    "shuffled": {"alignment": 0.01, "positives": "shuffled"},
}

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]


def members() -> Iterator[Member]:
    for settings in KINDS.values():
        for seed in range(SEEDS):
            yield Member(regime="contrastive", seed=seed, learning_rate=4e-5, batch_size=BATCH, **settings)


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    dataset = load_or_build(DatasetSpec(), default_folder() / "datasets")
    data = Data.of(dataset, boards=boards_of(dataset, 1024, 256), test_rows=20_000, validation_rows=20_000)
    layout = Layout(jax.devices(), 16)
    return Trainer(Measuring([*members()], data, layout.devices, 0), layout, Compiler())


@pytest.fixture(scope="module")
def records(trainer: Trainer) -> dict[str, dict[str, np.ndarray]]:
    """At the end, by kind."""
    *_, last = trainer.run(Schedule((0.0, EPOCHS)))
    return {
        kind: {name: np.asarray(values)[i * SEEDS : (i + 1) * SEEDS] for name, values in last.records.items()}
        for i, kind in enumerate(KINDS)
    }


def aligned_loss(regime: Contrastive, state: Learner, values: MemberValues, words: jax.Array) -> jax.Array:
    """InfoNCE of held-out batches [batches, 25, 2]."""

    def of_batch(rows: jax.Array) -> jax.Array:
        params = regime.policy(state, values, None)
        views = [
            regime.show(params, values, regime.pictures(each, values.knobs)).units[regime.sites[-1].name]
            for each in (rows, jax.vmap(seen)(rows))
        ]
        own, other = embedded(state.params[_OWN], views[0]), embedded(state.params[_SEEN], views[1])
        apart = jax.vmap(is_apart)(rows).astype(jnp.float32)
        return info_nce(own, other, values.temperature, apart / apart.sum())

    return jax.lax.map(of_batch, words).mean()


def test_alignment_costs_rescues(records):
    rescue = {kind: float(np.median(found["recall_help_rescue"])) for kind, found in records.items()}
    print({kind: {n: round(float(np.median(found[n])), 4) for n in ("accuracy", "recall_help_rescue", "rescue_accuracy",
          "recall_help_edge", "ssi", "mni_star", "cos_frog_toad", "seat_cka", "seat_recall")}
          for kind, found in records.items()})  # fmt: skip
    assert rescue["aligned"] < rescue["watching"] / 2


def test_edge_help_is_learnt_whatever_is_aligned(records):
    for kind, found in records.items():
        assert np.median(found["recall_help_edge"]) >= 0.99, kind


def test_shuffled_positives_are_a_pull_that_says_nothing(records):
    """Within one standard deviation over seeds of watching alone, on every measure."""
    watching, shuffled = records["watching"], records["shuffled"]
    numbers = [name for name in watching if name in MEASURES and MEASURES[name].kind not in ("key", "count")]
    off = {}
    for name in numbers:
        spread = watching[name].std(ddof=1)
        moved = abs(shuffled[name].mean() - watching[name].mean())
        if np.isfinite(moved) and moved > spread:
            off[name] = (float(moved), float(spread))
    assert len(numbers) > 30 and off == {}


def test_own_and_seen_views_find_each_other(trainer: Trainer, records):
    """InfoNCE on held-out batches: well below ln 25 where they are aligned, near it where positives are shuffled."""
    words = jnp.asarray(trainer.measuring.data.dataset.validation[: 200 * BATCH].reshape(200, BATCH, 2))
    levels = np.full(len(trainer.members), np.nan)
    for runner in trainer.runners:
        of_all = jax.vmap(
            jax.vmap(lambda s, v, regime=runner.regime: aligned_loss(cast(Contrastive, regime), s, v, words))
        )
        levels[runner.part.members] = runner.by_member(jax.jit(of_all)(runner.state.own, runner.values))
    median = {kind: float(np.median(levels[i * SEEDS : (i + 1) * SEEDS])) for i, kind in enumerate(KINDS)}
    print(median)
    assert median["aligned"] < 0.8 * np.log(BATCH)
    assert median["shuffled"] > median["aligned"]
