"""Tables 1 and 2: which checkpoint of which network stands for a configuration."""

from pathlib import Path

import pytest

from mirrorjax.member.paper.population_tables import population_tables
from mirrorjax.member.paper.tables import PaperTable
from mirrorjax.report.read.populations import load
from tests.report.cases import Network, write_sweep

EPOCHS: tuple[float, ...] = (0, 1, 2, 3)


def network(seed: int, width: int, *points: tuple[float, float], **settings) -> Network:
    """With a loss and a CMNI at each of EPOCHS."""
    at = dict(zip(EPOCHS, points, strict=True))
    others = {"accuracy": 0.5, "cmni_hidden": 0.0}
    return Network(
        seed, width=width, values=lambda _, epoch: {"val_loss": at[int(epoch)][0], "cmni": at[int(epoch)][1]} | others,
        **settings,
    )  # fmt: skip


START = (0.4, 0.05)


@pytest.fixture
def tables(tmp_path: Path) -> list[PaperTable]:
    networks = [
        # the second seed's checkpoint 2 is the best; the untrained and the loss of .06 do not count
        network(0, 17, START, (0.059, 0.006), (0.05, 0.007), (0.05, 0.0051)),
        network(1, 17, START, (0.06, 0.02), (0.0599, 0.009), (0.05, 0.009)),
        network(2, 17, START, (0.05, 0.5), (0.05, 0.5), (0.05, 0.5), diverged_from=1),
        # exactly at the threshold, and below it
        network(0, 9, START, (0.05, 0.004), (0.05, 0.005), (0.05, 0.004)),
        network(0, 10, START, (0.05, 0.0049), (0.05, 0.0005), (0.05, 0.0049)),
        # low ones, of two rates
        network(0, 11, START, (0.05, 0.0004), (0.05, 0.0001), (0.07, 0.0)),
        network(0, 11, START, (0.05, 0.0003), (0.05, 0.0002), (0.05, 0.0), learning_rate=4e-6),
    ]
    return population_tables(load(write_sweep(tmp_path / "sweep", {"aaaa": networks}, epochs=EPOCHS)))


def test_table_1_has_the_best_checkpoint_of_each_configuration_by_cmni(tables: list[PaperTable]):
    high, _ = tables
    assert high.columns == ("learning rate", "layers", "neurons/layer", "epoch", "val loss", "MNS", "CMNI", "network")
    assert [row[:5] for row in high.rows] == [(1e-4, 2, 17, 2, 0.0599), (1e-4, 2, 9, 2, 0.05)]
    assert [row[6] for row in high.rows] == [0.009, 0.005]
    assert high.rows[0][5] == pytest.approx(0.009 * 38), "MNS is the sum over N units"
    assert high.rows[0][7] == network(1, 17, *[START] * 4).member_id
    assert "7 networks in 5 configurations" in high.note


def test_table_2_has_low_ones(tables: list[PaperTable]):
    _, low = tables
    assert low.columns == tables[0].columns
    assert [(row[0], row[2], row[3], row[6]) for row in low.rows] == [(4e-6, 11, 3, 0.0), (1e-4, 11, 2, 0.0001)]


def test_no_such_checkpoint_is_an_empty_table(tmp_path: Path):
    networks = [network(0, 17, START, START, START, START)]
    high, low = population_tables(load(write_sweep(tmp_path / "sweep", {"aaaa": networks}, epochs=EPOCHS)))
    assert high.rows == [] and low.rows == []
