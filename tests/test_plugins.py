"""What people register of their own: that it is taken, that what breaks its contract is not, and who may name a module.

The files of docs/plugins.md are trained with in `test_wheel.py`, from an installed wheel.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hydra.core.config_store import ConfigStore

import mirrorjax
from mirrorjax.errors import InputError
from mirrorjax.launch.cli import main
from mirrorjax.launch.command_line import Typed
from mirrorjax.launch.plugins import load
from mirrorjax.launch.status import read_status, table
from mirrorjax.measurement.battery.observed import OF_RESPONSES
from mirrorjax.measures import MEASURES, Measure, label
from mirrorjax.models import MODELS
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member, identity, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import REGIMES, regime_of
from mirrorjax.regimes.supervised import Supervised
from mirrorjax.report.figures.registry import OF_QUESTIONS
from mirrorjax.report.figures.timeline import FIGURE
from mirrorjax.report.page.build import write_report
from mirrorjax.report.read.populations import load as load_report
from mirrorjax.results.read import Results
from mirrorjax.results.store import write_json
from mirrorjax.settings.axes import AXES
from mirrorjax.settings.schema import LOADED, MEMBER, PLUGGED, SETTINGS
from mirrorjax.settings.setting import Acts, Range, Setting
from tests.tracking.cases import member_columns, population

REGISTRIES: tuple[dict[Any, Any], ...] = (
    *(MODELS, REGIMES, OF_RESPONSES, MEASURES, OF_QUESTIONS, SETTINGS, MEMBER, AXES, PLUGGED),
)  # fmt: skip
DOCUMENTED = re.findall(
    r"```python\n# my_package/(\w+)\.py\n(.*?)```",
    (Path(__file__).parents[1] / "docs" / "plugins.md").read_text(encoding="utf-8"),
    re.DOTALL,
)
PLANNED = ("experiment=smoke", "dataset.turns=20_000", "measurement.boards=0", "tracker=off")


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """What is registered and loaded as it was before."""
    kept = [(each, dict(each)) for each in REGISTRIES]
    bases, loaded = Member.__bases__, [*LOADED]
    yield
    for each, before in kept:
        each.clear()
        each.update(before)
    Member.__bases__, LOADED[:] = bases, loaded
    for group in ("model", "regime"):
        ConfigStore.instance().repo.pop(group, None)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An importable folder; a module in it, `planted`, leaves a file where it is imported."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "planted.py").write_text(f"import pathlib; pathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    monkeypatch.syspath_prepend(folder)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    return folder


@dataclass(frozen=True)
class Loud(Supervised):
    """A regime with settings of its own."""

    settings = (*Supervised.settings, "loudness", "tone")


BEFORE = program_of(Member(width=5))  # and what its values were, before anything is registered
BEFORE_VALUES = stack_values([Member()], "")
LOUDNESS = Setting(0.5, Range(0.0, 2.0), label="loudness L", acts=Acts.VALUE, key="regime.loudness")
TONE = Setting("low", ("low", "high"), label="tone", acts=Acts.PROGRAM, key="regime.tone")


class TestARegimesSettings:
    @pytest.fixture(autouse=True)
    def loud(self, registries: None) -> None:
        mirrorjax.register("loud", regime=Loud, settings=[LOUDNESS, TONE])

    def test_leave_members_of_other_regimes_as_they_were(self):
        member = Member(width=5, seed=3)
        assert identity(member, "0123") == "b4fcc8203fd572d9"
        assert (member.loudness, member.tone) == (0.5, "low")
        assert len(jax.tree.leaves(stack_values([member], ""))) == len(jax.tree.leaves(BEFORE_VALUES))
        assert program_of(member) == BEFORE

    def test_are_part_of_a_member(self):
        quiet, loud = Member(regime="loud", loudness=0.1), Member(regime="loud", loudness=0.2)
        assert quiet != loud and identity(quiet, "") != identity(loud, "")
        assert loud.resolved().loudness == 0.2
        assert stack_values([quiet, loud], "").loudness.tolist() == [jnp.float32(0.1), jnp.float32(0.2)]
        low, high = (program_of(Member(regime="loud", tone=tone)) for tone in ("low", "high"))
        assert low != high and (low.tone, high.tone) == ("low", "high") and high.name.endswith("-high")
        with pytest.raises(AttributeError):
            _ = low.volume


def of_no_column(found: Any) -> dict[str, jax.Array]:
    return {"other": jnp.float32(0)}


@dataclass(frozen=True)
class Unshown(MLP):
    """It shows another number of units than it promises."""

    def run(self, *given: Any) -> Any:
        shown = super().run(*given)
        return replace(shown, units={name: units[1:] for name, units in shown.units.items()})


@dataclass
class Thawed:
    """It may be changed."""

    width: int = 5


COLUMN = Measure("loud_units", "loud units")


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"name": "Own", "network": MLP}, "allowed: small letters, digits and _"),
        ({}, "give one of network, regime, measure and figure"),
        ({"network": MLP, "measure": of_no_column}, "give one of network, regime, measure and figure"),
        ({"name": "mlp", "network": MLP}, "the name is taken; there are mlp"),
        ({"network": Loud}, "Loud lacks decayed, homogeneous, inputs, "),
        ({"network": Thawed}, "allowed: a frozen dataclass"),
        ({"network": Unshown}, "it shows {"),
        ({"name": "supervised", "regime": Loud}, "the name is taken; there are supervised, contrastive"),
        ({"regime": MLP}, "MLP lacks answer, clock, draw, "),
        ({"regime": Loud}, "there is no setting loudness, tone"),
        ({"regime": Loud, "settings": [Setting(0.1, label="L2", acts=Acts.VALUE, key="regime.l2")]}, "there is a "),
        ({"regime": Loud, "settings": [Setting(0.1, label="x", acts=Acts.ROWS, key="regime.x")]}, "regime.x acts as "),
        ({"regime": Loud, "settings": [Setting(0.1, acts=Acts.VALUE, key="regime.x")]}, "regime.x: give it a key"),
        ({"measure": of_no_column, "columns": [COLUMN]}, "it makes other; allowed: a number for each of its columns"),
        ({"measure": of_no_column, "columns": [Measure("other", "x", null="rescaled")]}, "column other: a "),
        ({"measure": of_no_column, "columns": [Measure("cmni", "CMNI")]}, "there is a column cmni already"),
        ({"name": "overlap", "measure": of_no_column}, "there is a measure of that name already"),
        ({"figure": FIGURE}, "the figure is no FigureKind of that name"),
        ({"name": FIGURE.name, "figure": FIGURE, "question": "why"}, "question is 'why'; allowed: learnt, chance"),
    ],
)  # fmt: skip
def test_what_breaks_its_contract_is_refused(given: dict[str, Any], why: str):
    before = [dict(each) for each in REGISTRIES]
    with pytest.raises(InputError, match=rf"^mirrorjax\.register\('{given.get('name', 'own')}'\): {re.escape(why)}"):
        mirrorjax.register(**{"name": "own", **given})
    assert [dict(each) for each in REGISTRIES] == before


@pytest.mark.parametrize(
    ("text", "named", "why"),
    [
        ("", "my-package", "plugins names 'my-package'; allowed: modules, my_package.thing"),
        (
            "",
            "no_such_thing.at_all",
            "plugins: no_such_thing.at_all cannot be imported: ModuleNotFoundError: No module",
        ),
        ("raise RuntimeError('mine\\nmore')", "broken", "plugins: broken cannot be imported: RuntimeError: mine"),
        ("import mirrorjax; mirrorjax.register('own')", "broken", "plugins: broken: mirrorjax.register('own'): give "),
    ],
)
def test_a_module_that_cannot_be_loaded_is_named(
    text: str, named: str, why: str, package: Path, capsys: pytest.CaptureFixture[str]
):
    (package / "broken.py").write_text(text)
    for command in (["sweep", *PLANNED, f"plugins=[{named}]"], ["report", ".", "--plugins", named]):
        assert main(command) == 2
        out, err = capsys.readouterr()
        assert err.startswith(f"error: {why}") and (err.count("\n"), out) == (1, "")
    with pytest.raises(InputError, match=f"^{re.escape(why)}"):
        mirrorjax.sweep(PLANNED, plugins=[named])
    assert list(Path().iterdir()) == []


def test_modules_are_read_off_the_command_line():
    typed = Typed.of("mirrorjax sweep", ["plugins=[a.b, c]", "model.width=3", "plugins=d"])
    assert typed.plugins == ("a.b", "c", "d") and typed.overrides == ("model.width=3",)
    assert typed.sweep_name == Typed.of("mirrorjax sweep", ["model.width=3"]).sweep_name


def test_a_module_is_imported_once_and_known(package: Path, tmp_path: Path):
    assert load(["planted"]) == [*LOADED] and LOADED[-1] == "planted"
    (tmp_path / "ran").unlink()
    load(["planted"])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("given", ["file", "file of a group", "added", "environment"])
def test_no_file_and_no_variable_names_a_module(
    given: str, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    arguments: list[str] = [*PLANNED]
    ends = "dataset.turns is 0"
    if given == "environment":
        for name in ("MIRRORJAX_PLUGINS", "PLUGINS", "plugins"):
            monkeypatch.setenv(name, "planted")
        arguments.append("dataset.turns=0")
    elif given == "added":
        arguments, ends = [*arguments, "+plugins=[planted]"], "plugins: no such setting; there are name, "
    else:
        file = tmp_path / "given" / ("experiment/mine.yaml" if given == "file" else "model/mine.yaml")
        file.parent.mkdir(parents=True)
        file.write_text("# @package _global_\nname: mine\nplugins: [planted]\n")
        chosen = f"{file.parent.name}=mine"
        arguments = ["--config-dir", str(tmp_path / "given"), chosen, "tracker=off"]
        ends = f"In '{file.parent.name}/mine': ConfigKeyError raised while composing config:: Key 'plugins' not in"
    assert main(["plan", *arguments]) == 2
    assert capsys.readouterr().err.startswith(f"error: {ends}")
    assert not (tmp_path / "ran").exists()


def test_a_network_and_a_regime_that_nobody_registered_are_told():
    for strange, name in ((Member(model="fancy"), "model 'fancy'"), (Member(regime="odd"), "regime 'odd'")):
        with pytest.raises(InputError, match=rf"^{name} is not known; a module that registers it is named by --plug"):
            regime_of(program_of(strange))


def with_plugins(folder: Path) -> Path:
    """A sweep that says it was made with `planted`, whose networks are of a kind that nobody knows."""
    own = population(folder / "1c9e0b7d52aa", members=6)
    columns = {
        **member_columns(6),
        "model": ["fancy"] * 6,
        "regime": ["fancier"] * 6,
        "volume": [0.0, 0.0, 0.0, 1, 1, 1],
    }
    own.write_members(columns)
    places = {each: {"group": "fancy", "row": row} for row, each in enumerate(columns["member_id"])}
    own.write_weights({"fancy/kernel": np.zeros((6, 3), np.float32)}, {"members": places})
    (own.folder / "config.yaml").write_text("name: x\nplugins: [planted]\nregime: {name: fancier, volume: 1.0}\n")
    job = {"job": own.folder.name, "members": 6, "model_steps": 600, "overrides": [], "plugins": ["planted"]}
    write_json(folder / "sweep.json", {"name": "mine", "command": [], "jobs": [job]})
    return folder


def test_results_of_a_plugin_are_read_without_it(package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    sweep = with_plugins(tmp_path / "results")
    assert read_status(sweep).plugins == ["planted"] and "made with planted" in table(read_status(sweep))
    (found,) = load_report(sweep).populations
    assert [group.settings["volume"] for group in found.groups] == [0.0, 1.0, 0.0, 1.0], "by width and by volume"
    assert "volume 1" in found.groups[1].label
    assert "with planted" in write_report(sweep).read_text(encoding="utf-8")
    (stored,) = Results.open(sweep).populations
    for command in (["inspect", str(sweep)], ["play", "--results", str(sweep)], ["paper-tables", str(sweep)]):
        assert main([*command, "--member", stored.member_ids[0]]) == 2
        assert capsys.readouterr().err == f"error: {stored.folder}: it needs its plugins: --plugins planted\n"
    with pytest.raises(InputError, match=r"it needs its plugins: --plugins planted$"):
        stored.stored_config()
    assert json.loads((sweep / "sweep.json").read_text())["jobs"][0]["plugins"] == ["planted"]
    assert not (tmp_path / "ran").exists()


def test_what_is_documented_is_planned_and_has_its_labels(package: Path, capsys: pytest.CaptureFixture[str]):
    (package / "my_package").mkdir()
    for name, text in DOCUMENTED:
        (package / "my_package" / f"{name}.py").write_text(text)
    assert [name for name, _ in DOCUMENTED] == ["residual", "smoothed", "participation", "participation_figure"]
    modules = ",".join(f"my_package.{name}" for name, _ in DOCUMENTED)
    chosen = ("model=residual", "regime=smoothed", f"plugins=[{modules}]")
    assert main(["plan", *PLANNED, *chosen, "population.axes.smoothing=[0,0.1]"]) == 0
    out = capsys.readouterr().out
    assert "smoothed, residual" in out and "4 configurations × 4 seeds" in out
    assert label("participation") == "participation ratio" and OF_QUESTIONS["chance"][-1].name == "participation"
    assert main(["plan", *PLANNED, *chosen, "regime.smoothing=2"]) == 2
    assert capsys.readouterr().err == "error: regime.smoothing is 2.0; allowed: from 0 to 1\n"
    assert main(["plan", *PLANNED, chosen[-1], "regime.smoothing=0.2"]) == 2
    assert "only regime=smoothed looks at it" in capsys.readouterr().err
