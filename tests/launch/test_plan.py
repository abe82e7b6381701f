"""`mirrorjax plan`: what it says is what a sweep then does, and it makes nothing."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mirrorjax.launch.cli import main
from mirrorjax.launch.durations import work_of
from mirrorjax.launch.plan import duration, size
from mirrorjax.population.axes import members
from mirrorjax.population.plan import plan as parts_of
from mirrorjax.results.read import Results
from mirrorjax.settings.schema import Config, RegimeConfig

TINY = [
    "experiment=smoke",
    *("dataset.turns=20_000", "dataset.games=64", "dataset.burn_in=256", "dataset.test_rows=400"),
    *("measurement.test_rows=300", "measurement.validation_rows=300", "measurement.at=[0.05]", "regime.epochs=0.1"),
    *(
        "measurement.boards=64",
        "measurement.rescue_boards=32",
        "measurement.null_seeds=0",
        "measurement.causes_seeds=0",
    ),
    *("population.seeds=3", "population.axes.width=[5]", "runtime.devices=2", "tracker=off", "report=false"),
]
Plan = Callable[..., str]


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Plan:
    """Runs the command in an empty folder, with a cache beside it, and gives what it prints."""
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))

    def run(*arguments: str, code: int = 0) -> str:
        assert main(["plan", *TINY, *arguments]) == code
        out, err = capsys.readouterr()
        return err if code else out

    return run


def made() -> list[str]:
    return [str(path) for path in Path.cwd().parent.rglob("*") if path.is_file()]


def line(text: str, name: str) -> str:
    (found,) = re.findall(rf"^{re.escape(name)} +(.*)$", text, re.M)
    return found


def test_a_plan_of_what_is_not_there_yet_makes_nothing(plan: Plan):
    text = plan()
    assert re.match(r"smoke → results/smoke-[0-9a-f]{8}/[0-9a-f]{12}\n", text)
    assert line(text, "members") == "3: 1 configuration × 3 seeds"
    assert line(text, "programs") == "1, 5 compiles"
    assert line(text, "devices").startswith("2 × cpu (") and line(text, "devices").endswith("), blocks of 16")
    assert line(text, "work") == "1,842 model-steps, 3 checkpoints"
    assert "a guess: 78,000 model-steps/s a core for the paper's network" in line(text, "time")
    assert line(text, "dataset") == "11,000 training rows or so; not built yet"
    assert line(text, "W&B") == "none"
    assert "everything stays on the devices; 11 KiB a member" in line(text, "memory")
    assert line(text, "note").startswith("19% of the places in blocks of 16 have a member")
    assert line(text, "2×8 relu, batch 32").split() == ["3", "1", "2", "19%", "1", "614", "1,842", "11", "KiB"]
    assert made() == []
    assert "\x1b" not in text and not any(character in text for character in "━─│┃")


def test_datasets_of_other_games_are_planned_too(plan: Plan):
    one, three = plan(), plan("population.axes.data_seed=[0,1,2]")
    assert line(three, "dataset") == "11,000 training rows or so; not built yet; 2 of other games, 2 to be built"
    seconds = [int(re.findall(r"\(dataset (\d+) s", line(text, "time"))[0]) for text in (one, three)]
    assert seconds[1] == 3 * seconds[0] > 0
    assert made() == []


@pytest.mark.slow
def test_what_was_planned_is_what_happens(plan: Plan, capsys: pytest.CaptureFixture[str]):
    """Members, programs, compiles, steps; then the rows and the rate are known, and the sweep is finished."""
    settings = ["population.axes.width=[5,8,17]", "population.axes.learning_rate=[1e-4,2e-4]"]
    before = plan(*settings)
    assert main(["sweep", *TINY, *settings]) == 0
    capsys.readouterr()
    (sweep,) = Path("results").iterdir()
    (population,) = Results.open(sweep).populations
    assert f"→ {population.folder}\n" in before
    manifest = population.manifest
    assert line(before, "members") == f"{manifest['members']}: 6 configurations × 3 seeds"
    assert line(before, "programs") == f"2, {manifest['compiles']} compiles"
    last = population.records().filter(population.records()["checkpoint"].to_numpy() == 2)
    assert line(before, "work") == f"{sum(last['step'].to_pylist()):,} model-steps, 3 checkpoints"
    after = plan(*settings)
    assert ": finished, a sweep leaves it as it is\n" in after
    rows = manifest["dataset"]["counts"]["train_rows"]
    assert line(after, "dataset") == f"{rows:,} training rows"
    rate = f"measured: {manifest['model_steps_per_second']:,} model-steps/s in {population.folder}"
    assert rate in line(after, "time")
    training = float(re.findall(r"training ([\d.]+) s", line(after, "time"))[0])
    assert training == pytest.approx(manifest["seconds"]["training"], rel=0.05), "the run itself, from its own rate"
    extending = plan(*settings, "population.seeds=5", f"extend={sweep}")
    assert line(extending, "members") == (
        "12: 6 configurations × 2 seeds; 18 more are finished in the sweep that is extended"
    )


def test_a_small_budget_is_planned_with(plan: Plan):
    text = plan("population.seeds=4000", "runtime.memory_budget=0.04")
    assert "of a budget of 20 MiB on each device: " in line(text, "memory")
    assert "parts take turns, the others wait on the host" in line(text, "memory")
    parts = int(line(text, "2×8 relu, batch 32").split()[4])
    assert parts > 1
    assert plan("runtime.memory_budget=0.001", code=2).startswith(
        "error: runtime.memory_budget is 0.0005 GiB a device; one block of 16 members and the rows take "
    )


def test_a_multirun_is_summed_up(plan: Plan):
    text = plan("-m", "game=frog_hops,both_random")
    assert len(re.findall(r"^smoke → ", text, re.M)) == 2
    assert "together: 2 populations, 0 finished; 6 members and 3,684 model-steps to train, about " in text
    assert made() == []


def test_as_often_as_a_batch_goes_through_a_network_as_much_is_to_be_done():
    def steps(regime: str) -> float:
        config = Config(name="x", regime=RegimeConfig(name=regime))
        own = members(config)
        return work_of(config, parts_of(own, 16, 1), own, 2, 1000, 1000).steps

    assert [steps(regime) / steps("supervised") for regime in ("imitation", "contrastive", "overlap")] == [1, 2, 3]


def test_devices_that_are_elsewhere_are_planned_for_if_their_number_is_given(plan: Plan):
    text = plan("runtime=gpu", "runtime.devices=8", "runtime.memory_budget=70", "population.seeds=100_000")
    assert line(text, "devices") == "8 × gpu (not here), blocks of 16384"
    assert "budget of 70 GiB on each device" in line(text, "memory")
    assert line(text, "time").startswith("unknown: no finished run on this device in results")


def test_wrong_input_is_told_as_a_sweep_tells_it(plan: Plan):
    assert plan("model.widht=3", code=2).startswith("error: model.widht: no such setting; model has name, width, ")
    assert plan("extend=nowhere", code=2).startswith("error: extend: nowhere: no such folder")
    assert "width: 5" in plan("--cfg", "job", "model.width=5")
    assert made() == []


@pytest.mark.slow
def test_measured_memory_and_rate(plan: Plan):
    text = plan("--measure")
    assert "measured: 2×8 relu, batch 32\n" in text
    found = dict(re.findall(r"^  (\w+) +([\d.]+ [KM]iB) a device", text, re.M))
    assert found.keys() == {"init", "measure", "divergences", "train"}
    assert re.search(r"train .* a device, [\d,]+ model-steps/s\n", text)
    assert [file for file in made() if "programs" not in file] == []


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.25, "0.25 s"), (42, "42 s"), (250, "4.2 min"), (3 * 3600, "3 h"), (3e6, "35 days")]
)
def test_durations(seconds: float, words: str):
    assert duration(seconds) == words


def test_sizes():
    found = [size(number) for number in (0, 999, 2048, 25_189, 3 << 20, 5.5 * (1 << 30), 1 << 50)]
    assert found == ["0 B", "999 B", "2 KiB", "25 KiB", "3 MiB", "5.5 GiB", "1,024 TiB"]
