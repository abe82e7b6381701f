"""What brains see of the game: who is in distress and where, told of rows and pictures alike; and what then fires."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.matched import CONDITIONS, matched_boards
from mirrorjax.dataset.row import picture, unpack, unpack_all
from mirrorjax.errors import InputError
from mirrorjax.machine.compiler import Compiler
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.randomness import substream
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.brains.boards import _READ, FEWEST, OnBoards, Repertoire, feelings, placed, repertoire
from mirrorjax.regimes.brains.brain import as_mask, fired, run
from mirrorjax.regimes.brains.contexts import CONTEXTS, FEATURES, SITUATIONS, context_of, number_of, of_picture, of_row
from mirrorjax.regimes.brains.empathy import JOIN, READING, at_rest, born, identities, stimuli
from mirrorjax.regimes.brains.persons import AmongPersons
from mirrorjax.testing import check_regime
from mirrorjax.training.loop import Schedule
from tests.measurement.battery.cases import small_boards
from tests.training.cases import population_of, small_dataset

N, K = 220, 24
STREAM = (jnp.uint32(3), jnp.uint32(8))
VEIL = jnp.float32(0.5)


@pytest.mark.slow
def test_a_board_is_told_by_who_is_in_distress():
    boards = matched_boards(small_dataset().holdout, 128)
    told = jax.jit(jax.vmap(jax.vmap(of_picture, in_axes=-1)))(jnp.asarray(boards.pictures, jnp.int32))[0]
    each = zip(CONDITIONS, np.asarray(told), strict=True)
    names = {name: {SITUATIONS[place] for place in set(row.tolist())} for name, row in each}
    assert names["x0"] == names["xO0"] == {("", "calm")}
    assert names["xF"] == names["xFT"] == {("frog", "distress")}  # oneself is looked at first
    assert names["xT"] == {("toad", "distress")}
    assert names["xO"] == {("object", "distress")}


def test_rows_and_their_pictures_are_in_one_context():
    rows = jnp.asarray(small_dataset().train[:400])

    @jax.jit
    @jax.vmap
    def both(words):
        row = unpack(words)
        situation, context = of_picture(picture(row))
        in_view = jnp.where(situation == 1, row.toad_column, row.frog_column)
        return situation, context, number_of(of_row(words, in_view))

    all_three = map(np.asarray, both(rows))
    row = unpack_all(np.asarray(rows))  # of two in distress the picture does not say who is who
    clear = ((row.ground >> row.frog_column) & (row.ground >> row.toad_column) & 1) == 0
    situation, of_pictures, of_rows = (each[clear] for each in all_three)
    np.testing.assert_array_equal(of_pictures, of_rows)
    assert len(set(of_rows.tolist())) > 100
    assert set(situation.tolist()) == {0, 1, 3}  # no row has a token


def test_contexts_are_counted():
    numbers = jnp.arange(CONTEXTS, dtype=jnp.int32)
    back = jax.jit(jax.vmap(lambda number: number_of(context_of(number))))(numbers)
    np.testing.assert_array_equal(back, numbers)
    assert CONTEXTS == 288 and list(FEATURES.values()) == [2, 2, 4, 3, 6]


def test_a_share_of_the_neurons_tells_of_the_context():
    """c = ¼ of 24: the first 18 of the person, and 6 that differ where a feature does."""
    who = fired(identities(VEIL, K)["object"])
    one, other = (
        placed(who, jnp.array(context), jnp.float32(0.25), K) for context in ([0, 1, 2, 0, 5], [0, 1, 3, 0, 5])
    )
    masks = [np.asarray(as_mask(each, N)) for each in (one, other)]
    assert masks[0].sum() == masks[1].sum() == K
    np.testing.assert_array_equal(np.flatnonzero(masks[0])[:18], 2 * K + np.arange(18))
    assert np.flatnonzero(masks[0])[18:].tolist() == [3 * K + 6 * j + v for j, v in enumerate([0, 1, 2, 0, 5, 0])]
    assert np.abs(masks[0] - masks[1]).sum() == 2  # the quarter is told by one of six


@jax.jit
def _known(shares: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Repertoires by context share; and what fires for Toad's distress out of any context."""
    fibres = born(STREAM, N)
    known = jax.lax.map(lambda share: repertoire(fibres, VEIL, share, STREAM, K), shares)
    shown = stimuli(jnp.int32(1), jnp.int32(0), VEIL, K)
    draws = substream(STREAM, jnp.uint32(_READ))
    firing = run(fibres, {**shown, **at_rest(K)}, JOIN, 0.0, draws, READING, learns=False)[1]
    return known, as_mask(firing["mix"], N)


@pytest.fixture(scope="module")
def known() -> tuple[jax.Array, jax.Array]:
    return _known(jnp.array([0.0, 0.5]))


@pytest.mark.slow
def test_what_fires_for_a_picture_is_what_its_stimulus_does(known):
    """At c = 0 that is the stimulus of a person and a feeling, as without boards."""
    (nowhere, _), alone = known
    assert (nowhere == nowhere[:, :1]).all()
    boards = jnp.asarray(matched_boards(small_dataset().holdout, 16).pictures, jnp.float32)
    params = {"mix": jnp.zeros((6, N), jnp.uint8), "completion": jnp.float32(0), "repertoire": nowhere}
    seen = jax.jit(Repertoire(N).run)(params, boards[list(CONDITIONS).index("xT")])
    assert seen.outputs.shape == (0, 16)
    np.testing.assert_array_equal(seen.units["mix"], np.tile(alone[:, None], 16))


def test_where_somebody_stands_is_seen(known):
    fires = np.unpackbits(np.asarray(known[0][1]), axis=-1, count=N)
    assert fires.sum(-1).max() == fires.sum(-1)[:3].min() == K
    assert (fires[:3, 0] != fires[:3, -1]).any(-1).all()


def test_stimuli_say_which_regime_it_is():
    persons, boards = (regime_of(program_of(Member(regime="assembly", stimuli=each))) for each in ("persons", "boards"))
    assert type(persons) is AmongPersons and persons.needs == ()
    assert type(boards) is OnBoards and boards.needs == ("boards",)
    assert feelings(jnp.int32(1), 3).neurons.tolist() == [3, 4, 5]


def test_a_sheet_that_holds_no_contexts_is_refused():
    with pytest.raises(InputError, match=f"regime.neurons is {FEWEST - 1}; allowed where regime.stimuli=boards"):
        OnBoards(FEWEST - 1)


@pytest.mark.slow
@pytest.mark.acceptance
@pytest.mark.usefixtures("compiled_quickly")
def test_it_keeps_its_contract():
    regime: Any = OnBoards(FEWEST)
    check_regime(lambda width: regime)


@pytest.mark.slow
@pytest.mark.usefixtures("compiled_quickly")
@pytest.mark.nightly
def test_brains_are_measured_on_matched_boards():
    """What asks for acts, for levels of units or for rows is not there; a unit that fires at no board is dead."""
    members = [Member(regime="assembly", stimuli="boards", neurons=FEWEST, dose=dose) for dose in (1.0, 1.25)]
    population = population_of(members, boards=small_boards(), compiler=Compiler(), causes_seeds=1)
    first, last = population.run(Schedule((0.0, 6.0), units_at=(6.0,)))
    assert {"ssi", "d_prime_mni", "cross_decoding_social", "soo_cos", "empathy"} <= first.records.keys()
    assert not {"cmni", "accuracy", "tr", "rescue_accuracy", "cka", "val_loss"} & last.records.keys()
    alive = (1 - last.records["dead_fraction"]) * FEWEST
    of_classes = sum(value for name, value in last.records.items() if name.startswith("units_"))
    np.testing.assert_allclose(of_classes, alive, atol=1e-3)
    assert last.records["unique_units"][1] < last.records["unique_units"][0]  # an assembly is few neurons
    assert last.units is None or not len(last.units)
