"""Ways to learn: what is planted beyond predictors is named, what is not, or what an object shares, is not."""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mirrorjax.launch.cli import main
from mirrorjax.measures import label
from mirrorjax.report.page.questions import questions
from mirrorjax.report.page.ways import against_predictors, claims, of_ways
from mirrorjax.report.read.populations import load
from mirrorjax.report.read.view import View
from mirrorjax.report.read.ways import Way, ways
from mirrorjax.statistics.line_to_beat import discoveries, excess
from tests.report.cases import Network, like_paper, write_sweep

SEEDS = 10
EPOCHS = (0, 2)
# of each way: regime, its own settings, by how many deviations a measure is above that of `random`
WAYS = {
    "supervised": ("supervised", {}, {}),
    "overlap λ .01": (
        "overlap",
        {"overlap": 0.01},
        {"mni_star": 8.0, "soo_cos": 8.0, "seat_cka": 0.9},
    ),
    "predictive random": ("predictive", {"objective": "random"}, {}),
    "predictive next": ("predictive", {"objective": "next"}, {"ssi": 1.0}),
}


@dataclass
class Learner(Network):
    """A network of a way, with what was planted for it."""

    overlap: float = 0.0
    objective: str = "next"
    planted: tuple[tuple[str, float], ...] = ()

    @property
    def member_id(self) -> str:
        return f"{crc32(repr((self.regime, self.objective, self.overlap, self.width)).encode()):08x}{self.seed:08x}"


def measured(network: Network, epoch: float) -> dict[str, float]:
    """Every measure scatters about 0 with a deviation of 1, alike in all ways but for what is planted."""
    assert isinstance(network, Learner)
    names = ("mni_star", "ssi", "cross_decoding_social", "soo_cos", "d_prime_mni")
    chance = np.random.default_rng(network.seed)
    found = like_paper(network, epoch) | {name: chance.standard_normal() for name in names}
    found |= {"accuracy_live": 0.7, "play_hop_own": 0.5, "mni_star_z": 2.0}
    asked = 1.0 if network.seed < 4 else np.nan
    found |= {"units_mirror_1": asked, "tr": 0.5 if network.seed < 3 else np.nan}
    return found | {name: found.get(name, 0.0) + more for name, more in network.planted}


def networks(way: str, width: int = 17) -> list[Network]:
    regime, own, planted = WAYS[way]
    more = {**own, "planted": tuple(planted.items())}
    return [Learner(seed, width=width, regime=regime, values=measured, **more) for seed in range(SEEDS)]


def sweep(folder: Path, *names: str) -> Path:
    made = write_sweep(folder, {name.replace(" ", "_"): networks(name) for name in names}, epochs=EPOCHS)
    for name in names:
        with_own(made / name.replace(" ", "_"), WAYS[name][1])
    return made


def with_own(population: Path, settings: dict[str, Any]) -> None:
    """Adds columns of a regime's own settings, or puts them in place."""
    file = population / "members.parquet"
    table = pq.read_table(file)
    for name, value in settings.items():
        table = table.drop_columns([name]) if name in table.column_names else table
        table = table.append_column(name, pa.array([value] * len(table)))
    pq.write_table(table, file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sweep(tmp_path_factory.mktemp("ways") / "all", *WAYS)


@pytest.fixture(scope="module")
def found(folder: Path) -> list[Way]:
    return ways(map(View, load(folder).populations))


def test_ways_are_named_by_what_they_differ_in(found: list[Way]):
    assert sorted(each.name for each in found) == sorted(WAYS)
    assert {each.name: each.predictor for each in found if each.predictor} == {
        "predictive random": "random",
        "predictive next": "next",
    }
    assert all((each.networks, each.asked, each.left_out, each.epoch) == (SEEDS, 4, 0, 2.0) for each in found)


def test_what_is_beyond_both_predictors_and_an_object_is_claimed(found: list[Way]):
    words = claims(found, against_predictors(found))
    assert f"the data support more {label('mni_star')}: overlap λ .01; {label('ssi')}: none; " in words
    assert "over 10 tests" in words  # two ways, five measures; seat_cka was not recorded
    assert f"Not tested, for want of values in predictors or ways: {label('seat_cka')}." in words


def test_what_an_object_shares_makes_no_claim(found: list[Way]):
    claimed, shared = claims(found, against_predictors(found)).split("An object may share")
    assert label("soo_cos") not in claimed
    assert f"{label('soo_cos')} (overlap λ .01 beyond both)" in shared
    assert f"{label('d_prime_mni')} (none beyond both)" in shared


def test_beyond_one_predictor_is_not_beyond_both():
    chance = np.random.default_rng(0)
    low, high = chance.normal(0, 1, 20), chance.normal(3, 0.5, 20)
    own = low + 2.5
    assert excess(own, [low]).p < 1e-4 < 0.5 < excess(own, [low, high]).p
    assert excess(own, [low, high]).z == pytest.approx((own.mean() - high.mean()) / high.std(ddof=1))
    assert excess(own, [low], floor=own.min() - 1).p < 1e-4 < 0.5 < excess(own, [low], floor=own.max()).p
    assert np.isnan(excess(own, []).p) and np.isnan(excess(own, [low[:2]]).p)
    assert discoveries([0.001, np.nan, 0.04, 0.5]).tolist() == [True, False, False, False]


def test_without_predictors_nothing_is_claimed(tmp_path: Path):
    for missing in (("random",), ("random", "next")):
        left = [name for name in WAYS if not name.endswith(missing)]
        found = ways(map(View, load(sweep(tmp_path / str(len(missing)), *left)).populations))
        words = claims(found, against_predictors(found))
        assert words.startswith("Nothing is claimed") and f"objective {' and '.join(missing)}, which" in words


def test_another_model_is_another_way_and_has_to_beat_predictors_of_its_own(tmp_path: Path):
    names = ("supervised", "predictive random", "predictive next")
    populations: dict[str, Sequence[Network]] = {name.replace(" ", "_"): networks(name) for name in names}
    populations["transformer"] = [replace(each, regime="supervised") for each in networks("overlap λ .01")]
    made = write_sweep(tmp_path / "models", populations, epochs=EPOCHS)
    for name in names:
        with_own(made / name.replace(" ", "_"), WAYS[name][1])
    with_own(made / "transformer", {"model": "transformer"})
    found = ways(map(View, load(made).populations))
    assert [each.name for each in found if each.regime == "supervised"] == ["supervised", "supervised transformer"]
    words = claims(found, against_predictors(found))
    assert "over 5 tests" in words and "transformer" not in words


def test_equal_ways_support_no_claim(tmp_path: Path):
    left = [name for name in WAYS if not name.startswith("overlap")]
    found = ways(map(View, load(sweep(tmp_path / "equal", *left)).populations))
    assert "the data support no claim about any of these ways." in claims(found, against_predictors(found))


def test_the_command_takes_one_folder_of_several_ways(folder: Path, tmp_path: Path, printed):
    assert main(["compare", str(folder), "--out", str(tmp_path / "c")]) == 0
    with (tmp_path / "c/tables/ways.csv").open(newline="") as opened:
        rows = {(row["way"], row["measure"]): row for row in csv.DictReader(opened)}
    own, line = (rows[name, "mni_star"] for name in ("overlap λ .01", "predictive random"))
    chance = [np.random.default_rng(seed).standard_normal() for seed in range(SEEDS)]
    assert float(own["z_predictors"]) == pytest.approx(8 / np.std(chance, ddof=1))
    assert float(own["mean"]) - float(line["mean"]) == pytest.approx(8)
    assert (own["beyond_predictors"], rows["supervised", "mni_star"]["beyond_predictors"]) == ("true", "false")
    assert line["z_predictors"] == line["z_random"] == ""
    assert float(own["z_random"]) == float(own["z_predictors"]) == pytest.approx(float(own["z_next"]))
    assert float(line["z_next"]) == pytest.approx(0) and float(own["z_untrained"]) == 2
    page = (tmp_path / "c/compare.html").read_text()
    assert "; 3 of 4 have one" in page and "; untrained 2.00" in page
    assert 'id="ways"' in page and 'id="collapse"' not in page
    assert (tmp_path / "c/figures/ways.svg").is_file()


def test_a_network_of_two_sweeps_counts_once_and_sizes_are_not_mixed(folder: Path, tmp_path: Path):
    again = write_sweep(
        tmp_path / "again", {"p": [*networks("supervised"), *networks("supervised", width=8)]}, epochs=EPOCHS
    )
    every = [View(each) for path in (folder, again) for each in load(path).populations]
    (own,) = [each for each in ways(every) if each.name == "supervised"]
    assert (own.networks, own.group.capacity, own.left_out) == (SEEDS, "2×17", 1)


def test_the_report_of_several_ways_has_them(folder: Path, tmp_path: Path):
    sweep = load(folder)
    views = [View(each) for each in sweep.populations]
    (tmp_path / "tables").mkdir()
    (tmp_path / "figures").mkdir()
    told = of_ways(views, tmp_path)
    assert "the data support more" in told and of_ways(views[:1], tmp_path) == ""
    names = [[part.name for part in questions(sweep, views, defaultdict(str), words)] for words in (told, "")]
    assert "ways" in names[0] and names[1] == [name for name in names[0] if name != "ways"]
