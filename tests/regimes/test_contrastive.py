"""Exchanged rows, equality with `supervised` where nothing is aligned, and what is kept of a network."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.knobs import target
from mirrorjax.dataset.row import features, unpack
from mirrorjax.dataset.sources import Sources
from mirrorjax.errors import InputError
from mirrorjax.game.state import WIDTH
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.base import Regime
from mirrorjax.regimes.rows.contrastive import HEADS, Contrastive, is_apart, seen
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config
from mirrorjax.training.step import TrainState, init_state, train

pytestmark = pytest.mark.usefixtures("compiled_quickly")
STEPS = 200
SETTINGS = {"width": 8, "learning_rate": 1e-3, "encoding": "ordinal"}


@pytest.fixture(scope="module")
def rows(dataset: Dataset) -> jax.Array:
    return jnp.asarray(dataset.test[:2000])


_seen = jax.jit(jax.vmap(seen))


def test_an_exchange_puts_the_other_in_ones_place(rows: jax.Array):
    pictures, others = (jax.jit(jax.vmap(features))(each) for each in (rows, _seen(rows)))
    own, other = (np.asarray(each)[:, WIDTH : 2 * WIDTH] for each in (pictures, others))
    symbols, apart = jax.jit(jax.vmap(lambda words: (unpack(words).toad_symbol, is_apart(words))))(rows)
    letters = np.isin(symbols, [5, 9]) & np.asarray(apart)
    exchanged = np.select([own == 4, own == 5], [5, 4], own)
    np.testing.assert_array_equal(other[letters], exchanged[letters])
    rest = np.delete(np.asarray(pictures), np.s_[WIDTH : 2 * WIDTH], axis=1)
    np.testing.assert_array_equal(np.delete(np.asarray(others), np.s_[WIDTH : 2 * WIDTH], axis=1), rest)
    twice = _seen(_seen(rows))
    np.testing.assert_array_equal(np.asarray(twice)[letters], np.asarray(rows)[letters])


def test_what_is_right_for_the_other_is_its_own_answer_in_ones_place(rows: jax.Array):
    values = stack_values([Member(veil_role=2.0)], "")
    knobs = jax.tree.map(lambda x: np.asarray(x)[0], values.knobs)  # all rows are the other's seat
    right = jax.jit(jax.vmap(target, in_axes=(0, None)))
    paper = jax.tree.map(lambda x: np.asarray(x)[0], stack_values([Member()], "").knobs)
    np.testing.assert_array_equal(right(_seen(rows), paper), right(rows, knobs))


def _trained(member: Member, dataset: Dataset, **changed: float) -> dict[str, np.ndarray]:
    """Weights after STEPS, of a member with the streams of an equal supervised one."""
    regime = regime_of(program_of(member))
    same = replace(member, regime="supervised", alignment=0.0, observe=1.0, positives="same", encoder="shared")
    values = jax.tree.map(lambda x: np.asarray(x)[0], stack_values([same], "", Sources.only(dataset)))
    values = replace(values, **{name: jnp.float32(value) for name, value in changed.items()})
    rows = jnp.asarray(dataset.train)
    state = _learnt(regime, values, rows)
    assert bool(state.alive)
    return jax.device_get(regime.policy(state.own, values, rows))


@partial(jax.jit, static_argnums=0)
def _learnt(regime: Regime, values: MemberValues, rows: jax.Array) -> TrainState:
    return train(regime, init_state(regime, values), values, jnp.uint32(0), jnp.uint32(STEPS), rows)


@pytest.fixture(scope="module")
def supervised(dataset: Dataset) -> dict[str, np.ndarray]:
    return _trained(Member(**SETTINGS), dataset)


@pytest.mark.slow
def test_where_nothing_is_aligned_or_watched_it_is_supervised(supervised, dataset: Dataset):
    found = _trained(Member(**SETTINGS, regime="contrastive"), dataset, alignment=0.0, observe=0.0)
    assert found.keys() == supervised.keys()
    assert not set(HEADS) & found.keys()
    for name, value in supervised.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6)


@pytest.mark.slow
def test_alignment_and_watching_move_the_network(supervised, dataset: Dataset):
    watched = _trained(Member(**SETTINGS, regime="contrastive"), dataset, alignment=0.0, observe=1.0)
    aligned = _trained(Member(**SETTINGS, regime="contrastive"), dataset, alignment=0.1, observe=0.0)
    shuffled = _trained(
        Member(**SETTINGS, regime="contrastive", positives="shuffled"), dataset, alignment=0.1, observe=0.0
    )
    kernels = [each["hidden_2_kernel"] for each in (supervised, watched, aligned, shuffled)]
    for number, one in enumerate(kernels):
        for other in kernels[:number]:
            assert np.abs(one - other).max() > 1e-3


@pytest.mark.slow
def test_a_watcher_of_its_own_teaches_the_executor_by_alignment_alone(supervised, dataset: Dataset):
    apart = Member(**SETTINGS, regime="contrastive", encoder="apart", positives="act")
    watched = _trained(apart, dataset, alignment=0.0, observe=1.0)
    assert watched.keys() == supervised.keys()
    for name, value in supervised.items():
        np.testing.assert_allclose(watched[name], value, atol=1e-6)
    aligned = _trained(apart, dataset, alignment=0.1, observe=1.0)
    assert np.abs(aligned["hidden_2_kernel"] - supervised["hidden_2_kernel"]).max() > 1e-3


def test_neither_heads_nor_a_watcher_decay_or_are_measured(dataset: Dataset):
    member = Member(**SETTINGS, regime="contrastive", encoder="apart")
    regime, values = regime_of(program_of(member)), jax.tree.map(lambda x: np.asarray(x)[0], stack_values([member], ""))
    assert isinstance(regime, Contrastive)
    state = jax.jit(regime.init)(values)
    params = state.params
    plain = jax.jit(regime_of(program_of(Member(**SETTINGS))).init)(values).params
    assert {"watcher_hidden_1_kernel", *HEADS} < params.keys()
    policy = regime.policy(state, values, None)
    assert policy.keys() == plain.keys()
    assert np.abs(params["watcher_hidden_1_kernel"] - params["hidden_1_kernel"]).max() > 0.1
    decays = jax.jit(jax.grad(regime.penalty))(params)
    moved = {name for name, slope in decays.items() if np.asarray(slope).any()}
    assert moved == {"hidden_1_kernel", "hidden_2_kernel"}


def test_its_settings_are_refused_elsewhere():
    config = Config(name="test")
    config.regime.alignment = 0.1
    with pytest.raises(InputError, match=r"regime\.alignment is 0\.1: only regime=contrastive looks at it"):
        validate(config)
    config.regime.name = "contrastive"
    validate(config)
