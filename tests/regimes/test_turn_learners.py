"""Two who learn to play with each other: a recurrent network is learnt back through the rounds that it played."""

from dataclasses import replace
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn

from mirrorjax.errors import InputError
from mirrorjax.game.env import EPISODE
from mirrorjax.game.observation import view
from mirrorjax.game.rollout import new_game
from mirrorjax.game.state import GameParams, Symbol
from mirrorjax.models.gru import GRU
from mirrorjax.population.members import Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.randomness import stream_from_key
from mirrorjax.regimes import own_regime
from mirrorjax.regimes.base import HeldOut
from mirrorjax.regimes.players.rollouts import played_on
from mirrorjax.regimes.players.turn_learners import TurnLearners, heeded
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config
from mirrorjax.training.step import init_state, train

pytestmark = pytest.mark.usefixtures("compiled_quickly")
KIND = Member(
    regime="turn_learners", model="gru", width=5, learning_rate=1e-2, parallel_games=4, horizon=6, fly_probability=0.0
)


def test_a_gated_unit_is_that_of_flax():
    """The same equations: Flax's cell with these parameters, over two steps; a reset gate is before the bias."""
    network = GRU(width=3, inputs=5)
    params = jax.jit(network.init)(jax.random.key(0), jnp.int32(3))
    params["memory_bias"], params["input_bias"] = jnp.asarray([0.3, -0.2, 0.1]), jnp.linspace(-1, 1, 9).reshape(3, 3)
    drives, recalls = ("ir", "iz", "in"), ("hr", "hz", "hn")
    given = {
        name: {"kernel": params["input_kernel"][gate].T, "bias": params["input_bias"][gate]}
        for gate, name in enumerate(drives)
    }
    given |= {name: {"kernel": params["memory_kernel"][gate].T} for gate, name in enumerate(recalls)}
    given["hn"]["bias"] = params["memory_bias"]
    inputs = jax.random.normal(jax.random.key(1), (2, 5))

    @jax.jit
    def both(inputs):
        ours = theirs = jnp.zeros(3)
        for each in inputs:
            ours = network.remember(params, ours, network.drive(params, each))
            theirs, _ = nn.GRUCell(3).apply({"params": given}, theirs, each)
        return ours, theirs

    ours, theirs = jax.device_get(both(inputs))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.abs(ours).max() > 0.1


@pytest.fixture(scope="module")
def played():
    """One before its first update whose weights to the acts are large, and what it and its decisions were."""
    regime = cast(TurnLearners, own_regime(KIND))
    values = jax.tree.map(lambda x: x[0], stack_values([KIND], ""))

    @jax.jit
    def both(values):
        state = regime.init(values)
        state.params["actor"]["output_kernel"] *= 300
        games = replace(state.games, round=jnp.asarray([EPISODE - 2, 5, EPISODE - 6, 0], jnp.uint32))
        minds = regime._minds(state.params["actor"], values, values.coupling, regime._in_training)
        _, memories, rollout = played_on(minds, regime.table.params, games, state.memories, regime.horizon)
        decisions = regime.decisions(state.params, values, rollout)
        cut = jax.tree.map(lambda each: each, decisions)
        cut.seen["fresh"] = jnp.zeros_like(cut.seen["fresh"])
        again = jax.vmap(lambda params, seen: regime._evaluate(values, params, seen)[0])(state.params, cut.seen)
        return rollout, decisions, memories, again

    return jax.device_get(both(values))


@pytest.mark.slow
def test_what_is_learnt_from_is_what_was_remembered(played):
    """Memories at the end of a rollout are those that its decisions are learnt back through, cut where it was cut."""
    rollout, decisions, memories, again = played
    assert rollout.truncated.T.argmax(1).tolist() == [1, 0, 5, 0] and rollout.truncated.sum() == 2
    assert decisions.seen["seen"].shape == (2, 4, 6, 105) and decisions.action.shape == (2, 4, 6)
    assert np.isfinite(decisions.log_prob).all() and decisions.weight[0].all()
    assert decisions.weight[1].sum() == 4 * 6 - 4 - 1, "Toad's last one of each, and of the episode that was cut"
    taken = np.take_along_axis(np.array(jax.nn.log_softmax(again, axis=1)), decisions.action.reshape(2, 1, 24), 1)
    differ = np.abs(taken.reshape(2, 4, 6) - decisions.log_prob).max((0, 2)) > 1e-4
    assert differ.tolist() == [True, False, False, False], "but for the reset it would be another answer"
    assert (np.abs(memories[0][0]) > 1e-3).any(), "they remember"


def test_what_is_compiled_for_its_start_is_its_start():
    """As many games, and no flies in them; what is merely shown need not know of either."""
    regime = own_regime(KIND)
    values = jax.tree.map(lambda x: x[0], stack_values([KIND], ""))
    start = own_regime(replace(KIND, horizon=9, scroll=0.5)).begins_as()
    assert start == regime.begins_as() and start.table.params == GameParams(fly_probability=0.0)
    assert jax.eval_shape(start.init, values) == jax.eval_shape(regime.init, values)
    assert regime.only("show") == own_regime(replace(KIND, parallel_games=9)).only("show")


def test_an_act_is_heard_once():
    """The picture of a partner that has just helped tells its letter alone; what is heard tells the act."""

    @jax.jit
    def shown(stream):
        state = new_game(stream, GameParams())
        state = replace(state, toad=replace(state.toad, symbol=jnp.int32(Symbol.HELP)))
        return view(state, state.actor), heeded(((), jnp.int32(3)), state), heeded(((), jnp.int32(-1)), state)

    plain, seen, nothing = map(np.asarray, shown(stream_from_key(jax.random.key(0))))
    assert plain[32 + 16] == Symbol.HELP and seen[32 + 16] == Symbol.TOAD
    assert seen[100:].tolist() == [0, 0, 0, 1, 20] and nothing[100:].tolist() == [0] * 4 + [20]
    assert (np.delete(seen[:100], 48) == np.delete(plain, 48)).all()


@pytest.mark.slow
@pytest.mark.nightly
def test_one_among_others_is_the_same_as_alone_and_is_told_of_all_gains():
    members = [replace(KIND, seed=seed, coupling=seed / 2, reward_sharing=seed / 4) for seed in range(4)]
    assert len({program_of(member) for member in members}) == 1
    regime = own_regime(members[0])
    rows = HeldOut(jnp.zeros((1, 1, 1, 2), jnp.uint32), jnp.ones((1, 1)), jnp.int32(1))

    @jax.jit
    def learnt(values):
        def of_member(values):
            state = train(regime, init_state(regime, values), values, jnp.uint32(0), jnp.uint32(3), ())
            params = regime.policy(state.own, values, ())
            back = regime.put(state.own, params)
            return state.own, regime.score(params, values, rows), back.params

        return jax.vmap(of_member)(values)

    (together, told, back), (alone, _, _) = (learnt(stack_values(each, "")) for each in (members, [members[2]] * 4))
    for one, two in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
        np.testing.assert_allclose(one[2], two[0], rtol=1e-5, atol=1e-5)
    assert all(np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (together.params, back)), strict=True))
    frog, toad = together.params["actor"]["memory_kernel"][0]
    assert np.abs(frog - toad).max() > 0.1, "two networks"
    assert told["pair_score"][0] == told["pair_score_deaf"][0], "of who learnt deaf the own gain is 0"
    assert told["pair_score"][3] != told["pair_score_loud"][3] and told["excess_error"].shape == (4,)


def test_what_cannot_be_learnt_so_is_refused():
    with pytest.raises(InputError, match=r"regime.minibatches is 5; allowed: at most the 4 games"):
        own_regime(replace(KIND, minibatches=5))
    config = Config(name="test")
    config.regime.knows = "told"
    with pytest.raises(InputError, match=r"regime.knows is told: only regime=cirl_learner looks at it"):
        validate(config)
    config.regime.knows, config.regime.coupling = "belief", 2.0
    with pytest.raises(InputError, match=r"only regime=turn_taking or turn_learners looks at it"):
        validate(config)
