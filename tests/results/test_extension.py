"""Which populations of a sweep a new one extends, and which belong together."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from mirrorjax.report.read.populations import chains
from mirrorjax.results.extension import extended
from mirrorjax.results.read import Results
from tests.tracking.cases import ids, population

CONFIG: dict[str, Any] = {
    "regime": {"name": "supervised", "epochs": 2.0, "patience": None, "l2": 0.01},
    "measurement": {"every": 1.0, "at": None, "units_at": [], "test_rows": 300, "validation_rows": 300},
    "runtime": {"precision": "highest", "block": None, "devices": 2},
    "population": {"seeds": 3},
}


def write(folder: Path, first: int = 0, config: dict[str, Any] | None = None, **manifest: Any) -> None:
    """A finished population of six members."""
    store = population(folder, first=first)
    store.write_config(OmegaConf.to_yaml(OmegaConf.create(config or CONFIG)))
    facts = {"format": 1, "status": "done", "block": 16, "dataset": {"hash": "d"}, "created": "2026-01-01"}
    store.write_manifest(facts | manifest)


def changed(group: str, **settings: Any) -> dict[str, Any]:
    return {**CONFIG, group: {**CONFIG[group], **settings}}


def test_members_of_finished_populations_are_there(tmp_path: Path):
    write(tmp_path / "a")
    write(tmp_path / "b", first=6)
    found = extended(tmp_path, CONFIG, "d", "new")
    assert found.populations == {"a": frozenset(ids(6)), "b": frozenset(ids(6, 6))}
    assert found.holders([*ids(2), *ids(1, 6), "unknown"]) == {**dict.fromkeys(ids(2), "a"), ids(1, 6)[0]: "b"}
    assert (found.block, found.other_blocks) == (16, [])


def test_the_block_is_that_of_the_first(tmp_path: Path):
    write(tmp_path / "a", block=8)
    write(tmp_path / "b", first=6)
    found = extended(tmp_path, CONFIG, "d", "new")
    assert (found.block, found.other_blocks) == (8, ["b"])


@pytest.mark.parametrize(
    "config",
    [
        changed("regime", epochs=3.0),
        changed("regime", patience=10.0),
        changed("measurement", every=0.5),
        changed("measurement", units_at=[1.0]),
        changed("measurement", test_rows=None),
        changed("runtime", precision="default"),
    ],
)
def test_what_was_trained_or_measured_otherwise_is_not(tmp_path: Path, config: dict[str, Any]):
    write(tmp_path / "a")
    assert extended(tmp_path, config, "d", "new").populations == {}


@pytest.mark.parametrize("config", [changed("regime", l2=0.0), changed("runtime", devices=1, block=4)])
def test_what_is_the_members_own_or_the_machines_does_not_matter(tmp_path: Path, config: dict[str, Any]):
    write(tmp_path / "a")
    assert extended(tmp_path, config, "d", "new").populations.keys() == {"a"}


def test_nor_is_what_has_other_data_or_is_unfinished_or_is_itself(tmp_path: Path):
    write(tmp_path / "a")
    write(tmp_path / "b", dataset={"hash": "e"})
    write(tmp_path / "c")
    (tmp_path / "c" / "DONE").unlink()
    assert extended(tmp_path, CONFIG, "d", "new").populations.keys() == {"a"}
    assert extended(tmp_path, CONFIG, "d", "a").populations == {}


def test_chains_of_extensions_belong_together_the_oldest_first(tmp_path: Path):
    write(tmp_path / "a", created="2026-01-03", extends=["d", "gone"])
    write(tmp_path / "b", created="2026-01-01")
    write(tmp_path / "c", created="2026-01-04", extends=["a"])
    write(tmp_path / "d", created="2026-01-02")
    write(tmp_path / "e", created="2026-01-05")
    found = chains(Results.open(tmp_path).populations)
    assert [[each.name for each in chain] for chain in found] == [["b"], ["d", "a", "c"], ["e"]]
