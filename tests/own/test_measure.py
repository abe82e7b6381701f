"""What is measured of somebody's network: known answers, and what a measure must not see."""

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

import mirrorjax
from mirrorjax.errors import InputError
from mirrorjax.own.found import Findings
from tests.own.cases import SOME, effects, planted

pytestmark = pytest.mark.usefixtures("compiled_quickly")
QUICK: dict[str, Any] = {"draws": 39}


@pytest.fixture(scope="module")
def found() -> Findings:
    made = planted(effects(conditions=(*SOME, "both")), sites=("h1", "h2"))
    made["none"]["h2"], made["self"]["h2"] = (made[name]["h2"] - 9 for name in ("none", "self"))
    made |= {name: {**made[name], "h2": made[name]["h2"] - 9} for name in made if name not in ("none", "self")}
    return mirrorjax.measure(made, **QUICK)


def test_planted_mirror_units_are_found(found: Findings):
    assert [found.counts[name][0] for name in ("h1", "h2")] == [4, 4]
    assert found.classes["h1"][:4].tolist() == ["mirror"] * 4 and set(found.classes["h1"][4:36]) == {"none"}
    row = found.value("h1", "mirror_units")
    assert row.p_rows < 1e-6 and row.p_sites == pytest.approx(2 * row.p_rows, rel=1) and row.value == 4
    assert found.value("h1", "mirror_units_matched").p_rows < 1e-3 and found.value("h1", "tipping").value > 2
    assert found.value("h1", "strength_self").value == pytest.approx(1, abs=0.25)
    ssi = found.value("h1", "ssi_unbiased")
    assert ssi.low < 1 < ssi.high and ssi.low > 0.7 and ssi.p_roles <= 0.05
    assert found.value("h1", "additivity").low < 1 < found.value("h1", "additivity").high
    assert found.value("h1", "decoding_beyond_object").p_rows <= 0.025
    assert found.value("h1", "decoding_accuracy").value > 0.9


def test_means_of_populations_are_theirs(found: Findings):
    """d′ 1 (1.8 over √(1.5² + 1)) in four of forty units: a mean of .1."""
    d = found.value("h1", "d_prime_mni")
    assert d.low < 0.1 < d.value < d.high and d.low > 0.05
    star, cf = found.value("h1", "mni_star"), found.value("h1", "cf_mni")
    assert 0 < star.low < star.value <= cf.value
    column = found.sites["h1"].columns
    assert found.sites["h1"].mean("mni_star") == pytest.approx(star.value, rel=1e-4)
    assert found.sites["h1"].mean("d_prime_mni") == pytest.approx(d.value, rel=1e-4)
    assert column["d_self"][:4].mean() == pytest.approx(1, abs=0.2)


def test_from_none_to_both_by_hand(found: Findings):
    """D(none ‖ both) of fifty bins over the range of all conditions, half a count more in each."""
    given, column = found.given.sites["h1"], found.sites["h1"].columns["kl_none_both"]
    for unit in (0, 20):
        seen = {name: array[:, unit] for name, array in given.items()}
        limits = min(each.min() for each in seen.values()), max(each.max() for each in seen.values())
        p, q = (np.histogram(seen[name], 50, limits)[0] + 0.5 for name in ("none", "both"))
        p, q = p / p.sum(), q / q.sum()
        assert column[unit] == pytest.approx(np.sum(p * np.log(p / q)), rel=0.02), "rounding may move one row a bin on"
    assert column[:4].min() > 2 * column[4:].mean() and "noise alone" in found.value("h1", "kl_none_both").note


def test_signed_sites_have_no_indices_of_rates(found: Findings):
    measures = {site: {row.measure for row in found.rows if row.site == site} for site in ("h1", "h2")}
    assert measures["h1"] - measures["h2"] == {"mni_star", "cmni_hidden"}
    assert found.sites["h2"].sized.kind == "signed"


def test_the_table_is_rows_and_text(found: Findings, tmp_path: Path):
    table = found.table()
    text = str(table).splitlines()
    assert text[0].split()[:3] == ["site", "measure", "value"] and len(text) == 1 + len(table)
    assert table.where(site="h1").column("site") == ["h1"] * (len(table) // 2 + 1)
    units = found.units()
    assert len(units) == 80 and units.rows[0]["class"] == "mirror"
    units.to_csv(tmp_path / "units.csv")
    written = list(csv.DictReader((tmp_path / "units.csv").read_text().splitlines()))
    assert float(written[3]["d_other"]) == units.rows[3]["d_other"] and written[79]["site"] == "h2"


def test_networks_beside_each_other(found: Findings):
    rows = found.compare({"twin": found})
    assert {row["difference"] for row in rows} == {0.0} and set(rows.column("other")) == {"twin"}
    weaker = mirrorjax.measure(planted(effects(size=0.9)), **QUICK)
    ours = found.compare([weaker]).where(measure="d′-MNI").rows
    low, difference, high = (float(ours[0][name]) for name in ("low", "difference", "high"))
    assert len(ours) == 1 and difference < 0 and low < difference < high
    with pytest.raises(InputError, match="sites h3 here, h1, h2 there: none is in both"):
        replace(weaker, sites={"h3": replace(weaker.sites["h1"], name="h3")}).compare(found)


def test_the_answer_says_what_is_found_and_what_is_not_known(found: Findings):
    sentences = found.answer()
    assert sentences[0].startswith("h1: 4 units answer to self and to other, and to the object less, also with")
    assert any("no untrained copies" in each for each in sentences)
    nothing = mirrorjax.measure(planted(effects(size=0.0)), **QUICK)
    assert nothing.answer()[0].startswith("No site has units") and "at most √G" in nothing.answer()[1]
    assert "called social" in nothing.answer()[2] and math.isnan(nothing.value("h1", "ssi_unbiased").value)


def _values(found: Findings) -> dict[str, float]:
    return {f"{row.measure}.{name}": getattr(row, name) for row in found.rows for name in ("value", "low", "p_rows")}


@pytest.mark.parametrize("change", ["rescaled", "shuffled units", "shuffled rows", "twice"])
def test_what_no_measure_sees(change: str):
    made = planted(effects())
    before = _values(mirrorjax.measure(made, decoding=change != "shuffled rows", **QUICK))
    random = np.random.default_rng(1)
    factor, order = np.float32(np.exp(2 * random.normal(size=40))), random.permutation(40)
    rows = random.permutation(128)
    see = {
        "rescaled": lambda h: h * factor,
        "shuffled units": lambda h: h[:, order],
        "shuffled rows": lambda h: h[rows],
        "twice": lambda h: np.concatenate([h, h], axis=1),
    }[change]
    after = _values(mirrorjax.measure({c: {"h1": see(of["h1"])} for c, of in made.items()},
                                      decoding=change != "shuffled rows", **QUICK))  # fmt: skip
    counts = {"mirror_units.value", "shared_units.value"} if change == "twice" else set()
    drawn = {name for name in before if name.endswith(".low")} if change == "shuffled rows" else set()
    for name in before.keys() - counts - drawn - {"cmni_hidden.value"}:
        tolerance = 0.02 if name == "auc_mni.value" and change == "shuffled rows" else 1e-4  # pairs are within groups
        assert after[name] == pytest.approx(before[name], rel=1e-3, abs=tolerance, nan_ok=True), name
    if change == "twice":
        assert after["mirror_units.value"] == 2 * before["mirror_units.value"]


def test_rotations_of_a_site_without_scale():
    made = planted(effects(), mean=0.0)
    turn = np.float32(np.linalg.qr(np.random.default_rng(2).normal(size=(40, 40)))[0])
    turned = {c: {"h1": of["h1"] @ turn} for c, of in made.items()}
    values = [mirrorjax.measure(each, scale=None, decoding=False, **QUICK) for each in (made, turned)]
    for name in ("ssi_unbiased", "overlap_beyond_object", "strength_self"):
        one, other = (found.value("h1", name).value for found in values)
        assert other == pytest.approx(one, rel=1e-3)


def test_arrays_of_jax_and_halves():
    made = planted(effects())
    as_jax = mirrorjax.measure({c: {"h1": jnp.asarray(of["h1"])} for c, of in made.items()}, decoding=False, **QUICK)
    half = mirrorjax.measure({c: np.float16(of["h1"]) for c, of in made.items()}, decoding=False, **QUICK)
    exact = mirrorjax.measure(made, decoding=False, **QUICK)
    assert _values(as_jax) == pytest.approx(_values(exact), nan_ok=True)
    assert half.value("units", "ssi_unbiased").value == pytest.approx(exact.value("h1", "ssi_unbiased").value, abs=1e-3)


def test_rows_of_one_template_are_one_observation():
    made = planted(effects(size=0.0), rows=32)
    repeated = {c: {"h1": np.repeat(of["h1"], 4, axis=0)} for c, of in made.items()}
    told = mirrorjax.measure(repeated, groups=np.repeat(np.arange(32), 4), decoding=False, **QUICK)
    once = mirrorjax.measure(made, decoding=False, **QUICK)
    for name in ("mirror_units", "overlap_beyond_object", "shared_units"):
        assert told.value("h1", name).p_rows == pytest.approx(once.value("h1", name).p_rows, rel=1e-3)
    labels = np.repeat(np.array([f"t{i % 7}{i}" for i in range(32)]), 4)
    mixed = np.random.default_rng(0).permutation(128)
    shuffled = {c: {"h1": of["h1"][mixed]} for c, of in repeated.items()}
    again = mirrorjax.measure(shuffled, groups=labels[mixed], decoding=False, **QUICK)
    assert again.value("h1", "overlap_beyond_object").value == pytest.approx(
        told.value("h1", "overlap_beyond_object").value, rel=1e-3
    )


def test_untrained_copies_are_a_number_of_their_own():
    def fresh(seed: int) -> dict:
        return planted(effects(size=0.0), seed=100 + seed)

    found = mirrorjax.measure(planted(effects()), untrained=fresh, copies=19, decoding=False, **QUICK)
    row = found.value("h1", "mni_star")
    assert row.p_untrained == pytest.approx(1 / 20) and row.z_untrained > 5 and row.p_rows < 1e-6
    assert "19 untrained copies have less" in found.answer()[0]
    same = mirrorjax.measure(planted(effects()), untrained=lambda seed: planted(effects(), seed=seed), copies=19,
                             decoding=False, **QUICK)  # fmt: skip
    assert same.value("h1", "mni_star").p_untrained > 0.05 and "have as much" in same.answer()[0]


@pytest.mark.parametrize(
    ("conditions", "lacking", "there"),
    [
        (
            ("none", "self", "other"),
            {"mni_star", "ssi_unbiased", "mirror_units"},
            {"shared_units", "cf_mni", "auc_mni"},
        ),
        (("self", "other"), {"shared_units", "cf_mni", "cmni_hidden"}, {"soo_mse", "soo_cos", "soo_nmse"}),
        (("none", "self"), {"soo_mse", "shared_units"}, set()),
    ],
)
def test_what_is_missing_is_missing_and_said(conditions: tuple, lacking: set, there: set):
    found = mirrorjax.measure(planted(effects(conditions=conditions), rows=32), decoding=False, **QUICK)
    measures = {row.measure for row in found.rows}
    assert not measures & lacking and there <= measures
    assert found.missing and found.missing[0] in found.answer() and "missing" in found.missing[0]
    assert len(found.units()) == 40 and "mirror" not in set(found.units().column("class"))


def test_rows_out_of_order_are_told():
    made = planted(effects())
    told = [each for each in mirrorjax.measure(made, decoding=False, **QUICK).missing if "order" in each]
    made["self"]["h1"] = made["self"]["h1"][np.random.default_rng(0).permutation(128)]
    shuffled = mirrorjax.measure(made, decoding=False, **QUICK)
    assert not told and any("h1: rows are no more like themselves" in each for each in shuffled.answer())
