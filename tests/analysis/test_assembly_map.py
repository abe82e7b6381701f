"""The map of assemblies over dose and veil, in small: its phases, its files, and the edge that is expected."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import csv

SCRIPT = Path(__file__).parents[2] / "analysis" / "assembly_map.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """Its names, with four cells."""
    names = runpy.run_path(str(SCRIPT))
    names["main"].__globals__.update(DOSES=(1.0, 2.0), VEILS=(0.0, 1.0))
    return names


def test_nothing_forms_without_growth_and_all_collapses_with_too_much(script, tmp_path: Path, capsys):
    table = script["main"](tmp_path / "map", 1, 200)
    assert script["phases"](table).tolist() == [["nothing", "nothing"], ["collapsed", "collapsed"]]
    assert np.abs(script["means"](table, "empathy")[1]).max() < 0.2
    assert csv.read_csv(tmp_path / "map" / "assembly_map.csv").cast(table.schema).equals(table)
    assert (tmp_path / "map" / "assembly_map.png").stat().st_size > 10_000
    assert "collapsed" in capsys.readouterr().out


@pytest.mark.parametrize(("n", "k", "edge"), [(1000, 50, 1.42), (10_000, 100, 1.42)])
def test_the_edge_of_collapse_is_that_of_capture_by_one_parent(script, n, k, edge):
    assert script["edge_of_collapse"](n, k) == pytest.approx(edge, abs=0.01)
