"""The bench: what it counts, what it writes, and that its sections run."""

import json
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from mirrorjax.bench import run as bench_run
from mirrorjax.bench.agents import AGENT, agents
from mirrorjax.bench.engines import engines
from mirrorjax.bench.memory import memory
from mirrorjax.bench.section import SECTIONS
from mirrorjax.bench.table import BLOCK, markdown, plain, ratios, summary
from mirrorjax.bench.timing import figure, once, rate, seconds
from mirrorjax.bench.ways import WAYS, brains, ways
from mirrorjax.bench.whole import whole
from mirrorjax.bench.workload import HEADLINE, flops_a_step, seeds
from mirrorjax.errors import InputError
from mirrorjax.population.members import Member, identity
from mirrorjax.population.plan import program_of
from mirrorjax.report.page.marks import block
from mirrorjax.training.memory import need
from tests.datasets import TINY, built


def made_up() -> dict:
    """A bench of a machine that never was."""
    training = [
        rate("own order, 4,096", 1000.0, [0.01, 0.02, 0.04], "model-steps/s", 2e5, members=4096).as_dict(),
        once("peak of float32 products", 1e11, "FLOP/s").as_dict(),
    ]
    keras = [rate("Keras (none), plain fit", 1000.0, [1.0, 1.0, 2.0], "model-steps/s").as_dict()]
    scaling = [rate(f"{n} members", n * 10.0, [0.1, 0.2], "model-steps/s", members=n).as_dict() for n in (1, 16, 256)]
    cost = [
        figure(f"{n} {axis}", [n / 100, n / 90], "s", axis=axis, at=n).as_dict()
        for axis in ("steps", "members", "rows")
        for n in (64, 128, 256)
    ]
    sections = {"training": training, "keras": keras, "scaling": scaling, "cost": cost}
    return {
        "device": {"platform": "cpu", "kind": "Made Up", "count": 2},
        "versions": dict.fromkeys(("python", "jax", "flax", "optax", "numpy"), "1.0"),
        "date": "2026-01-01",
        "sections": {name: {"seconds": 1.0, "figures": figures} for name, figures in sections.items()},
    }


def test_operations_of_the_headline_network():
    """2×17, batch 25: forwards 100·17 + 17·17 + 17·4 products a row; backwards twice that, less the input's slope."""
    forwards = 100 * 17 + 17 * 17 + 17 * 4
    assert flops_a_step(HEADLINE) == 2 * 25 * (3 * forwards - 100 * 17) == 223_550
    assert flops_a_step(Member(width=8, depth=1, batch_size=1)) == 2 * (2 * 800 + 3 * 32)


def test_members_differ_in_their_seed_only():
    members = seeds(3, data_order="shared")
    assert len({identity(member, "") for member in members}) == 3
    assert {member.data_order for member in members} == {"shared"}


def test_seconds_counts_calls():
    calls = []
    assert len(seconds(lambda: calls.append(1), repeats=4)) == 4
    assert len(calls) == 5  # and one to warm up


def test_a_figure_has_median_and_spread():
    found = rate("x", 100.0, [1.0, 2.0, 4.0], "1/s", flops_each=3.0)
    assert (found.median, found.low, found.high, found.flops) == (50.0, 25.0, 100.0, 150.0)
    assert "parameters" not in found.as_dict()


def test_the_table_has_shares_and_ratios():
    result = made_up()
    assert ratios(result["sections"]) == {"own order, 4,096 members / plain Keras `fit`": 50.0}
    page = markdown(result)
    assert "| own order, 4,096 | 50 k model-steps/s | 25 k – 100 k | 10.0 % |" in page  # 50,000 · 2e5 of 1e11
    assert "| 50× |" in page and "Made Up, 2 cores" in page
    short = summary(result)
    assert "50 k model-steps/s | 10.0 % |" in short and "| 50× |" in short
    assert len(short.splitlines()) < len(page.splitlines())
    assert "10.0 %" in plain("training", result["sections"]["training"]["figures"])


def test_the_readme_has_what_the_bench_prints():
    checkout = Path(__file__).parents[2]
    page = (checkout / "README.md").read_text(encoding="utf-8")
    assert block(page, BLOCK) in [summary(json.loads(file.read_text())) for file in checkout.glob("benchmarks/*.json")]


def test_a_bench_writes_its_files_and_keeps_other_sections(tmp_path, monkeypatch):
    result, asked = made_up(), []

    def in_process(command):
        if "-c" in command:
            return {**{name: result[name] for name in ("device", "versions")}, "memory_bandwidth": 1e10}
        asked.append(command[-2])
        return result["sections"].get(command[-2], {"figures": []})["figures"]

    monkeypatch.setattr(bench_run, "_in_process", in_process)
    readme = tmp_path / "README.md"
    readme.write_text("<!-- bench: make bench -->\n<!-- end of bench -->\n")
    path = bench_run.bench(tmp_path, readme=readme)
    assert asked == list(SECTIONS) and path.name == "made-up-2-cores.json"
    written = json.loads(path.read_text())
    assert written["sections"]["training"]["figures"] == result["sections"]["training"]["figures"]
    assert path.with_suffix(".md").read_text() == markdown(written)
    assert summary(written) in readme.read_text()
    for figure_name in ("scaling", "cost"):
        assert (tmp_path / f"made-up-2-cores-{figure_name}.png").read_bytes().startswith(b"\x89PNG")

    asked.clear()
    bench_run.bench(tmp_path, sections=["keras"])
    again = json.loads(path.read_text())
    assert asked == ["keras"] and list(again["sections"]) == list(written["sections"])


def test_an_unknown_section_is_refused(tmp_path):
    with pytest.raises(InputError, match="--sections: 'games'; allowed: simulator, data"):
        bench_run.bench(tmp_path, sections=["games"])


@pytest.mark.slow
def test_a_section_runs():
    """In a process of its own, as always: it pins itself to a core."""
    figures = bench_run._in_process([sys.executable, "-m", "mirrorjax.bench.section", "simulator", "cpu"])
    assert [f["unit"] for f in figures] == ["turns/s"] * 4
    assert all(np.isfinite(f["median"]) and f["low"] <= f["median"] <= f["high"] for f in figures)


def test_whole_experiments_are_for_accelerators():
    assert whole(jax.devices("cpu")) == []


@pytest.mark.accelerators
def test_a_whole_experiment_is_timed_cold_and_warm():
    found = {each.name: each.median for each in whole(jax.devices("cpu"), ("smoke",))}
    assert found["smoke, cold"] > found["smoke, warm"] > found["smoke, warm: training"] > 0


@pytest.mark.nightly
@pytest.mark.slow
def test_every_way_to_learn_is_timed(monkeypatch):
    monkeypatch.setattr("mirrorjax.bench.ways.reference_dataset", lambda: built(TINY))
    monkeypatch.setattr("mirrorjax.bench.training.SECONDS", 0.01)
    monkeypatch.setattr("mirrorjax.bench.ways.brains", lambda: brains(2, Member(regime="assembly", neurons=100)))
    found = {each.name: each for each in ways(jax.devices("cpu"), 4)}
    assert list(found)[:-1] == list(WAYS) and all(each.median > 0 for each in found.values())
    *trained, lived = found.values()
    assert [(each.parameters or {})["passes"] for each in trained] == [1, 2, 3, 1, 1]
    assert (lived.name, lived.unit) == ("assembly, 100 neurons an area", "brains/s")


@pytest.mark.slow
@pytest.mark.nightly
def test_agents_are_timed():
    small = {"parallel_games": 4, "horizon": 4, "width": 5}
    found = agents(jax.devices("cpu"), 2, Member(**{**vars(AGENT), **small}))
    assert [each.unit for each in found] == ["turns/s"] * 4 and all(each.median > 0 for each in found)


@pytest.mark.slow
@pytest.mark.nightly
def test_memory_of_a_member_stands_beside_what_is_planned(monkeypatch):
    monkeypatch.setattr("mirrorjax.bench.workload.reference_dataset", lambda: built(TINY))
    found = {each.name: each for each in memory(jax.devices("cpu")[:1], "xla", (8, 16))}
    each = need(program_of(HEADLINE))
    assert found["a member, planned"].median == each.resident + each.running
    assert found["a member, measured"].parameters == {"few": 8, "many": 16}
    assert found["a member, measured"].median >= 0  # a peak never falls


def test_a_device_with_one_engine_has_nothing_to_compare():
    assert engines(jax.devices("cpu")) == []
