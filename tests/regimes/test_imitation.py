"""What is watched, equality with `supervised` in the knob's place, and the measures of both seats by hand."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import ENERGY_PROBABILITIES, Dataset
from mirrorjax.dataset.knobs import Knobs, target
from mirrorjax.dataset.oracle import LABELS
from mirrorjax.dataset.row import ENERGIES, features, unpack_all
from mirrorjax.dataset.sources import Sources
from mirrorjax.errors import InputError
from mirrorjax.game.observation import OWN_ENERGY
from mirrorjax.game.state import WIDTH
from mirrorjax.job.assemble import check_regime
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import knobs_of, regime_of
from mirrorjax.regimes.base import held_out
from mirrorjax.regimes.rows.watching import ByWatching, watching
from mirrorjax.regimes.seats import seen
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config
from mirrorjax.training.step import init_state, train

STEPS = 200
SUPERVISED = Member(width=8, learning_rate=1e-3)


@pytest.fixture(scope="module")
def rows(dataset: Dataset) -> jax.Array:
    return jnp.asarray(dataset.test[:2000])


def values_of(member: Member, dataset: Dataset, **changed: float) -> MemberValues:
    values = jax.tree.map(lambda x: x[0], stack_values([member], "", Sources.only(dataset)))
    return replace(values, **{name: jnp.float32(value) for name, value in changed.items()})


def watcher(**settings: object) -> ByWatching:
    regime = regime_of(program_of(replace(SUPERVISED, regime="imitation", **settings)))
    assert isinstance(regime, ByWatching)
    return regime


def shown(regime: ByWatching, rows: jax.Array, knobs: Knobs) -> tuple[np.ndarray, np.ndarray]:
    """Pictures and right answers."""
    both = jax.jit(lambda words: (regime.pictures(words, knobs), regime.targets(words, knobs)))(rows)
    return np.asarray(both[0]), np.asarray(both[1])


def knobs_at(share: float, dataset: Dataset, **settings: float) -> Knobs:
    return watching(values_of(replace(SUPERVISED, **settings), dataset), share).knobs


@pytest.fixture(scope="module")
def plain(rows: jax.Array, dataset: Dataset) -> dict[str, np.ndarray]:
    """Rows and their exchange as the paper shows them; the right answers of both seats."""
    toads = jax.jit(jax.vmap(target, in_axes=(0, None), out_axes=-1))
    return {
        "own": np.asarray(jax.vmap(features, out_axes=-1)(rows)),
        "exchanged": np.asarray(jax.vmap(features, out_axes=-1)(jax.vmap(seen)(rows))),
        "frogs": np.asarray(toads(rows, knobs_at(0.0, dataset))),
        "toads": np.asarray(toads(rows, knobs_at(1.0, dataset))),
    }


def test_as_played_toad_is_watched_where_it_stands(rows: jax.Array, dataset: Dataset, plain):
    pictures, answers = shown(watcher(watch="as_played"), rows, knobs_at(1.0, dataset))
    np.testing.assert_array_equal(pictures, plain["own"])
    np.testing.assert_array_equal(answers, plain["toads"])
    assert (plain["toads"] != plain["frogs"]).any()


def test_swapped_it_is_watched_where_oneself_may_stand(rows: jax.Array, dataset: Dataset, plain):
    pictures, answers = shown(watcher(), rows, knobs_at(1.0, dataset))
    np.testing.assert_array_equal(pictures, plain["exchanged"])
    np.testing.assert_array_equal(answers, plain["frogs"])


@pytest.mark.parametrize("watch", ["swapped", "as_played"])
def test_the_share_is_of_rows(rows: jax.Array, dataset: Dataset, plain, watch: str):
    pictures, _ = shown(watcher(watch=watch), rows, knobs_at(0.0, dataset))
    np.testing.assert_array_equal(pictures, plain["own"])
    pictures, answers = shown(watcher(watch=watch), rows, knobs_at(0.25, dataset))
    other, others = ("exchanged", "frogs") if watch == "swapped" else ("own", "toads")
    moved = (pictures != plain["own"]).any(0) | (answers != plain["frogs"]).any(0)
    could = (plain[other] != plain["own"]).any(0) | (plain[others] != plain["frogs"]).any(0)
    assert moved.sum() / could.sum() == pytest.approx(0.25, abs=0.05)
    np.testing.assert_array_equal(pictures[:, moved], plain[other][:, moved])


def test_ones_own_energy_says_nothing_of_the_watched_one(rows: jax.Array, dataset: Dataset, plain):
    pictures, answers = shown(watcher(energy="own"), rows, knobs_at(1.0, dataset))
    rest = np.delete(pictures, OWN_ENERGY, axis=0)
    np.testing.assert_array_equal(rest, np.delete(plain["exchanged"], OWN_ENERGY, axis=0))
    np.testing.assert_array_equal(answers, plain["frogs"])
    energy, jump = pictures[OWN_ENERGY], answers.argmax(0) == LABELS.index("jump")
    assert abs(np.corrcoef(energy, jump)[0, 1]) < 0.1
    for level, share in zip(ENERGIES, ENERGY_PROBABILITIES, strict=True):
        assert (energy == level).mean() == pytest.approx(share, abs=0.05)


def test_hidden_letters_are_those_of_the_knob(rows: jax.Array, dataset: Dataset):
    pictures, _ = shown(watcher(), rows, knobs_at(1.0, dataset, veil_symbol=1.0))
    assert set(np.unique(pictures[WIDTH : 2 * WIDTH])) == {0, 4.5, 9}


def trained(regime, values: MemberValues, dataset: Dataset) -> dict[str, np.ndarray]:
    train_rows = jnp.asarray(dataset.train)
    state = jax.jit(partial(train, regime))(
        init_state(regime, values), values, jnp.uint32(0), jnp.uint32(STEPS), train_rows
    )
    assert bool(state.alive)
    return jax.device_get(regime.policy(state.own, values, train_rows))


@pytest.mark.slow
def test_half_and_half_is_the_veil_of_roles(dataset: Dataset):
    veiled = replace(SUPERVISED, veil_role=1.0)
    known = trained(regime_of(program_of(veiled)), values_of(veiled, dataset), dataset)
    found = trained(watcher(watch="as_played"), values_of(veiled, dataset, watched_share=0.5), dataset)
    for name, value in known.items():
        np.testing.assert_array_equal(found[name], value)


@pytest.mark.slow
def test_where_nobody_is_watched_it_is_supervised(dataset: Dataset):
    known = trained(regime_of(program_of(SUPERVISED)), values_of(SUPERVISED, dataset), dataset)
    found = trained(watcher(), values_of(SUPERVISED, dataset, watched_share=0.0), dataset)
    for name, value in known.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("watch", ["swapped", "as_played"])
def test_measures_of_both_seats(dataset: Dataset, watch: str):
    """Of a network that always helps."""
    regime, rows = watcher(watch=watch), dataset.validation[:1000]
    values = values_of(replace(SUPERVISED, regime="imitation"), dataset)
    params = jax.tree.map(jnp.zeros_like, regime.policy(regime.init(values), values, None))
    bias = next(name for name in params if name.startswith("output") and params[name].ndim == 1)
    params[bias] = params[bias].at[LABELS.index("help")].set(1.0)
    found = {name: float(each) for name, each in jax.jit(regime.score)(params, values, held_out(128, rows)).items()}
    answers = jax.jit(jax.vmap(target, in_axes=(0, None)))
    frogs, toads = (np.asarray(answers(rows, knobs_at(share, dataset))).argmax(-1) for share in (0.0, 1.0))
    watched = frogs if watch == "swapped" else toads
    energy = np.asarray(ENERGIES)[np.asarray(unpack_all(rows).energy_index)]
    live, helps = energy > 0, LABELS.index("help")
    np.testing.assert_array_equal(live, frogs != LABELS.index("jump"))
    known = {
        "accuracy_watched": (watched == helps).mean(),
        "accuracy_watched_live": (watched == helps)[live].mean(),
        "recall_help_watched": 1.0,
        "accuracy_own_live": (frogs == helps)[live].mean(),
        "accuracy_own_veiled": (frogs == helps).mean(),
        "seats_agree_live": (frogs == toads)[live].mean(),
    }
    assert {name: found[name] for name in known} == pytest.approx(known, abs=1e-5)
    assert np.isnan(found["transfer"]), "helping is no better than the best constant"
    wrong = np.eye(len(LABELS))[watched] - np.eye(len(LABELS))[helps]
    assert found["squared_error"] == pytest.approx((wrong**2).sum() / len(LABELS), rel=1e-4)


def test_a_watchers_rows_are_as_hard_as_those_of_the_veil():
    as_played = Member(regime="imitation", watch="as_played", watched_share=0.5)
    assert knobs_of(as_played) == knobs_of(Member(veil_role=1.0))
    assert knobs_of(Member(regime="imitation", watched_share=0.5)) == knobs_of(Member())


def test_the_knob_that_the_share_replaces_is_refused():
    config = Config(name="test")
    config.regime.name = "imitation"
    check_regime(config)
    config.regime.veil_role = 0.5
    validate(config)
    with pytest.raises(InputError, match=r"regime\.veil_role is 0\.5: regime=imitation does not look at it; allowed"):
        check_regime(config)
    config.regime.name = "supervised"
    check_regime(config)
