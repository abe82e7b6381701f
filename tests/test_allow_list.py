"""Of Hydra's own options and settings only those that a sweep needs: all else is refused by name, in one line."""

import os
from pathlib import Path

import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.allow_list import FOR_SBATCH, LAUNCHER
from mirrorjax.launch.cli import main
from mirrorjax.launch.command_line import Typed

ENDS = "dataset.turns=0"  # what is not refused for another reason is refused for this
SLURM = ["-m", "experiment=smoke", "launcher=submitit_slurm"]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def refused(capsys: pytest.CaptureFixture[str], *arguments: str, command: str = "sweep") -> str:
    """The one line that a command which is refused says."""
    assert main([command, *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert list(Path().iterdir()) == []
    return err.removeprefix("error: ").rstrip("\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--experimental-rerun", "planted.pickle"],
        ["--experimental-rerun=planted.pickle"],
        ["--experimental-r=planted.pickle"],  # what argparse would take for it
        ["--exp", "planted.pickle"],
        ["--config-path", "elsewhere"],
        ["--config-name=other"],
        ["-cp", "elsewhere"],
        ["-cnother"],
        ["--run"],
        ["-r"],
        ["--multi"],
        ["--", "experiment=smoke"],
        ["--cfg", "--experimental-rerun"],
        ["-1"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("command", ["sweep", "plan"])
def test_other_options_are_refused_by_name(arguments: list[str], command: str, capsys: pytest.CaptureFixture[str]):
    line = refused(capsys, "experiment=smoke", *arguments, command=command)
    named = next(word for word in reversed(arguments) if word.startswith("-")).partition("=")[0]
    assert line.startswith(f"{named}: no option of a sweep; allowed: --cfg, -c, ")


def test_options_of_a_sweep_are_taken():
    given = "-m --multirun --cfg job -c=job --resolve --package model -p model --help -h --hydra-help --version"
    more = "--info searchpath -i --config-dir given -cd given --shell-completion -sc"
    Typed.of("mirrorjax sweep", f"{given} {more}".split())
    with pytest.raises(InputError, match="--config-name: no option"):
        Typed.of("mirrorjax sweep", ["--config-name"])


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("hydra.searchpath=[pkg://planted]", "hydra.searchpath is ['pkg://planted']"),
        ("+hydra.job.env_set.PATH=planted", "hydra.job.env_set.PATH is 'planted'"),
        ("hydra.job.env_copy=[HOME]", "hydra.job.env_set.HOME is "),
        ("hydra.job.name=mine", "hydra.job.name is 'mine'"),
        ("hydra.job.chdir=true", "hydra.job.chdir is True"),
        ("hydra.run.dir=planted", "hydra.run.dir is 'planted'"),
        ("hydra.sweep.dir=planted", "hydra.sweep.dir is 'planted'"),
        ("hydra.sweep.subdir=../planted", "hydra.sweep.subdir is '../planted'"),
        ("hydra.output_subdir=.hydra", "hydra.output_subdir is '.hydra'"),
        ("hydra.output_subdir=null", "hydra.output_subdir is None"),  # as it is anyway, but not one to give
        ("~hydra.job_logging.version", "hydra.job_logging.version is 'left out'"),
        ("hydra/job_logging=default", "hydra.job_logging"),
        ("hydra/help=default", "hydra.help.app_name is '${hydra.job.name}'"),
        ("hydra.sweeper.max_batch_size=1", "hydra.sweeper.max_batch_size is 1"),
        ("hydra.overrides.task=[planted]", "hydra.overrides holds ['planted']"),
        ("hydra.runtime.cwd=planted", "hydra.runtime.cwd is 'planted'"),
        ("+model@hydra.job.env_set=mlp", "hydra.job.env_set.name is 'mlp'"),
    ],
)
def test_other_settings_of_hydras_are_refused_by_name(override: str, named: str, capsys: pytest.CaptureFixture[str]):
    line = refused(capsys, "experiment=smoke", override, ENDS)
    assert line.startswith(named) and "of hydra.* there are hydra.launcher.*" in line


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("hydra.launcher.setup=['touch planted']", "hydra.launcher.setup.0 is 'touch planted'"),
        ("hydra.launcher.submitit_folder=elsewhere", "hydra.launcher.submitit_folder is 'elsewhere'"),
        (
            "+hydra.launcher.additional_parameters.output=/planted",
            "hydra.launcher.additional_parameters.output is '/planted'",
        ),
        ('hydra.launcher.partition="gpu\ntouch planted"', "hydra.launcher.partition is 'gpu\\ntouch planted'"),
        ("hydra.launcher.comment=${oc.env:LINES_}", "hydra.launcher.comment is 'a\\nb'"),
        ("hydra.launcher.account=${oc.env:SECRET_TOKEN}", "hydra.launcher.account holds the value of $SECRET_TOKEN"),
    ],
)
def test_what_a_queue_would_run_is_refused(
    override: str, named: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    monkeypatch.setenv("LINES_", "a\nb")
    monkeypatch.setenv("SECRET_TOKEN", "not for anybody")
    assert refused(capsys, *SLURM, override, ENDS).startswith(named)


def test_what_a_queue_is_told_is_taken(capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    given = ["partition=gpu", "gpus_per_node=1", "timeout_min=60"]
    others = [
        "+hydra.launcher.additional_parameters.mail_type=END",
        "hydra.verbose=true",
        "+hydra.sweeper.params={dataset.seed:'0,1'}",
        "hydra/launcher=submitit_slurm",
    ]
    arguments = [*SLURM, *(f"hydra.launcher.{each}" for each in given), *others, ENDS]
    assert "dataset.turns is 0" in refused(capsys, *arguments), "it comes as far as that"
    documented = (Path(__file__).parents[1] / "docs" / "clusters.md").read_text(encoding="utf-8")
    assert [name for name in (*LAUNCHER, *FOR_SBATCH) if f"`{name}`" not in documented] == []


@pytest.mark.parametrize(
    ("files", "named"),
    [
        ({"experiment/gift.yaml": "hydra: {job: {env_set: {PATH: planted}}}"}, "hydra.job.env_set.PATH is 'planted'"),
        ({"experiment/gift.yaml": "hydra: {searchpath: ['pkg://planted']}"}, ""),
        ({"experiment/gift.yaml": "hydra: {overrides: {task: [model.width=3]}}"}, "hydra.overrides holds ['model.w"),
        ({"experiment/gift.yaml": "hydra: {job: {id: '../planted'}}"}, "hydra.job.id is '../planted'"),
        (
            {
                "experiment/gift.yaml": "defaults: [override /launcher: submitit_slurm]\n"
                "hydra: {launcher: {setup: [touch planted]}}"
            },
            "hydra.launcher.setup.0 is 'touch planted'",
        ),
        (
            {"experiment/gift.yaml": "", "launcher/mine.yaml": "hydra: {callbacks: {mine: {other: 1}}}"},
            "hydra.callbacks.mine.other is 1",
        ),
        (  # Hydra's own launchers come behind the folder of --config-dir
            {
                "experiment/gift.yaml": "defaults: [override /launcher: submitit_slurm]",
                "hydra/launcher/submitit_slurm.yaml": "setup: [touch planted]",
            },
            "hydra.launcher.setup.0 is 'touch planted'",
        ),
        (
            {
                "experiment/gift.yaml": "defaults: [override /hydra/env: mine]",
                "hydra/env/mine.yaml": "# @package hydra\njob: {env_set: {PATH: planted}}",
            },
            "hydra.job.env_set.PATH is 'planted'",
        ),
    ],
    ids=lambda value: next(iter(reversed(value.values()))) if isinstance(value, dict) else "",
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Hydra's, that a file has the name of one of its own
def test_files_from_elsewhere_are_held_against_the_same_list(
    files: dict[str, str], named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    for name, content in files.items():
        file = tmp_path / "given" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        head = "" if name.startswith("hydra/") else "# @package _global_\n"
        file.write_text(f"{head}{content}\n" + ("name: gift\ndataset: {turns: 0}\n" if "gift" in name else ""))
    chosen = [f"launcher={file.stem}" for file in (tmp_path / "given").glob("launcher/*")]
    line = refused(capsys, "--config-dir", str(tmp_path / "given"), "experiment=gift", *chosen)
    assert line.startswith(named)


def test_a_planted_git_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """As a config that sets PATH for the job would have it, since a run asks git for the commit of its source."""
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "git").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (planted / "git").chmod(0o755)
    before = os.environ["PATH"]
    line = refused(capsys, "experiment=smoke", ENDS, f"+hydra.job.env_set.PATH={planted}")
    assert line.startswith("hydra.job.env_set.PATH is ")
    assert os.environ["PATH"] == before and not (tmp_path / "ran").exists()
