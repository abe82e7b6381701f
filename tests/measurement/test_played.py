"""What networks do in the game: those whose acts are known, side by side or alone, and what the references are."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.players import SCRIPTED, Tally, one_of, play_games, play_round
from mirrorjax.game.state import Action, GameParams
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.played import COLUMNS, GAMES, PARTNERS, ROUNDS, played, played_names, shares, streams_of
from mirrorjax.measurement.probe import Probe
from mirrorjax.population.members import Member, init_key, stack_values
from mirrorjax.regimes import own_regime
from mirrorjax.report.read import played as told

MEMBERS = [Member(width=4, seed=seed) for seed in range(3)]


def probes(members: list[Member], width: int = 4) -> Probe:
    """Untrained members, stacked, of a program of some width."""
    regime, values = own_regime(Member(width=width)).only("show"), stack_values(members, "")
    return Probe(regime, jax.vmap(lambda own: regime.network.init(init_key(own), own.width))(values), values)


def always(probe: Probe, act: Action) -> Probe:
    """The same networks, whose answer is one act whatever they see."""
    params = {name: jnp.zeros_like(weight) for name, weight in probe.params.items()}
    params["output_bias"] = params["output_bias"].at[:, act].set(1.0)
    return replace(probe, params=params)


@pytest.fixture(scope="module")
def of_networks():
    """A compiled function of probes: what they do in four games of 200 rounds."""
    plays = jax.jit(lambda probe, streams: played(probe, streams, 200))
    return lambda probe: plays(probe, streams_of(4))


def scripted(names: tuple[str, ...], games: int, rounds: int) -> dict[str, np.ndarray]:
    """The same of scripted players as Frog [players, partners]."""
    frogs, toads = (tuple(SCRIPTED[name] for name in each) for each in (names, PARTNERS))

    def one(state, chance, frog, toad):
        return play_round(state, chance, (one_of(frogs, frog), one_of(toads, toad)), GameParams())

    of_all = jax.vmap(jax.vmap(jax.vmap(one, (0, 0, None, None)), (0, None, None, 0)), (0, None, 0, None))
    which = jnp.arange(len(frogs)), jnp.arange(len(toads))

    @jax.jit
    def counted(streams):
        lead = len(frogs), len(toads)
        played = play_games(streams, rounds, lambda state, now: of_all(state, now, *which), GameParams(), lead)
        return shares(*played, rounds)

    return jax.tree.map(np.asarray, counted(streams_of(games)))


@pytest.mark.slow
def test_a_network_that_hops_does_what_the_player_does_that_hops(of_networks):
    found, expected = of_networks(always(probes(MEMBERS), Action.HOP)), scripted(("hop",), 4, 200)
    assert set(found) == set(COLUMNS)
    for number, partner in enumerate(PARTNERS):
        for what, values in expected.items():
            own = np.asarray(found[f"play_{partner}_{what}"])
            assert own.shape == (len(MEMBERS),)
            assert np.array_equal(own, np.full(len(MEMBERS), values[0, number]), equal_nan=True), (partner, what)
    assert 0 < expected["own"][0, 0] < 1 and expected["help"][0].max() == 0


@pytest.mark.slow
def test_a_network_that_always_helps_scores_nothing_and_feeds(of_networks):
    found = of_networks(always(probes(MEMBERS), Action.HELP))
    for partner in PARTNERS:
        assert (np.asarray(found[f"play_{partner}_help"]) == 1).all()
        assert (np.asarray(found[f"play_{partner}_own"]) == 0).all()
        starved = np.asarray(found[f"play_{partner}_help_starved"])
        assert np.all((starved == 1) | np.isnan(starved)), "of all turns at which the partner was starved, if any"


@pytest.mark.slow
def test_a_network_acts_alike_among_others(of_networks):
    """Neither what it is beside moves anything nor how wide the program is."""
    together = of_networks(probes(MEMBERS))
    for others in (probes([Member(width=4, seed=9), MEMBERS[1], MEMBERS[1]]), probes(MEMBERS, width=8)):
        found = of_networks(others)
        for name in COLUMNS:
            assert np.array_equal(together[name][1], found[name][1], equal_nan=True), name
    assert len({*np.asarray(together["play_random_own"]).tolist()}) > 1


def test_rates_of_known_counts():
    one = Tally(*(jnp.full((1, 2), number) for number in (5, 4, 3, 2, 6, 0, 0, 1, 2)))
    fed = shares(one, one, 10)
    assert float(fed["own"][0]) == float(fed["partner"][0]) == 0.5
    assert float(fed["help"][0]) == pytest.approx(0.4) and float(fed["stalled"][0]) == pytest.approx(0.6)
    assert np.isnan(fed["help_starved"]).all(), "the partner always had energy"
    starved = replace(one, partner_starved=jnp.full((1, 2), 8), helps_starved=jnp.full((1, 2), 2))
    assert float(shares(starved, one, 10)["help_starved"][0]) == 0.25


def test_names_of_who_acts_and_of_who_does_not():
    names = played_names(MEMBERS[0])
    assert names[GAMES] == frozenset(COLUMNS) and names["play_hop_own"] == {"play_hop_own"}
    brain = Member(regime="assembly")
    assert played_names(brain) == {} and not fits(played, own_regime(brain).network)


@pytest.mark.slow
def test_the_references_are_what_scripted_players_do():
    """To the last digit: numbers of games are whole, and the same on any machine."""
    found = scripted(tuple(told.SCRIPTED), 1024, ROUNDS)
    for row, (player, beside) in enumerate(told.SCRIPTED.items()):
        for column, partner in enumerate(PARTNERS):
            for what, expected in beside[partner]._asdict().items():
                value = float(np.nan_to_num(found[what][row, column]))
                assert value == pytest.approx(expected, abs=0.00051), (player, partner, what)
