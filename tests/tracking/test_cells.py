"""The table of cells, against pandas and closed forms on the same columns."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from statsmodels.stats.proportion import proportion_confint

from mirrorjax.results.read import Results
from mirrorjax.results.store import Store
from mirrorjax.tracking.cells import cells
from tests.tracking.cases import ids, member_columns, population, record_columns

MEMBERS = 12


def made(folder: Path, members: dict[str, Any] | None = None, records: dict[str, Any] | None = None) -> list[dict]:
    """The cells of a population of twelve, of which the last has diverged."""
    store = Store.create(folder / "population")
    store.write_members(member_columns(MEMBERS) | (members or {}))
    for checkpoint in range(2):
        store.write_records(checkpoint, record_columns(MEMBERS, 100 * checkpoint) | (records or {}))
    return cells(Results.open(folder)).to_pylist()


def test_capacities_and_their_last_records(tmp_path: Path):
    narrow, wide = made(tmp_path)
    assert [(row["depth"], row["width"]) for row in (narrow, wide)] == [(2, 17), (2, 32)]
    assert [(row["networks"], row["diverged"]) for row in (narrow, wide)] == [(6, 0), (6, 1)]
    last = record_columns(MEMBERS, 100)
    for row, members in ((narrow, slice(0, 12, 2)), (wide, slice(1, 11, 2))):
        for name in ("cmni", "val_loss", "recall_help_rescue"):
            values = np.asarray(last[name][members], np.float64)
            interval = ttest_1samp(values, 0).confidence_interval(0.95)
            expected = [np.median(values), np.mean(values), interval.low, interval.high]
            given = [row[f"{name}_{each}"] for each in ("median", "mean", "mean_low", "mean_high")]
            assert given == pytest.approx(expected, rel=1e-12)
    assert not [name for name in narrow if name.startswith(("mirror", "tr_", "seed", "learning_rate"))]


def test_every_setting_that_varies_makes_cells(tmp_path: Path):
    number = np.arange(MEMBERS)
    knobs = {
        "width": np.full(MEMBERS, 17),
        "dependency": np.where(number < 6, 0.5, 1.0),
        "boards": np.where(number % 2, 1000.0, np.nan),  # null: all boards
        "encoding": ["ordinal"] * MEMBERS,
        "data_seed": number % 3,  # replicates
        "measured_dependency": np.where(number < 6, 0.03125, 0.0625),
        "parameters": np.full(MEMBERS, 2095),
    }
    rows = made(tmp_path, knobs)
    found = [(row["dependency"], row["boards"], row["networks"], row["measured_dependency"]) for row in rows]
    assert found == [(0.5, 1000, 3, 0.03125), (0.5, None, 3, 0.03125), (1, 1000, 3, 0.0625), (1, None, 3, 0.0625)]
    assert {row["parameters"] for row in rows} == {2095}
    assert not {"encoding", "data_seed", "seed", "l2"} & rows[0].keys()


def test_verdicts(tmp_path: Path):
    verdicts = np.full(MEMBERS, np.nan)
    verdicts[[0, 2, 4, 1, 11]] = [1, 1, 0, 0, 1]  # the last one has diverged
    error = np.full(MEMBERS, 0.2)
    error[[4, 6]] = 0.5, np.nan  # they have not learnt
    narrow, wide = made(tmp_path, records={"mirror": verdicts, "excess_error": error})
    assert [row["learnt"] for row in (narrow, wide)] == [4, 5]
    assert [(row["mirror_successes"], row["mirror_trials"]) for row in (narrow, wide)] == [(2, 2), (0, 1)]
    for row, (successes, trials) in ((narrow, (2, 2)), (wide, (0, 1))):
        low, high = proportion_confint(successes, trials, method="wilson")
        assert row["mirror_share"] == successes / trials
        assert (row["mirror_low"], row["mirror_high"]) == pytest.approx((low, high), abs=1e-12)


def test_a_cell_without_verdicts_or_with_one_value_has_no_interval(tmp_path: Path):
    one = {"mirror": np.full(MEMBERS, np.nan), "tr": np.full(MEMBERS, np.nan)}
    one["mirror"][0], one["tr"][0] = 1, 0.25
    narrow, wide = made(tmp_path, records=one)
    assert (narrow["tr_mean"], narrow["tr_mean_low"], narrow["tr_mean_high"]) == (0.25, None, None)
    assert (wide["mirror_trials"], wide["mirror_share"], wide["mirror_low"], wide["tr_mean"]) == (0, None, None, None)


def test_populations_with_and_without_a_knob(tmp_path: Path):
    population(tmp_path / "old", members=2)
    store = Store.create(tmp_path / "new")
    store.write_members(member_columns(2, first=50) | {"mask": np.full(2, 0.5), "width": 17})
    store.write_records(0, record_columns(2, first=50))
    rows = cells(Results.open(tmp_path)).to_pylist()
    assert [(row["width"], row["mask"], row["networks"]) for row in rows] == [(17, 0.5, 2), (17, 1, 1), (32, 1, 1)]


def test_nothing_trained_yet(tmp_path: Path):
    Store.create(tmp_path / "population").write_members(member_columns(3) | {"member_id": ids(3)})
    assert cells(Results.open(tmp_path)).num_rows == 0
