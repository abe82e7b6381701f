"""Read-outs and predictions with known answers; what is trained, what is solved, and what takes no step."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.pairs import build_pairs
from mirrorjax.dataset.row import unpack_all
from mirrorjax.dataset.sources import Sources
from mirrorjax.errors import InputError
from mirrorjax.game.observation import OWN_ENERGY
from mirrorjax.game.state import WIDTH
from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.observed import observed
from mirrorjax.measurement.probe import Probe
from mirrorjax.models.base import keep
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import REGIMES, regime_of
from mirrorjax.regimes.base import World
from mirrorjax.regimes.rows.predictive import HEAD, READ_OUT
from mirrorjax.regimes.rows.read_out import PIECE, RIDGE, read_out
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule, Trainer
from mirrorjax.training.measuring import Measuring
from mirrorjax.training.memory import Layout, data_bytes, need
from mirrorjax.training.step import init_state, train
from tests.datasets import TINY, built
from tests.measurement.battery.cases import small_boards
from tests.training.cases import RATE, epochs
from tests.unlike import Residual

pytestmark = pytest.mark.usefixtures("compiled_quickly")


@pytest.fixture(scope="module")
def paired() -> Dataset:
    return replace(built(TINY), pairs=build_pairs(built(TINY), TINY))


def values_of(member: Member, dataset: Dataset) -> Any:
    return jax.tree.map(lambda x: x[0], stack_values([member], "", Sources.only(dataset)))


def world_of(regime: Any, dataset: Dataset) -> World:
    pairs = dataset.pairs and jnp.asarray(dataset.pairs.train)
    return regime.world(World(jnp.asarray(dataset.train), None, pairs, Data.of(dataset).sample))


def read_from(h: np.ndarray, y: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The read-out of units [n, N] and answers [k, N] that rows point at."""
    rows = jnp.stack([jnp.arange(h.shape[1], dtype=jnp.uint32)] * 2, axis=1)
    units, answers = jnp.asarray(h, jnp.float32), jnp.asarray(y, jnp.float32)
    found = jax.jit(read_out, static_argnums=0)(
        lambda words: (units[:, words[:, 0]], answers[:, words[:, 0]]), rows, jnp.asarray(weights, jnp.float32),
        jnp.arange(len(h)) < 5,
    )  # fmt: skip
    return np.asarray(found[0], float), np.asarray(found[1], float)


@pytest.fixture(scope="module")
def features() -> tuple[np.ndarray, np.ndarray]:
    """Six units, of which one is dead and others lie far from zero, and answers that hang on them."""
    random = np.random.default_rng(0)
    h = (
        random.normal(size=(6, 8 * PIECE)) * np.array([1, 5, 0.1, 1, 1, 0])[:, None]
        + np.array([0, 40, 0, 3, 0, 0])[:, None]
    )
    return h, random.normal(size=(4, 6)) @ h + random.normal(size=(4, h.shape[1]))


def test_the_read_out_is_least_squares_with_augmented_rows(features):
    h, y = features
    count, units = h.shape[1], 5  # of its own
    augmented = np.concatenate([h, np.ones((1, count))])
    ridge = RIDGE * (augmented**2).sum() / count / (units + 1)
    more = np.sqrt(ridge * count) * np.eye(7)[:6].T  # a row for each unit, none for the bias
    design, answers = np.concatenate([augmented, more], axis=1).T, np.concatenate([y, np.zeros((4, 6))], axis=1).T
    expected = np.linalg.lstsq(design, answers, rcond=None)[0].T
    kernel, bias = read_from(h, y, np.ones(count))
    np.testing.assert_allclose(kernel, expected[:, :6], rtol=2e-4, atol=2e-4)
    np.testing.assert_allclose(bias, expected[:, 6], rtol=2e-3, atol=2e-3)
    assert not kernel[:, 5].any(), "a dead unit has no weight"


def test_rows_without_weight_do_not_count(features):
    h, y = features
    some = np.arange(h.shape[1]) < 3 * PIECE + 7
    strange = np.where(some, h, 1e3)
    for one, other in zip(read_from(strange, y, some), read_from(h, y, some), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_a_read_out_is_no_worse_than_a_trained_head(dataset: Dataset):
    """Of the same features: mean squared error over the rows that it is fitted on."""
    taught = Member(width=8, learning_rate=1e-3)
    regime: Any = regime_of(program_of(taught))
    values = values_of(taught, dataset)
    rows = jnp.asarray(dataset.train)
    state = jax.jit(lambda: train(regime, init_state(regime, values), values, jnp.uint32(0), jnp.uint32(400), rows))()
    own = regime.policy(state.own, values, rows)
    other = regime_of(program_of(replace(taught, regime="predictive", objective="random")))
    solved = jax.jit(
        lambda own: other.policy(other.put(other.init(values), own), values, other.world(World(rows, None)).train)
    )(own)
    assert all(np.array_equal(solved[name], own[name]) for name in own if name not in READ_OUT)
    fitted = rows[:20_000]
    right = regime.targets(fitted, values.knobs)
    errors = [jnp.mean((regime.shown(each, values, fitted, keep).outputs - right) ** 2) for each in (own, solved)]
    assert errors[1] < errors[0]


def predicted(member: Member, dataset: Dataset, steps: int) -> tuple[Any, Any, Any, Any]:
    regime, values = regime_of(program_of(member)), values_of(member, dataset)
    learnt_from = world_of(regime, dataset).train
    learn = jax.jit(lambda state: train(regime, state, values, jnp.uint32(0), jnp.uint32(steps), learnt_from))
    return regime, values, learnt_from, learn(init_state(regime, values)).own


def loss_of(regime: Any, values: Any, learnt_from: Any, state: Any, words: np.ndarray) -> float:
    weights = jnp.full(len(words), 1 / len(words))
    found = jax.jit(lambda params, words: regime.predicting(params, values, words, weights, keep, learnt_from))
    return float(found(state.params, jnp.asarray(words)))


@pytest.mark.parametrize("width", [3, pytest.param(100, marks=pytest.mark.slow)])
@pytest.mark.slow
def test_principal_components_are_where_linear_networks_that_rebuild_pictures_come_to_rest(
    dataset: Dataset, width: int
):
    """What these leave is their loss; nothing, where there are as many units as numbers."""
    member = Member(regime="predictive", objective="auto", width=width, depth=1, activation="identity", l2=0.0)
    regime, values, learnt_from, _ = predicted(member, dataset, 0)
    rows = jnp.asarray(dataset.train[:4000])
    live = np.asarray(learnt_from.asked) > 0
    mean, deviation = np.asarray(learnt_from.mean)[live], np.asarray(learnt_from.deviation)[live]
    standard = (np.asarray(regime.pictures(rows, values.knobs), float)[live] - mean[:, None]) / deviation[:, None]
    offset = standard.mean(-1)
    of_variance, components = np.linalg.eigh(np.cov(standard, ddof=0))
    first, left = components[:, ::-1][:, :width], of_variance[::-1][width:].sum() / live.sum()
    size = regime.sites[-1].size
    params = {
        "hidden_1_kernel": np.zeros((size, 100)), "hidden_1_bias": np.zeros(size),
        "predicted_kernel": np.zeros((100, size)), "predicted_bias": np.zeros(100),
    }  # fmt: skip
    own = first.shape[1]
    params["hidden_1_kernel"][:own, live] = first.T / deviation
    params["hidden_1_bias"][:own] = -first.T @ (mean / deviation + offset)
    params["predicted_kernel"][live, :own] = first
    params["predicted_bias"][live] = offset
    given = {name: jnp.asarray(each, jnp.float32) for name, each in params.items()}
    weights = jnp.full(len(rows), 1 / len(rows))
    loss, slope = jax.jit(
        jax.value_and_grad(lambda given: regime.predicting(given, values, rows, weights, keep, learnt_from))
    )(given)
    assert float(loss) == pytest.approx(left, rel=1e-3, abs=1e-5)
    assert all(
        float(jnp.abs(slope[name] * jnp.asarray(live, jnp.float32)[:, None]).max()) < 1e-3
        for name in ("predicted_kernel",)
    )
    assert float(jnp.abs(slope["hidden_1_kernel"]).max()) < 0.02


@pytest.mark.slow
def test_next_foretells_the_board_alone(paired: Dataset):
    member = Member(regime="predictive", width=8, learning_rate=1e-3, l2=0.0)
    regime, values, learnt_from, _ = predicted(member, paired, 0)
    assert not np.asarray(learnt_from.asked)[2 * WIDTH :].any()
    pairs = paired.pairs
    assert pairs is not None
    pictures = np.asarray(regime.to_predict(jnp.asarray(pairs.train[:500]), values))
    later, now = unpack_all(pairs.train[:500, 2:]), unpack_all(pairs.train[:500])
    assert np.array_equal(pictures[np.asarray(later.frog_column) + WIDTH, np.arange(500)] > 0, np.ones(500))
    assert np.array_equal(pictures[:WIDTH] == 2, (pairs.train[:500, 2] >> np.arange(WIDTH)[:, None]) & 1)
    assert np.array_equal(pictures[OWN_ENERGY], np.asarray(now.energy)), "the energy is the row's own"
    more = regime_of(program_of(replace(member, predicted="board_and_energy")))
    asked = np.asarray(world_of(more, paired).train.asked) - np.asarray(learnt_from.asked)
    assert np.flatnonzero(asked).tolist() == [OWN_ENERGY]


@pytest.mark.slow
def test_numbers_are_standardised(paired: Dataset):
    """One who always says the mean has a loss of 1; what never varies is not asked for."""
    member = Member(regime="predictive", width=8, l2=0.0)
    regime, values, learnt_from, state = predicted(member, paired, 0)
    mute = replace(state, params={name: jnp.zeros_like(each) for name, each in state.params.items()})
    assert paired.pairs is not None
    assert loss_of(regime, values, learnt_from, mute, paired.pairs.train[:20_000]) == pytest.approx(1, abs=0.02)
    assert 30 < float(learnt_from.asked.sum()) <= 2 * WIDTH


@pytest.mark.slow
def test_prediction_is_learnt(paired: Dataset):
    member = Member(regime="predictive", width=17, learning_rate=1e-3, l2=0.0, dropout=0.0)
    assert paired.pairs is not None
    losses = [loss_of(*predicted(member, paired, steps), paired.pairs.validation) for steps in (0, 1500)]
    assert losses[1] < 0.9 < losses[0]


def test_what_is_trained_and_what_is_solved_are_apart(paired: Dataset):
    regime, values, learnt_from, state = predicted(Member(regime="predictive", width=8), paired, 20)
    assert not {*READ_OUT} & state.params.keys() and {*HEAD} <= state.params.keys()
    solved = jax.jit(lambda: regime.policy(state, values, learnt_from))()
    assert solved.keys() == regime.network.init(jax.random.key(0), jnp.int32(8)).keys()
    back = regime.put(state, solved | dict.fromkeys(READ_OUT, jnp.float32(0)))
    assert all(np.array_equal(back.params[name], state.params[name]) for name in state.params)


@pytest.mark.slow
def test_calibrated_measures_do_not_see_the_read_out():
    """So that the nulls of untrained networks, whose outputs are random, serve those that are read out too."""
    member = Member(width=8)
    regime = regime_of(program_of(member)).only("show")
    values = jax.tree.map(lambda x: x[0], stack_values([member], ""))
    params = regime.network.init(jax.random.key(1), values.width)
    boards = small_boards()
    measured = jax.jit(lambda params: observed(Probe(regime, params, values), boards))
    one, other = (measured(params | {"output_kernel": params["output_kernel"] * factor}) for factor in (1.0, -3.0))
    outputs_are_seen_by = {name for name in one if not np.array_equal(one[name], other[name], equal_nan=True)}
    assert outputs_are_seen_by <= {"norm_output", "rescue_accuracy", "help_unasked"}
    assert REGIMES["predictive"].initialises_as == "supervised"


@pytest.mark.slow
def test_random_takes_no_step_whatever_is_asked(dataset: Dataset):
    """And its neighbours of another objective do."""
    kinds = [Member(regime="predictive", objective=name, width=5, learning_rate=RATE) for name in ("random", "auto")]
    members = [replace(kind, seed=seed) for kind in kinds for seed in range(2)]
    layout = Layout(jax.devices()[:1], 2)
    data = Data.of(dataset, test_rows=600, validation_rows=600)
    population = Trainer(Measuring(members, data, layout.devices, 0), layout, Compiler())
    (end,) = epochs(24)
    first, last = population.run(Schedule((0.0, end)))
    assert last.records["step"].tolist() == [0, 0, 24, 24]
    assert last.records["epoch"][:2].tolist() == [0, 0] and last.records["epoch"][2] > 0
    for name in ("accuracy", "val_loss", "cmni"):
        assert np.array_equal(first.records[name][:2], last.records[name][:2])
        assert not np.array_equal(first.records[name][2:], last.records[name][2:])


def test_a_dataset_without_pairs_is_refused(dataset: Dataset):
    data = Data.of(dataset, test_rows=600, validation_rows=600)
    members = [Member(regime="predictive", width=5)]
    with pytest.raises(InputError, match=r"has rows alone; .* learns from pairs"):
        measuring = Measuring(members, data, jax.devices()[:1], 0)
        measuring.world(regime_of(program_of(members[0])))


def test_memory_is_planned_for_heads_pairs_and_read_outs():
    plain, control = Member(width=17), Member(width=17, regime="predictive")
    head = 4 * (100 * 17 + 100)
    assert need(program_of(control)).resident > need(program_of(plain)).resident + 2 * head
    wide = replace(control, width=1024, depth=1)
    assert need(program_of(wide)).block >= 4 * 4 * 1024**2
    assert data_bytes(10, 10, 10, pairs=1000) == data_bytes(10, 10, 10) + 16_000


def test_its_settings_are_refused_elsewhere_and_networks_without_a_read_out_here():
    config = Config(name="test")
    config.regime.objective = "auto"
    with pytest.raises(InputError, match=r"regime\.objective is auto: only regime=predictive looks at it"):
        validate(config)
    config.regime.name = "predictive"
    validate(config)
    program = program_of(Member(regime="predictive", width=8))
    assert REGIMES["predictive"].of(MLP(width=8), program).network == MLP(width=8)
    with pytest.raises(InputError, match="solves output_kernel and output_bias, which it lacks"):
        REGIMES["predictive"].of(Residual(width=8), program)
