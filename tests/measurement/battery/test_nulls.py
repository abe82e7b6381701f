"""Nulls: z of known numbers, raw CMNI at other norms without measuring anew, and verdicts."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.nulls import (
    FIRST_SEED,
    PATTERNS,
    RAW,
    SCALE_FREE,
    Null,
    Nulls,
    architecture_of,
    null_members,
    summary,
)
from mirrorjax.population.members import Member
from mirrorjax.regimes import REGIMES
from mirrorjax.regimes.supervised import Supervised
from mirrorjax.training.data import Data
from mirrorjax.training.loop import Schedule
from mirrorjax.training.memory import Layout
from mirrorjax.training.untrained import NullSettings, null_files, nulls_of, untrained_records
from tests.measurement.battery.cases import small_boards
from tests.training.cases import BLOCK, population_of, small_dataset

ARCHITECTURE = architecture_of(Member(width=4, depth=1))


def null(seeds: int = 200) -> Null:
    random = np.random.default_rng(0)
    columns = {name: random.normal(2, 3, seeds) for name in (*SCALE_FREE, *RAW)}
    columns |= {
        name: random.uniform(1, 2, seeds) for name in ("mne_layer_1", "mne_output", "norm_layer_1", "norm_output")
    }
    return Null(ARCHITECTURE, columns)


def records(members: int = 3, **given: float) -> dict[str, np.ndarray]:
    columns = dict.fromkeys((*SCALE_FREE, *RAW, "mne_layer_1", "mne_output", "norm_layer_1", "norm_output"), 1.0)
    return {name: np.full(members, value) for name, value in (columns | given).items()}


def test_z_counts_deviations_from_the_mean():
    one = null()
    mean, spread = one.columns["ssi"].mean(), one.columns["ssi"].std()
    assert one.z(records(ssi=mean + 2 * spread))["ssi_z"] == pytest.approx([2, 2, 2])
    never = Null(ARCHITECTURE, {**one.columns, "ssi": np.zeros(200)})
    assert np.isnan(never.z(records())["ssi_z"]).all(), "a null of one value has no deviation"


def test_who_has_no_cmni_has_no_null_of_it():
    """Units of either sign: the other measures have theirs."""
    signed = {"ssi": np.arange(10.0), "ssi_last": np.arange(10.0)}
    one = Null(ARCHITECTURE, signed)
    assert one.z({name: np.ones(3) for name in signed}).keys() == {"ssi_z", "ssi_last_z"}
    assert summary({ARCHITECTURE: one})["measure"] == ["ssi", "ssi_last"]


def test_raw_cmni_is_compared_at_the_members_own_norms():
    """As if every null network's layers had been rescaled to them."""
    one, own = null(), records(norm_layer_1=5.0, norm_output=0.5)
    first = one.columns["mne_layer_1"] * 5.0 / one.columns["norm_layer_1"]
    outputs = one.columns["mne_output"] * (5.0 / one.columns["norm_layer_1"]) * (0.5 / one.columns["norm_output"])
    whole, hidden = (first + outputs) / 8, first / 4
    found = one.z(own)
    assert found["cmni_z"] == pytest.approx([(1 - whole.mean()) / whole.std()] * 3)
    assert found["cmni_hidden_z"] == pytest.approx([(1 - hidden.mean()) / hidden.std()] * 3)


@pytest.mark.slow
def test_at_other_norms_without_measuring_anew():
    """The moments at given norms are those of networks that were rescaled to these norms, and measured."""
    members, data = [Member(seed=seed, width=5) for seed in range(6)], Data.of(small_dataset(), boards=small_boards())
    norms = {"hidden_1_kernel": 21.0, "hidden_2_kernel": 1.5, "output_kernel": 4.0}

    def change(params):
        return params | {name: params[name] * norm / jnp.linalg.norm(params[name]) for name, norm in norms.items()}

    layout = Layout(jax.devices()[:1], BLOCK)
    plain = untrained_records(members, data, layout)
    changed = untrained_records(members, data, layout, change=change)
    one = {name: changed[name][:1] for name in ("norm_layer_1", "norm_layer_2", "norm_output")}
    assert [float(value[0]) for value in one.values()] == pytest.approx([21.0, 1.5, 4.0])
    found = Null(architecture_of(members[0]), plain)
    for name in RAW:
        mean, spread = found.rescaled_moments(name, one)
        assert (mean[0], spread[0]) == pytest.approx((changed[name].mean(), changed[name].std()), rel=1e-4)
        assert mean[0] > 2 * plain[name].mean()
    for name in SCALE_FREE:
        assert changed[name] == pytest.approx(plain[name], rel=1e-3, abs=1e-4), name


@pytest.mark.slow
def test_nulls_are_measured_once_and_kept(tmp_path, monkeypatch: pytest.MonkeyPatch):
    members = [Member(width=5), Member(width=5, seed=3, learning_rate=1e-4), Member(width=8)]
    settings, data = NullSettings(6, 512, 128, None), Data.of(small_dataset(), boards=small_boards())
    told: list[str] = []
    setup = members, settings, tmp_path, data, Layout(jax.devices()[:1], BLOCK)
    first = nulls_of(*setup, on_measure=told.append)
    assert told == ["measuring 6 untrained networks of 2×5, 2×8, for nulls"]
    assert len(first.by_architecture) == 2, "a null is of the architecture, not of the rate"
    files = null_files(members, settings, data.dataset.content_hash, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(files.values())
    monkeypatch.delattr("mirrorjax.training.untrained.Placement")
    again = nulls_of(*setup, on_measure=told.append)
    assert len(told) == 1
    for one, other in zip(first.by_architecture.values(), again.by_architecture.values(), strict=True):
        assert one.columns.keys() == other.columns.keys()
        assert all(np.array_equal(one.columns[name], other.columns[name]) for name in one.columns)


@pytest.mark.slow
def test_nulls_compile_nothing_that_the_population_has_compiled(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """However many there are of either; and what they know nothing of, losses, is not made up."""
    monkeypatch.setattr(
        "mirrorjax.training.programs.observed", lambda probe, boards: {"ssi": probe.values.width.astype("float32")}
    )
    members = [Member(width=3, depth=1, seed=seed) for seed in range(BLOCK + 1)]
    population = population_of(members, boards=small_boards(), causes_seeds=0, compiler=Compiler())
    list(population.run(Schedule((0.0,))))
    told: list[tuple[str, int, int]] = []
    found = nulls_of(
        *(members, NullSettings(5 * BLOCK, 512, 128, 600), tmp_path, population.measuring.data),
        Layout(jax.devices()[:1], BLOCK),
        trainer=population,
        on_block=lambda *block: told.append(block),
    )
    assert [name for (name, _), *_ in population.compiler.programs] == ["init", "measure", "battery"]
    assert told == [(name, done, 5) for name in ("measure", "battery") for done in range(1, 6)]
    (null_,) = found.by_architecture.values()
    assert null_.columns["ssi"].tolist() == [3.0] * 5 * BLOCK
    assert len(set(null_.columns["cmni"])) > BLOCK and "val_loss" not in null_.columns


def test_regimes_that_start_alike_share_their_nulls(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """The supervised ones' files stay where they were."""
    alike = type("Alike", (Supervised,), {})
    apart = type("Apart", (Supervised,), {"initialises_as": "apart"})
    monkeypatch.setattr("mirrorjax.measurement.battery.nulls.REGIMES", REGIMES | {"alike": alike, "apart": apart})
    settings = NullSettings(6, 512, 128, None)
    members = [Member(), *(replace(Member(), regime=name) for name in ("alike", "apart"))]
    usual, one, other = (next(iter(null_files([member], settings, "a", tmp_path).items())) for member in members)
    assert usual == one
    assert usual[1].name == "null-b3ac684a21898217.npz"
    assert other[1] != usual[1] and other[0].regime == "apart"
    null_of = Nulls(members, {usual[0]: null(), other[0]: null()})
    assert list(null_of.places.values()) == [[0, 1], [2]]


def test_nulls_are_other_networks_than_members():
    seeds = {member.seed for member in null_members(ARCHITECTURE, 10)}
    assert seeds == set(range(FIRST_SEED, FIRST_SEED + 10))


def test_of_two_chances_the_larger_is_held_against_its_own():
    one = null()
    assert np.mean(one.pattern(one.columns) > one.pattern_quantile) == pytest.approx(0.01)
    assert one.pattern_quantile > max((one.quantile(name) - mean) / spread
                                      for name, (mean, spread) in one.moments.items() if name in PATTERNS)  # fmt: skip


@pytest.mark.parametrize("name", PATTERNS)
def test_a_verdict_takes_all_three(name: str):
    one = null()
    mean, spread = one.moments[name]
    beyond = mean + spread * (one.pattern_quantile + 0.1)
    yes = {name: beyond, "tr_low": 0.2, "rescue_accuracy": 0.9, "help_unasked": 0.1, "units_mirror_1": 2.0}
    members = [ARCHITECTURE] * 6
    rows = records(6, **yes)
    rows[name][1], rows["tr_low"][2], rows["tr_low"][3], rows["rescue_accuracy"][4] = 0.0, -0.1, np.nan, 0.1
    rows["units_mirror_1"][5] = np.nan
    found = Nulls(members, {ARCHITECTURE: one}).calibrated(rows)["mirror"]
    assert found[:5].tolist() == [1, 0, 0, 0, 0] and np.isnan(found[5]), "nobody asked the last one"
    assert "mirror" not in Nulls(members, {ARCHITECTURE: one}).calibrated(
        {k: v for k, v in rows.items() if k != "tr_low"}
    )


def test_members_are_held_against_their_own_architecture():
    other = architecture_of(Member(width=6, depth=1))
    low, high = null(), null()
    high = Null(other, {**high.columns, "ssi": high.columns["ssi"] + 100})
    found = Nulls([ARCHITECTURE, other, ARCHITECTURE], {ARCHITECTURE: low, other: high}).calibrated(records())
    assert found["ssi_z"][0] == found["ssi_z"][2] > found["ssi_z"][1] + 10


def test_the_summary_has_a_row_for_each_measure():
    table = summary({ARCHITECTURE: null()})
    assert len(table["measure"]) == len(SCALE_FREE) + len(RAW) and set(table["seeds"]) == {200}
    row = table["measure"].index("ssi")
    assert table["q01"][row] < table["q05"][row] < table["q50"][row] < table["q95"][row] < table["q99"][row]
    assert table["mean"][row] == pytest.approx(null().columns["ssi"].mean())
