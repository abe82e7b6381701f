"""Networks that never learnt to act beside the paper's: 24 seeds at paper_fast's rate, 30 paper epochs. Minutes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import DatasetSpec
from mirrorjax.dataset.cache import default_folder, load_or_build
from mirrorjax.dataset.pairs import with_pairs
from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.boards import boards_of
from mirrorjax.models.base import keep
from mirrorjax.population.members import Member
from mirrorjax.regimes.rows.predictive import Rebuilding
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import NullSettings, nulls_of

SEEDS, EPOCHS, HELD = 24, 30.0, 20_000
KINDS: dict[str, dict[str, Any]] = {
    "supervised": {},
    "random": {"regime": "predictive", "objective": "random", "l2": 0.0},
    "auto": {"regime": "predictive", "objective": "auto", "l2": 0.0},
    "next": {"regime": "predictive", "objective": "next", "l2": 0.0},
}
SHOWN = (
    "accuracy", "accuracy_live", "recall_help_edge", "recall_help_rescue", "rescue_accuracy", "d_prime_mni", "mni_star",
    "ssi", "ssi_last", "cross_decoding", "cross_decoding_social", "soo_cos", "units_mirror_1", "units_toad_only_1",
    "ssi_z", "mni_star_z", "mirror",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.acceptance]


def members() -> Iterator[Member]:
    for settings in KINDS.values():
        for seed in range(SEEDS):
            yield Member(seed=seed, learning_rate=4e-5, **settings)


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    spec, folder = DatasetSpec(), default_folder() / "datasets"
    dataset = with_pairs(load_or_build(spec, folder), spec, folder)
    data = Data.of(dataset, boards=boards_of(dataset, 1024, 256), test_rows=20_000, validation_rows=HELD)
    layout = Layout(jax.devices(), 8)
    return Trainer(Measuring([*members()], data, layout.devices), layout, Compiler())


@pytest.fixture(scope="module")
def records(trainer: Trainer) -> dict[str, dict[str, np.ndarray]]:
    """At the end, by kind, with z and verdicts."""
    *_, last = trainer.run(Schedule((0.0, EPOCHS), units_at=(EPOCHS,)))
    measuring, layout = trainer.measuring, Layout(jax.devices(), 8)
    settings = NullSettings(1000, 1024, 256, 20_000)
    given = trainer.members, settings, default_folder() / "nulls", measuring.data, layout
    found = last.records | nulls_of(*given, trainer=trainer).calibrated(last.records)
    by_kind = {
        kind: {name: np.asarray(values)[i * SEEDS : (i + 1) * SEEDS] for name, values in found.items()}
        for i, kind in enumerate(KINDS)
    }
    for kind, own in by_kind.items():
        print(kind, {name: round(float(np.nanmedian(np.asarray(own[name], float))), 4) for name in SHOWN})
        print(
            kind,
            "called mirror networks:",
            int(np.nansum(own["mirror"])),
            "by code:",
            int(np.nansum(own["mirror_code"])),
        )
    return by_kind


def losses(trainer: Trainer) -> dict[str, np.ndarray]:
    """Of prediction, on what is held out, by kind; 1 for who says the mean."""
    found, dataset = np.full(len(trainer.members), np.nan), trainer.measuring.data.dataset
    assert dataset.pairs is not None
    for runner in trainer.runners:
        if not isinstance(regime := runner.regime, Rebuilding):
            continue
        held = dataset.pairs.validation if "pairs" in regime.needs else dataset.validation
        words, shared = jnp.asarray(held[:HELD]), trainer.measuring.world(regime).train
        weights = jnp.full(HELD, 1 / HELD)

        @jax.jit
        def of_all(state: Any, values: Any, regime=regime, words=words, shared=shared, weights=weights) -> jax.Array:
            def one(each: tuple) -> jax.Array:
                plain = replace(each[1], l2=jnp.float32(0))
                return regime.predicting(each[0].params, plain, words, weights, keep, shared)

            return jax.lax.map(jax.vmap(one), (state.own, values))

        found[runner.part.members] = runner.by_member(of_all(runner.state, runner.values))
    return {kind: found[i * SEEDS : (i + 1) * SEEDS] for i, kind in enumerate(KINDS)}


def test_networks_as_they_were_made_have_nothing(records):
    own = records["random"]
    assert np.median(own["rescue_accuracy"]) < 0.05 and np.median(own["recall_help_rescue"]) < 0.05
    assert abs(np.median(own["cross_decoding_social"])) < 0.06
    assert abs(np.mean(own["ssi_z"])) < 2
    assert np.median(own["units_mirror_1"]) == 0


@pytest.mark.xfail(strict=True, reason="specified, and not met: 11 of 24 have one or two (docs/regimes.md)")
def test_nine_in_ten_of_them_have_no_mirror_unit(records):
    assert np.mean(records["random"]["units_mirror_1"] == 0) >= 0.9


@pytest.mark.parametrize("kind", ["auto", "next"])
def test_prediction_is_learnt_and_help_can_be_read_out(trainer: Trainer, records, kind: str):
    loss = losses(trainer)[kind]
    print(kind, "loss, held out:", float(np.median(loss)))
    assert np.median(loss) < 0.8
    assert np.median(records[kind]["recall_help_edge"]) > 0.6
    assert 0.1 <= np.median(records[kind]["rescue_accuracy"]) <= 0.35
    assert 0.1 <= np.median(records[kind]["recall_help_rescue"]) <= 0.35


def test_an_index_without_any_policy_is_above_the_policies(records):
    """MNI* of `next`; what it does not reach is the policies' d′-MNI, and cross-decoding beyond the object's."""
    foretold, taught = records["next"], records["supervised"]
    assert np.median(foretold["mni_star"]) > np.median(taught["mni_star"])
    assert np.median(foretold["d_prime_mni"]) < np.median(taught["d_prime_mni"])
    assert np.median(foretold["cross_decoding_social"]) < np.median(taught["cross_decoding_social"])
