"""Every column is described once, and called by the same label everywhere."""

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import mirrorjax
from mirrorjax.measurement.battery import ablation, circuits, classes
from mirrorjax.measurement.battery import caused as caused
from mirrorjax.measurement.battery.offered import Z
from mirrorjax.measurement.learnt import LEARNT, ROBUST
from mirrorjax.measurement.stream import TRUTHS, UNIONS
from mirrorjax.measures import MEASURES, PARTS, Measure, label, measure, register
from mirrorjax.report.page import columns
from mirrorjax.report.page.marks import block
from mirrorjax.results.store import RECORDS, UNITS

PACKAGE = Path(str(mirrorjax.__file__)).parent


def plain(names: tuple[str, ...]) -> set[str]:
    return {name.replace(" ", "_").replace("-", "_") for name in names}


def test_one_label_a_measure():
    assert [label for label, count in Counter(each.label for each in MEASURES.values()).items() if count > 1] == []
    assert all(each.note for each in MEASURES.values())


def test_a_measure_is_where_it_says():
    files = {each.file for each in MEASURES.values() if each.file}
    assert [file for file in files if not (PACKAGE / "measurement" / file).exists()] == []


def test_parts_are_those_of_the_battery():
    assert set(PARTS["KIND"]) == set(TRUTHS)
    assert set(PARTS["SET"]) == set(caused.SETS) and set(PARTS["MODE"]) == set(ablation.MODES)
    assert set(PARTS["CLASS"]) == plain(classes.CLASSES) and set(PARTS["CIRCUIT"]) == plain(circuits.KINDS)
    assert list(PARTS["SCENARIO"]) == list(UNIONS)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("mni_star", "MNI*"),
        ("mni_star_z", "z of MNI*"),
        ("alignment_z", "z of alignment"),
        ("units_toad_only_2", "Toad-only units of layer 2"),
        ("mne_layer_12", "MNE of layer 12"),
        ("ablate_mirror_mean_help_rescue", "rescue help without mirror units (mean)"),
        ("ablate_random_toad_only_resample_leap", "leap without as many random units as Toad-only units (resample)"),
        ("kurtosis_frog_filtered", "kurtosis activation, Frog, filtered"),
        ("my_own_z", "my own z"),
        ("units_unheard_of_1", "units unheard of 1"),
    ],
)  # fmt: skip
def test_any_column_has_a_label(column, words):
    assert label(column) == words and measure(column).name == column


def test_z_is_of_what_has_a_null():
    assert {name for name in Z if label(name) == f"z of {label(name.removesuffix('_z'))}"} == set(Z)
    assert measure("ssi_z").kind == "signed" and not measure("ssi_z").has_z and not measure("accuracy").has_z


def test_schemas_are_as_they_were():
    assert RECORDS.names[4:9] == ["status", "val_loss", "val_mse", "penalty", "excess_error"] and len(RECORDS) == 25
    assert RECORDS.names[-3:] == ["mne", "mne_output", "mne_layer_1"]
    assert UNITS.names[7:11] == ["mns", "mean_none", "variance_none", "skewness_none"] and len(UNITS) == 36
    assert UNITS.names[-4:] == ["kl_none_frog", "kl_none_toad", "kl_none_both", "kl_frog_toad"]
    assert str(RECORDS.field("confusion").type) == "fixed_size_list<item: int64>[16]"
    assert (str(UNITS.field("mns").type), str(UNITS.field("kl_none_frog").type)) == ("double", "float")


def test_a_measure_of_ones_own(monkeypatch):
    monkeypatch.setattr("mirrorjax.measures.MEASURES", dict(MEASURES))
    own = Measure("my_ratio_LAYER", "my ratio, layer {LAYER}", "what it is", null="scale-free")
    register(own)
    register(own)  # a module may be imported twice
    assert label("my_ratio_2") == "my ratio, layer 2" and label("my_ratio_2_z") == "z of my ratio, layer 2"
    with pytest.raises(ValueError, match="'CMNI'"):
        register(Measure("cmni", "my CMNI"))


def test_thresholds_are_the_same_in_numpy_and_in_sql():
    duckdb = pytest.importorskip("duckdb")
    cmni, loss, error = np.meshgrid([0.0, 0.005, np.nan], [0.0599, 0.06, np.nan], [0.4999, 0.5, np.nan])
    values = {"cmni": cmni.ravel(), "val_loss": loss.ravel(), "excess_error": error.ravel()}
    null = {name: [None if each != each else each for each in own.tolist()] for name, own in values.items()}
    rows = list(zip(*null.values(), strict=True))
    database = duckdb.connect()
    database.execute("CREATE TABLE t (cmni DOUBLE, val_loss DOUBLE, excess_error DOUBLE)")
    database.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    for threshold in (LEARNT, ROBUST):
        found = database.execute(f"SELECT coalesce({threshold.sql}, false) FROM t").fetchall()
        assert [bool(value) for (value,) in found] == threshold.met(values).tolist()
    assert ROBUST.words == "CMNI ≥ 0.005 and validation loss < 0.06"


@pytest.mark.parametrize(("page", "texts"), columns.blocks().items())
def test_documents_have_them(page, texts):
    """`python -m mirrorjax.report.page.columns docs` writes them."""
    whole = (PACKAGE.parent / "docs" / page).read_text(encoding="utf-8")
    assert {name: block(whole, name) for name in texts} == texts


def tables_of_labels() -> dict[str, set[str]]:
    """By file, the strings that are a measure's label and not its column's name."""
    labels = {each.label for each in MEASURES.values() if each.kind != "key"} - set(MEASURES)
    found: dict[str, set[str]] = {}
    for file in [*PACKAGE.rglob("*.py"), *(PACKAGE.parent / "analysis").glob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        own = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        if own & labels:
            found[file.relative_to(PACKAGE.parent).as_posix()] = own & labels
    return found


def test_labels_stand_in_one_file():
    """There were 13 such tables, which did not agree."""
    found = tables_of_labels()
    paper = found.pop("mirrorjax/member/paper/population_tables.py")  # headings of the paper's own tables
    assert set(found) == {"mirrorjax/measures.py"} and paper == {"MNS", "CMNI"}
