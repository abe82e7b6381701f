"""Ablation, patching and circuits of hand-made networks, whose causes are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.matched import CONDITIONS, matched_boards
from mirrorjax.game.state import Action
from mirrorjax.measurement.battery import ablation as ablated
from mirrorjax.measurement.battery import patching as patched
from mirrorjax.measurement.battery.ablation import named
from mirrorjax.measurement.battery.boards import task_rows
from mirrorjax.measurement.battery.circuits import (
    KINDS,
    dominant_output,
    hub_drive,
    kinds_of_hubs,
    mirror_edges,
    paths,
    shares,
)
from mirrorjax.measurement.probe import Probe
from mirrorjax.measurement.stream import TRUTHS
from mirrorjax.models.mlp import MLP
from tests.datasets import FEW_TEST_ROWS, built
from tests.measurement.battery.cases import untrained
from tests.networks import probe_of

NAMES = list(CONDITIONS)
PLAYERS = 32
MIRROR, TOAD, FROG, QUIET = range(4)

# compiled whole: operation by operation a test waits ten times as long, most of it for the compiler
ablation, patching = jax.jit(ablated.ablation), jax.jit(patched.patching)
random_sets = jax.jit(ablated.random_sets, static_argnums=2)


@pytest.fixture(scope="module")
def holdout() -> np.ndarray:
    return built(FEW_TEST_ROWS).holdout


@pytest.fixture(scope="module")
def boards(holdout: np.ndarray) -> dict[str, jax.Array]:
    """Rescue boards with Toad left of column 26, so that a unit may know by the column who it is."""
    found = matched_boards(holdout, 400, rescue=True)
    left = (found.words[:, 1] >> 5 & 31) < 26
    pictures = found.pictures[:, :, left].astype(np.float32)
    return {name: jnp.asarray(pictures[NAMES.index(name)]) for name in ("x0", "xF", "xT")}


def network(to_hub: list[float], hub_to: dict[Action, float], hub_bias: float = 0.0) -> Probe:
    """First layer: a mirror unit (any player's 9), a Toad unit, a Frog unit, a quiet one; second: one hub.

    The sum of the players' cells is 9 with nobody in distress, 14 with Frog and 13 with Toad.
    """
    first, bias = np.zeros((4, 100)), np.zeros(4)
    everywhere, lefts, rights = slice(PLAYERS, PLAYERS + 32), slice(PLAYERS, PLAYERS + 26), slice(PLAYERS + 26, 64)
    for unit, cells, quiet in ((MIRROR, everywhere, 9), (TOAD, lefts, 5), (FROG, rights, 4)):
        first[unit, cells], bias[unit] = 1, -quiet
    bias[QUIET] = 1.0
    second, output = np.zeros((4, 4)), np.zeros((4, 4))
    second[0] = to_hub
    for action, weight in hub_to.items():
        output[action, 0] = weight
    arrays = {
        "hidden_1_kernel": first, "hidden_1_bias": bias,
        "hidden_2_kernel": second, "hidden_2_bias": np.array([hub_bias, 0, 0, 0]),
        "output_kernel": output, "output_bias": np.array([0.5, 0.4, 0.3, 0.0]),
    }  # fmt: skip
    return probe_of({name: jnp.asarray(value, jnp.float32) for name, value in arrays.items()}, MLP(width=4, depth=2))


def units(*which: int) -> np.ndarray:
    return np.asarray([unit in which for unit in range(8)])


def test_a_channel_that_does_not_ask_whose_distress_it_is(boards):
    """Help by the mirror unit alone: 4 for Toad's 9 in place of 5, 5 for Frog's in place of 4."""
    probe = network([1, 0, 0, 0], {Action.HELP: 1.0})
    found = {name: float(v) for name, v in patching(probe, boards, units(MIRROR)).items()}
    assert found["sufficiency"] == pytest.approx(1) and found["necessity"] == pytest.approx(1)
    assert found["tr"] == pytest.approx(5 / 4) == found["tr_low"] == found["tr_high"]


def test_a_channel_of_the_partners_distress_is_not_the_mirror_units(boards):
    probe = network([0, 1, 0, 0], {Action.HELP: 1.0})
    of_mirror = patching(probe, boards, units(MIRROR))
    assert all(np.isnan(float(of_mirror[name])) for name in ("tr", "tr_low", "tr_high"))
    assert float(of_mirror["sufficiency"]) == pytest.approx(0, abs=1e-6)
    of_toad = patching(probe, boards, units(TOAD))
    assert float(of_toad["sufficiency"]) == pytest.approx(1) and float(of_toad["tr"]) == pytest.approx(0, abs=1e-6)


def test_no_units_no_ratio(boards):
    found = patching(network([1, 0, 0, 0], {Action.HELP: 1.0}), boards, units())
    assert all(np.isnan(float(value)) for value in found.values())


def test_ablation_takes_what_hangs_on_the_set_and_nothing_else(holdout: np.ndarray):
    """Help where the Toad unit says so. Rows with Toad in distress are called rescue here, and quiet ones hop."""
    found = matched_boards(holdout, 400, rescue=True)
    toad = found.words[:, 1] >> 5 & 31
    quiet = found.words[toad < 26]
    distressed = quiet.copy()
    distressed[:, 0] |= np.uint32(1) << toad[toad < 26].astype(np.uint32)
    rows = task_rows(
        np.concatenate([quiet, distressed]),
        np.repeat([TRUTHS.index("hop"), TRUTHS.index("help_rescue")], len(quiet)),
        of_each=len(quiet),
    )
    probe = network([0, 1, 0, 0], {Action.HELP: 1.0})
    sets = {"toad_only": units(TOAD), "mirror": units(MIRROR), "frog_only": units()}
    alive = jnp.asarray([True] * 4 + [False] * 4)
    order = jnp.asarray([0.0, 3.0, 1.0, 2.0, 9.0, 9.0, 9.0, 9.0], jnp.float32)
    columns = ablation(probe, rows, sets, alive, order)
    arrays = {name: np.asarray(value) for name, value in columns.items()}
    values = {name: value[0] for name, value in named({n: a[None] for n, a in arrays.items()}, sorted(sets)).items()}
    assert values["intact_help_rescue"] == 1 and values["intact_hop"] == 1 and np.isnan(values["intact_leap"])
    # the mean over both kinds of rows is 2: help (2 > .5) everywhere, so what is lost is the hops
    assert values["ablate_toad_only_mean_help_rescue"] == 0 and values["ablate_toad_only_mean_hop"] == -1
    assert values["ablate_toad_only_resample_help_rescue"] < -0.9
    assert values["ablate_mirror_mean_help_rescue"] == 0 and values["ablate_mirror_resample_hop"] == 0
    assert np.isnan(values["ablate_frog_only_mean_hop"])
    assert values["ablate_random_toad_only_mean_hop"] == 0, "the others carry nothing"
    curve = arrays["cumulative"][:, TRUTHS.index("hop")]
    assert curve.tolist() == [1, 0, 0, 0, 0], "the first one that is ablated is the one that matters"


def test_random_sets_have_the_size_and_are_others():
    among = jnp.asarray([True] * 6 + [False] * 2)
    sets = np.asarray(random_sets(units(0, 1), among, 50))
    assert (sets.sum(-1) == 2).all() and not sets[:, 6:].any() and not sets[:, :2].any()
    assert len(np.unique(sets, axis=0)) > 3


@pytest.mark.parametrize("seed", range(5))
def test_paths_sum_to_the_change_of_the_outputs(seed: int, boards):
    large = MLP(width=17, depth=2)
    probe = probe_of(untrained(large, seed), large)
    before, after = (_shown(probe, boards[name]) for name in ("x0", "xT"))
    change = (np.asarray(after.outputs) - np.asarray(before.outputs)).mean(-1)
    assert np.abs(change).max() > 0.05
    assert np.allclose(np.asarray(jax.jit(paths)(probe, before, after)).sum((0, 1)), change, atol=1e-4)


_shown = jax.jit(Probe.show)


def test_the_published_hub_takes_a_quarter_from_mirror_units():
    """Tables 4 and 10: weights into L2N1 times Toad's effect on N3, N9, N11, N12, N13; N9 and N11 differentiate."""
    weights, effect = [0.0549, 0.0870, 0.0304, 0.0141, 0.0145], [0.03516, 0.05389, 0.06562, 0.01528, 0.01645]
    drive = jnp.asarray(np.multiply(weights, effect)[:, None], jnp.float32)
    mirror = jnp.asarray([True, False, False, True, True])
    assert float(shares(drive, mirror)[0]) == pytest.approx(0.26, abs=0.005)
    assert float(shares(drive, ~mirror)[0]) == pytest.approx(0.74, abs=0.005)


def hub_of(probe: Probe, boards, leap_lost: float = 0.0) -> str:
    """The kind of the hub of a network."""
    return KINDS[int(_kind(probe, boards, leap_lost))]


@jax.jit
def _kind(probe: Probe, boards, leap_lost: float) -> jax.Array:
    at = {name: probe.show(pictures) for name, pictures in boards.items()}
    own, other = (hub_drive(probe, paths(probe, at["x0"], at[name])) for name in ("xF", "xT"))
    mirror, toad = (jnp.arange(4) == unit for unit in (MIRROR, TOAD))
    columns = {
        **{"share_mirror_frog": shares(own, mirror), "share_mirror": shares(other, mirror)},
        **{"share_toad": shares(other, toad), "leap_lost": jnp.full(4, leap_lost, jnp.float32)},
        "help_moved_by_mirror": mirror_edges(probe, at["x0"], at["xT"], mirror),
    }
    return kinds_of_hubs(dominant_output(probe), columns)[0]


@pytest.mark.parametrize(
    ("to_hub", "hub_to", "leap_lost", "kind"),
    [
        ([1, 0, 0, 0], {Action.LEAP: 1.0}, 0.3, "self-preservation"),
        ([1, 0, 0, 0], {Action.LEAP: 1.0}, 0.0, "none"),
        ([0, 0, 1, 0], {Action.LEAP: 1.0}, 0.3, "none"),
        ([0, 1, 0, 0], {Action.HELP: 1.0}, 0.0, "tactical help"),
        ([1, 1, 0, 0], {Action.HELP: 1.0}, 0.0, "empathy-influenced help"),
        ([1, 1, 0, 0], {Action.HOP: 1.0}, 0.0, "none"),
    ],
)
def test_circuits_are_those_that_were_planted(to_hub, hub_to, leap_lost, kind, boards):
    assert hub_of(network(to_hub, hub_to), boards, leap_lost) == kind
