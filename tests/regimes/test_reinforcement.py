"""A member that learns by playing: the same among others as alone, and what is measured is what plays."""

from dataclasses import replace
from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.game.players import SCRIPTED
from mirrorjax.game.state import Actor, GameParams
from mirrorjax.models.beside import parted
from mirrorjax.population.members import Member, identity, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import own_regime
from mirrorjax.regimes.base import HeldOut
from mirrorjax.regimes.players.frozen import freeze
from mirrorjax.regimes.players.reinforcement import Reinforcement
from mirrorjax.regimes.players.rollouts import played
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config
from mirrorjax.training.step import init_state, train

pytestmark = pytest.mark.usefixtures("compiled_quickly")
KIND = Member(regime="reinforcement", width=5, learning_rate=1e-3, parallel_games=4, horizon=8, partner="self")


def regime_of(member: Member) -> Reinforcement:
    return cast(Reinforcement, own_regime(member))


REGIME = regime_of(KIND)


@jax.jit
def learnt(values):
    """Members after two updates."""

    def of_member(values):
        return train(REGIME, init_state(REGIME, values), values, jnp.uint32(0), jnp.uint32(2), ()).own

    return jax.vmap(of_member)(values)


def trained(members: list[Member]):
    values = stack_values(members, "")
    return values, jax.device_get(learnt(values))


def members_of(number: int) -> list[Member]:
    """Sharing, entropy and discount differ from member to member of one program."""
    kinds = [{"reward_sharing": seed % 3 / 2, "discount": (0.9, 0.99)[seed % 2]} for seed in range(number)]
    return [replace(KIND, seed=seed, entropy_bonus=seed / 1e3, **kind) for seed, kind in enumerate(kinds)]


@pytest.fixture(scope="module")
def sixteen():
    return trained(members_of(16))


def same_at(together, place: int, other, at: int) -> None:
    """The same acts, in the same games, and all that is learnt to 1e-5."""
    for one, two in zip(jax.tree.leaves(together.games), jax.tree.leaves(other.games), strict=True):
        assert np.array_equal(one[place], two[at]), "an act differs"
    for one, two in zip(jax.tree.leaves(together.learner), jax.tree.leaves(other.learner), strict=True):
        np.testing.assert_allclose(one[place], two[at], rtol=1e-5, atol=1e-5)


def test_a_learner_among_others_is_the_same_as_alone(sixteen):
    """A block of which one alone is a member is filled with it."""
    members, (_, together) = members_of(16), sixteen
    assert len({program_of(member) for member in members}) == 1
    _, alone = trained([members[7]] * 16)
    same_at(together, 7, alone, 3)
    first = jax.tree.leaves(together.games)[0]
    assert len({each.tobytes() for each in first}) == 16 and together.updates.tolist() == [2] * 16


@pytest.mark.slow
@pytest.mark.nightly
def test_so_is_one_among_256():
    members = members_of(256)
    (_, together), (_, alone) = trained(members), trained([members[200]])
    same_at(together, 200, alone, 0)


@pytest.fixture(scope="module")
def learner(sixteen):
    """One after two updates, with its values."""
    return jax.tree.map(lambda x: jnp.asarray(x[5]), sixteen)


def test_what_was_likely_when_it_was_done_is_what_is_learnt_from(learner):
    values, own = learner
    regime = REGIME
    actor = own.params["actor"]

    @jax.jit
    def decided(own):
        logits = partial(regime._logits, actor, values)
        _, rollout = played(logits, regime.table, own.games, regime.horizon)
        decisions = regime.decisions(own.params, values, rollout)
        return decisions, jax.nn.log_softmax(jax.vmap(logits)(decisions.seen))

    decisions, log_probs = decided(own)
    taken = np.take_along_axis(np.asarray(log_probs), np.asarray(decisions.action)[:, None], 1)[:, 0]
    np.testing.assert_allclose(decisions.log_prob, taken, atol=1e-6)
    assert decisions.weight.shape == (2 * 4 * 8,) == decisions.value.shape
    assert decisions.weight[:32].all() and decisions.weight[32:].reshape(8, 4)[-1].sum() == 0


@pytest.mark.parametrize("encoding", ["ordinal", "one_hot"])
def test_the_network_that_is_measured_is_the_one_that_plays(encoding: str):
    """Inputs are scaled in training only: its first kernel is folded, to the bit, and goes back."""
    member = replace(KIND, encoding=encoding)
    regime, values = regime_of(member), jax.tree.map(lambda x: x[0], stack_values([member], ""))
    state = jax.jit(lambda values: init_state(regime, values))(values).own
    views = jnp.asarray(np.random.default_rng(0).integers(0, 10, (8, 100)), jnp.int32)

    @jax.jit
    def both(state):
        params = regime.policy(state, values, ())
        shown = regime.show(params, values, views.astype(jnp.float32).T).outputs
        playing = jax.vmap(partial(regime._logits, state.params["actor"], values))(views.astype(jnp.int8)).T
        return shown, playing, regime.answer(shown), regime.put(state, params).params["actor"]

    shown, playing, answers, back = jax.device_get(both(state))
    assert np.abs(shown - playing).max() < 1e-6 < np.abs(shown).max() and np.allclose(answers.sum(0), 1)
    assert all(np.array_equal(back[name], value) for name, value in state.params["actor"].items())


@pytest.mark.slow
def test_what_is_told_of_a_player_whose_acts_are_known(learner):
    """Two who hop whatever they see score in the first rounds, and nothing after; nulls play no games."""
    values, own = learner
    params = {name: jnp.zeros_like(value) for name, value in REGIME.policy(own, values, ()).items()}
    params["output_bias"] = jnp.asarray([50.0, 0, 0, 0])
    rows = HeldOut(jnp.zeros((1, 1, 1, 2), jnp.uint32), jnp.ones((1, 1)), jnp.int32(1))
    score = jax.jit(lambda held: REGIME.score(params, values, held))
    played, nobody = (jax.device_get(score(replace(rows, pieces=jnp.int32(pieces)))) for pieces in (1, 0))
    assert len(nobody) == 13 and all(np.isnan(each) for each in nobody.values())
    assert played["return_own"] == pytest.approx(0.298 * 512 / 768, abs=0.03), "as in 512 rounds of the scripted ones"
    assert played["return_own"] == pytest.approx(played["return_partner"], abs=0.01)
    for name in ("return_own", "return_partner", "help_share", "help_given_starved", "stalls"):
        assert played[f"{name}_greedy"] == played[name] and (played[name] == 0 or name.startswith("return"))
    assert played["excess_error"] == pytest.approx(1), "it is the best constant answer"
    told = REGIME.told(own)
    assert told.keys() == {"entropy", "kl"} and 0 < float(told["entropy"]) <= np.log(4)


def test_its_game_is_part_of_its_program_and_of_nobody_elses():
    assert program_of(replace(KIND, scroll=0.0)) != program_of(KIND)
    assert program_of(replace(KIND, scroll=0.0, regime="supervised", partner="random")) == program_of(
        replace(KIND, regime="supervised", partner="random")
    )
    regime = regime_of(replace(KIND, scroll=0.25, fly_probability=0.0, obstacle_width=2))
    assert regime.table.params == GameParams(scroll=0.25, fly_probability=0.0, obstacle_width_max=2)
    assert regime.clock.time(KIND, 1000) == 0.064 and regime.clock.step(KIND, 0.064) == 1000


def test_what_cannot_be_learnt_so_is_refused():
    with pytest.raises(InputError, match=r"regime.minibatches is 65; allowed: at most the 64 decisions"):
        Reinforcement.of(REGIME.network, replace(program_of(replace(KIND, minibatches=65))))
    config = Config(name="test")
    config.regime.partner = "hop"
    with pytest.raises(InputError, match=r"regime.partner is hop: only regime=reinforcement looks at it"):
        validate(config)


def test_a_frozen_partner_plays_and_is_part_of_who_one_is():
    member_id = "00000000000000aa"
    freeze(member_id, SCRIPTED["greedy"])
    beside = [replace(KIND, partner="greedy"), replace(KIND, partner="frozen", partner_member=member_id)]
    assert regime_of(beside[1]).table.players(SCRIPTED["hop"]) == (SCRIPTED["hop"], SCRIPTED["greedy"])
    assert str(regime_of(beside[1])).endswith(f"beside frozen {member_id}")
    ids = {identity(member, "") for member in (*beside, replace(beside[1], partner_member="00000000000000ab"))}
    assert len(ids) == 3


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"partner": "frozen"}, "0 of regime.partner_member and regime.partner_results are given"),
        ({"partner": "frozen", "partner_member": "0" * 16}, "1 of regime"),
        ({"partner_member": "0" * 16, "partner_results": "results"}, "no member has regime.partner frozen"),
        ({"partner": "frozen", "partner_member": "abc", "partner_results": "r"}, "the 16 hex digits of a member_id"),
    ],
)
def test_a_frozen_partner_has_to_be_named(given: dict, why: str):
    config = Config()
    with pytest.raises(InputError, match=why):
        validate(replace(config, regime=replace(config.regime, name="reinforcement", epochs=1, **given)))


@pytest.mark.slow
@pytest.mark.nightly
def test_two_who_learn_apart_are_two_and_are_kept_as_one():
    member = replace(KIND, policies="apart")
    regime, values = regime_of(member), jax.tree.map(lambda each: each[0], stack_values([member], ""))

    @jax.jit
    def learnt(values):
        begun = init_state(regime, values)
        own = train(regime, begun, values, jnp.uint32(0), jnp.uint32(2), ()).own
        _, rollout = played(lambda seen: seen[:4].astype(jnp.float32), regime.table, own.games, regime.horizon)
        seats = [regime.decisions(own.params, values, rollout, seat) for seat in (Actor.FROG, Actor.TOAD, None)]
        return begun.own, own, seats, regime.policy(own, values, ()), regime.put(own, regime.policy(own, values, ()))

    begun, own, (frog, toad, both), policy, again = jax.device_get(learnt(values))
    for learner, before in ((own.learner, begun.learner), (own.other, begun.other)):
        assert not np.array_equal(learner.params["actor"]["hidden_1_kernel"], before.params["actor"]["hidden_1_kernel"])
    first, second = parted(policy)
    assert first.keys() == second.keys() and not np.array_equal(first["hidden_1_kernel"], second["hidden_1_kernel"])
    assert all(map(np.array_equal, jax.tree.leaves(again), jax.tree.leaves(own)))
    for one, two, all_ in zip(*map(jax.tree.leaves, (frog, toad, both)), strict=True):
        assert np.array_equal(np.concatenate([one, two]), all_), "each learns of its own seat, and of nothing else"
    shapes = jax.eval_shape(lambda: regime.network.init(jax.random.key(0), values.width))
    assert {name: each.shape for name, each in shapes.items()} == {name: each.shape for name, each in policy.items()}


def test_policies_are_apart_only_where_both_seats_learn():
    config = Config()
    asked = replace(config.regime, name="reinforcement", epochs=1, policies="apart")
    with pytest.raises(InputError, match="policies is apart: there is nobody else to learn beside partner random"):
        validate(replace(config, regime=asked))
    alone, apart = (regime_of(replace(KIND, policies=each)) for each in ("shared", "apart"))
    assert (alone.apart, apart.apart) == (False, True) and apart.sites == alone.sites
    assert getattr(apart.network, "input_kernel") == getattr(alone.network, "input_kernel")  # noqa: B009
    with pytest.raises(InputError, match="at most the 32 decisions"):
        regime_of(replace(KIND, policies="apart", minibatches=33))


def test_a_member_begins_with_games_of_its_own_number_and_flies():
    values = jax.tree.map(lambda each: each[0], stack_values([KIND], ""))
    shape = jax.eval_shape(REGIME.begins_as().init, values)
    assert shape == jax.eval_shape(REGIME.init, values)
    without = regime_of(replace(KIND, fly_probability=0.0, scroll=0.5)).begins_as()
    assert without.table.params == GameParams(fly_probability=0.0), "scroll begins no other game"
    usual = regime_of(replace(KIND, parallel_games=64))
    assert usual.begins_as() == usual.only("show"), "one program for all of them"
