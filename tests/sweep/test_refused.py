"""What only the data or the disk can tell: refused in one line, nothing made, and nothing damaged that was there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from omegaconf import OmegaConf

from mirrorjax.config import Config
from mirrorjax.dataset.cache import dataset_file
from mirrorjax.launch import sweep_name
from mirrorjax.materials import dataset_spec
from tests.sweep.cases import QUICKLY, SETTINGS, Run, bytes_and_times
from tests.tracking.cases import population


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage", [flipped, lambda content: content[:1000], lambda content: b"text"], ids=["flipped", "truncated", "text"]
)
def test_a_damaged_cached_dataset(
    sweep: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[bytes], bytes]
):
    composed = OmegaConf.create(sweep("--cfg", "job").out)
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), composed))
    assert isinstance(config, Config)
    damaged = dataset_file(dataset_spec(config), tmp_path / "cache" / "datasets")
    damaged.parent.mkdir(parents=True)
    with damaged.open("wb") as file:
        np.savez(file, train=np.arange(1000))
    damaged.write_bytes(damage(damaged.read_bytes()))
    population(Path("results") / "smoke-0" / "1c9e0b7d52aa")
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    before = bytes_and_times(tmp_path)
    refused = sweep(*QUICKLY, code=2)
    assert refused.err.startswith(f"error: {damaged}: the cached dataset is damaged (")
    assert refused.err.endswith("; delete the file and it is built anew\n")
    assert refused.err.count("\n") == 1
    assert bytes_and_times(tmp_path) == before
    assert [folder.name for folder in Path("results").iterdir()] == ["smoke-0"]


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ("optimizer.batch_size=16_000", "optimizer.batch_size"),
        ("population.axes.batch_size=[25,16_000]", "population.axes.batch_size"),
    ],
)
def test_a_batch_larger_than_the_data(sweep: Run, setting: str, named: str):
    refused = sweep(setting, *QUICKLY, code=2)
    assert refused.err == (
        f"error: {named} is 16,000; allowed: at most the 14,112 training rows that dataset.turns leaves\n"
    )
    assert not Path("results").exists()


def test_more_test_rows_than_there_are(sweep: Run, tmp_path: Path):
    settings = ("dataset.test_rows=20_000", "dataset.turns=2_000", f"dataset.cache={tmp_path}/cache")
    refused = sweep(*settings, *QUICKLY, code=2)
    assert refused.err.startswith("error: dataset.test_rows: 20,000 test rows need 8,000 unique rows labelled 'hop', ")
    assert refused.err.endswith("play more (dataset.turns is 2,000) or test on fewer\n")
    assert not Path("results").exists()
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_where_the_sweep_should_be(sweep: Run):
    Path("results").mkdir()
    in_the_way = Path("results") / sweep_name(SETTINGS)
    in_the_way.write_text("precious")
    refused = sweep(*QUICKLY, code=2)
    assert refused.err == (
        f"error: results_dir: {in_the_way} cannot be written, {in_the_way.absolute()} is a file; name another folder\n"
    )
    assert in_the_way.read_text() == "precious"
