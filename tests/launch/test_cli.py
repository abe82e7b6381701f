"""The command: help, tab completion, and what wrong input is told, before anything is done."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mirrorjax.launch.cli import main
from mirrorjax.launch.command_line import Typed
from mirrorjax.launch.hydra_application import data_folder
from tests.shell import shell
from tests.tracking.cases import ids, population

MODEL = "name, width, depth, activation, dropout, encoding, d_model, heads"  # its settings
COMMANDS = (
    *(
        "sweep",
        "plan",
        "status",
        "report",
        "compare",
        "measure",
        "paper-tables",
        "inspect",
        "export",
        "play",
        "verify",
        "dashboard",
        "bench",
    ),
    "completion",
)
SLOW_IMPORTS = ("jax", "flax", "wandb", "pyarrow", "duckdb", "matplotlib")
EXPERIMENTS = sorted(file.stem for file in (data_folder("sweeps") / "experiment").glob("*.yaml"))
TINY = ("experiment=smoke", "dataset.turns=20_000", "dataset.test_rows=400", "measurement.test_rows=null")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run, and a cache of their own."""
    folder = tmp_path / "cwd"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MIRRORJAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")  # which has precedence over settings
    return folder


def test_help_does_not_wait_for_slow_imports():
    asked = [["--help"], ["sweep", "--help"], ["plan", "--help"], ["sweep", "experiment=paper", "--cfg", "job"]]
    code = (
        f"import sys\nfrom mirrorjax.launch.cli import main\nfor arguments in {asked}:\n"
        "    try: main(arguments)\n    except SystemExit as end: assert not end.code\n"
        f"    print(arguments, [name for name in {SLOW_IMPORTS} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert [f"{arguments} []" in ran.stdout.splitlines() for arguments in asked] == [True] * 4
    assert ran.stderr == ""


def test_help_names_commands_and_experiments(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    assert all(f"\n    {command}" in text for command in COMMANDS)
    with pytest.raises(SystemExit, match="0"):
        main(["sweep", "--help"])
    text = capsys.readouterr().out
    assert f"experiment: {', '.join(EXPERIMENTS)}" in text
    assert "name: quickstart" in text


def test_options_may_stand_anywhere(capsys: pytest.CaptureFixture[str]):
    shown = []
    for arguments in (
        ["--cfg", "job", "--package", "model", "experiment=paper", "model.width=9"],
        ["experiment=paper", "--cfg", "job", "model.width=9", "-p", "model"],
        ["experiment=paper", "model.width=9", "--cfg=job", "--package=model"],
    ):
        assert main(["sweep", *arguments]) == 0
        shown.append(capsys.readouterr().out)
    assert "width: 9" in shown[0]
    assert len(set(shown)) == 1
    # a process of its own: it logs to the standard output for good
    assert "mirrorjax-sweeps" in shell("mirrorjax sweep --info searchpath experiment=paper", capture_output=True).stdout


COMPLETE = r"""
eval "$(mirrorjax completion)"
complete -p mirrorjax
for line in "mirrorjax swe" "mirrorjax " "mirrorjax sweep experiment=pa" "mirrorjax sweep -m game=" \
    "mirrorjax sweep experiment=smoke model.w"; do
  COMP_LINE=$line COMP_POINT=${#line}
  COMP_WORDS=($line)
  [ "${line: -1}" = " " ] && COMP_WORDS+=("")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _mirrorjax
  echo "${COMPREPLY[@]}"
done
"""


def test_tab_completion_in_bash():
    ran = shell(COMPLETE, capture_output=True)
    assert ran.stdout.splitlines() == [
        "complete -o default -o nospace -F _mirrorjax mirrorjax",
        "sweep",
        " ".join(COMMANDS),
        "experiment=paper experiment=paper_fast",
        "game=both_random game=frog_hops",
        "model.width=",
    ]
    assert ran.stderr == ""


def test_hydras_way_to_install_the_completion(capsys: pytest.CaptureFixture[str]):
    assert main(["sweep", "-sc", "install=bash"]) == 0
    script = capsys.readouterr().out
    assert main(["completion"]) == 0
    assert capsys.readouterr().out == script


def test_a_reader_that_leaves_early_is_no_error():
    ran = shell("mirrorjax sweep --help | head -n 1", capture_output=True)
    assert ran.stdout == "Trains a population of networks on Frog & Toad and measures every checkpoint.\n"
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["model.widht=3"],
            "model.widht: no such setting; model has name, width, depth, activation, dropout, encoding",
        ),
        (
            ["+model.widht=3"],
            "model.widht: no such setting; model has name, width, depth, activation, dropout, encoding",
        ),
        (["+colour=3"], "colour: no such setting; there are name, results_dir, report, size, game, dataset,"),
        (["experimnt=smoke"], "experimnt: no such setting; there are name,"),
        (["model.width.x=3"], "model.width: "),
        (["model.width=null"], "model.width is null; allowed: a whole number"),
        (["population.axes.width=[5,x]"], "population.axes.width is [5,x]; allowed: a list of whole numbers"),
        (["population.zip.widht=[5]"], "population.zip.widht: no such setting; population.zip has width, depth, "),
        (["runtime.compile_cache={file}/in/it"], "runtime.compile_cache: {file}/in/it cannot be written, {file} is a"),
        (["model.width=wide"], "model.width is wide; allowed: a whole number"),
        (["model.dropout=[0.1]"], "model.dropout is [0.1]; allowed: a number"),
        (["dataset.turns=1e5"], "dataset.turns is 1e5; allowed: a whole number"),
        (["report=perhaps"], "report is perhaps; allowed: true or false"),
        (["regime.patience=long"], "regime.patience is long; allowed: a number, or null"),
        (["population.axes.width=5"], "population.axes.width is 5; allowed: a list of whole numbers, [a,b], or null"),
        (
            ["population.list=[{widht:5}]"],
            "population.list: widht: no such setting; there are width, depth, activation",
        ),
        (
            ["population.list=[5]"],
            "population.list is [5]; allowed: a list of {width, depth, activation, learning_rate",
        ),
        (
            ["population.random.width=5"],
            "population.random.width is 5; allowed: {low, high, log, choice}, each optional",
        ),
        (
            ["population.random.width={lo:5}"],
            "population.random.width.lo: no such setting; population.random.width has",
        ),
        (["population.random.width.low=x"], "population.random.width.low is x; allowed: a whole number, or null"),
        (["population.union=[{axes:{widht:[5]}}]"], "population.union: axes.widht: no such setting; there are width,"),
        (["population.union=[{axes:{width:[x]}}]"], "population.union: axes.width[0]: Value 'x' of type 'str' could"),
        (["experiment=pa"], f"experiment is 'pa'; allowed: {', '.join(EXPERIMENTS)}"),
        (["game=frogs"], "game is 'frogs'; allowed: both_random, frog_hops"),
        (["model=3"], "Config group override must be a string or a list. Got int (given: model=3)"),
        (["model.width"], "'model.width' cannot be read (missing EQUAL at '<EOF>'); allowed: key=value or key=[a,b]"),
        (["model.width=[1"], "'model.width=[1' cannot be read (no viable alternative at input '[1')"),
        (["model.width=${wide}"], "model.width: Interpolation key 'wide' not found"),
        (["~experiment"], "name is not given; experiment=NAME or name=… gives it"),
        (["game=a,b"], "'game=a,b' gives several values: -m trains a population for each, game=[a,b] is a list"),
        (["-m", "model.width=5,wide"], "model.width is wide; allowed: a whole number"),
        (["-m", "game=frog_hops,frogs"], "game is 'frogs'; allowed: both_random, frog_hops"),
        (["-m", "model.width=5,-3"], "model.width is -3; allowed: from 1 to 4096"),
        (["-m", "model.width=interval(1,3)"], "model.width=interval(1,3): an interval has no end of values; allowed: "),
        (
            ["-m", "--cfg", "job"],
            "Only one of --run, --multirun, --cfg, --info and --shell_completion can be specified",
        ),
        (["extend=''"], "extend is empty; give it a value, or leave it out"),
        (
            ["dataset.cache=~nobody_of_that_name"],
            "dataset.cache is ~nobody_of_that_name; nobody of that name has a home",
        ),
        (["experiment=[smoke,paper]"], "experiment=[smoke,paper]: one preset at a time; -m experiment=smoke,paper"),
        (["experiment=größe"], "experiment is 'größe'; allowed: capacity, "),
        (["results_dir=a,b"], "'results_dir=a,b' gives several values: -m trains a population for each; one text is"),
        (["-m", "dataset.seed=range(0,100000)"], "-m makes 100,000 populations (dataset.seed: 100,000); allowed: at "),
        (["--config-dir", "{file}"], "--config-dir: {file} is no folder"),
        (["--config-dir="], "--config-dir is empty; give it a value, or leave it out"),
        (["runtime.devices=1000"], "runtime.devices is 1000; allowed on a CPU: at most "),
        (["results_dir={file}/in/it"], "results_dir: {file}/in/it/quickstart-"),
        (["-m", "results_dir={file}", "game=frog_hops,both_random"], "results_dir: {file}/quickstart-"),
        (["dataset.cache={file}"], "dataset.cache: {file} cannot be written, {file} is a file; name another folder"),
        (
            ["measurement.null_cache={file}"],
            "measurement.null_cache: {file} cannot be written, {file} is a file; name ",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_settings_are_named_before_anything_is_done(
    arguments: list[str], message: str, tmp_path: Path, empty_folder: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "file"
    file.touch()
    given = [argument.replace("{file}", str(file)) for argument in arguments]
    assert main(["sweep", *given]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"error: {message.replace('{file}', str(file))}")
    assert err.count("\n") == 1
    assert out == ""
    assert list(empty_folder.iterdir()) == []
    assert not (tmp_path / "cache").exists()
    assert file.read_bytes() == b""


GOOD = "# @package _global_\nname: mine\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (GOOD.encode() + b"model:\n\twidth: 5\n", "line 4: a tab; YAML is indented with spaces"),
        (GOOD.encode() + b"name: other\n", "line 3: found duplicate key name"),
        (GOOD.encode() + "# größe\nreport: false".encode("latin-1"), "line 3: no UTF-8 (invalid start byte); save the"),
        (b"name: mine\n", "line 1: an experiment begins with the line '# @package _global_', which is missing"),
        (b"", "line 1: an experiment begins with the line '# @package _global_', which is missing"),
        (b"# @package _global_\n- name\n", "line 1: a list; allowed: settings, a name, a colon and a value each"),
        (b"# @package _global_\nname: [mine\n", "line 3: expected ',' or ']'"),
        (
            b"# @package _global_\ndefaults:\n  - override /game: [frog_hops, both_random]\nname: mine\n",
            "line 3: override /game names frog_hops, both_random; allowed: one preset",
        ),
    ],
)
def test_what_is_wrong_in_a_file_of_ones_own_is_told_with_its_line(
    content: bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "own" / "experiment" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert main(["sweep", "--config-dir", str(tmp_path / "own"), "experiment=mine"]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"error: {file}, {message}")
    assert (err.count("\n"), out) == (1, "")


def test_a_file_of_ones_own_is_found_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    file = tmp_path / "own" / "experiment" / "mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(GOOD)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["sweep", "--config-dir=~/own", "experiment=mine", "results_dir=~/run (1)", "--cfg", "job"]) == 0
    assert "name: mine\nresults_dir: ~/run (1)\n" in capsys.readouterr().out


def test_a_wrong_wandb_mode_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("WANDB_MODE", "sometimes")
    assert main(["sweep", *TINY]) == 2
    assert capsys.readouterr().err == "error: WANDB_MODE: 'sometimes'; allowed: online, offline, disabled\n"


@pytest.mark.parametrize(
    ("option", "message"),
    [("--bogus", "--bogus: no option of a sweep; allowed: --cfg, "), ("--config-dir", "--config-dir is given without")],
)
def test_a_wrong_option_is_named(option: str, message: str, capsys: pytest.CaptureFixture[str]):
    assert main(["sweep", "experiment=smoke", option]) == 2
    assert capsys.readouterr().err.startswith(f"error: {message}")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A sweep with one finished population."""
    folder = tmp_path / "sweep"
    population(folder / "1c9e0b7d52aa", members=6)
    return folder


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "nowhere"], "nowhere: no such folder"),
        (["report", "{tmp}/cwd"], "{tmp}/cwd: no results here; a results folder holds sweep.json and a folder per"),
        (["report", "{tmp}/sweep/1c9e0b7d52aa/members.parquet"], "{tmp}/sweep/1c9e0b7d52aa/members.parquet: a file, "),
        (["report", "{tmp}/sweep", "--member", "frog"], "member frog: none in {tmp}/sweep; there are 1c9e0b7d52aa/"),
        (["report", "{tmp}/sweep", "--member", ""], "argument --member: it is empty; give it a value, or leave it out"),
        (["report", ""], "argument results: it is empty; give it a value, or leave it out (mirrorjax report --help)"),
        (["report", "a" * 300], "argument results: it is aaaaaaaaaaaaaaaaaaaa…, 300 characters; allowed: 4,095 bytes"),
        (
            ["status", "~nobody_of_that_name"],
            "argument sweep: it is ~nobody_of_that_name; nobody of that name has a home",
        ),
        (["compare", "{tmp}/sweep", "--out", ""], "argument --out: it is empty"),
        (["inspect", "a\nb"], "argument results: it is 'a\\nb'; allowed: text without '\\n', in UTF-8"),
        (["play", "--seed", "x"], "argument --seed: invalid int value: 'x' (mirrorjax play --help)"),
        (["swep"], "argument COMMAND: invalid choice: 'swep'"),
        (["play", "--results", "nowhere"], "nowhere: no such folder"),
        (["play", "--member", "3"], "--member needs --results, the folder that the member was trained in"),
        (["play", "--players", "frogs"], "players: 'frogs' is none of frog_hops, both_random"),
        (["verify", "turns", "nowhere.npz"], "nowhere.npz: not a readable .npz recording (FileNotFoundError:"),
        (["verify", "turns", "{tmp}/text"], "{tmp}/text: not a readable .npz recording ("),
        (["verify", "labels", "{tmp}/text"], "{tmp}/text: not a readable .npz recording ("),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_other_commands_name_what_is_wrong(
    arguments: list[str], message: str, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "text").write_text("no archive")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert main([argument.replace("{tmp}", str(tmp_path)) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert err.startswith(f"error: {message.replace('{tmp}', str(tmp_path))}")
    assert err.count("\n") == 1
    assert out == ""
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_report_of_a_member(results: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["report", str(results), "--member", ids(2)[1][:6]]) == 0
    assert capsys.readouterr().out == f"{results}/report.html\n"
    assert ids(2)[1] in (results / "report.html").read_text()


def test_wrong_input_in_a_process_of_its_own(empty_folder: Path):
    ran = shell("mirrorjax sweep model.widht=3", capture_output=True)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"error: model.widht: no such setting; model has {MODEL}\n"
    ran = shell("mirrorjax verify turns /dev/null", capture_output=True)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("error: /dev/null: not a readable .npz recording (")
    assert list(empty_folder.iterdir()) == []


def test_hydras_variables_are_left_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["pytest"])
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    main(["sweep", "model.widht=3"])
    assert sys.argv == ["pytest"]
    assert "HYDRA_FULL_ERROR" not in os.environ
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    main(["sweep", "model.widht=3"])
    assert os.environ["HYDRA_FULL_ERROR"] == "0"


def sweep_name(arguments: list[str]) -> str:
    return Typed.of("mirrorjax sweep", arguments).sweep_name


def test_the_name_of_a_sweep():
    name = sweep_name(["experiment=smoke", "model.width=3"])
    assert name.startswith("smoke-")
    same = (
        ["model.width=3", "experiment=smoke"],
        ["experiment=smoke", "-m", "model.width=3"],
        ["experiment=smoke", "model.width=3", "results_dir=x", "tracker=off", "tracker.mode=online", "report=false"],
        ["experiment=smoke", "model.width=3", "runtime=gpu", "runtime.devices=2", "dataset.cache=x", "launcher=local"],
        ["experiment=smoke", "model.width=3", "measurement.null_cache=x"],
        ["experiment=smoke", "model.width=3", "hydra.verbose=true", "hydra/launcher=basic"],
    )
    assert {sweep_name(arguments) for arguments in same} == {name}
    others = (
        ["experiment=smoke"],
        ["experiment=smoke", "model.width=4"],
        ["experiment=smoke", "model.width=3", "~population"],
        ["experiment=smoke", "model.width=3", "dataset.turns=9"],
        ["model.width=3"],
    )
    assert len({name, *(sweep_name(arguments) for arguments in others)}) == 1 + len(others)
    assert sweep_name([]).startswith("quickstart-")
    assert sweep_name(["experiment=smoke,paper"]).startswith("sweep-")
