"""No pickle is loaded, no config names code, the report is inert, and secrets stay in the environment."""

import ast
from html.parser import HTMLParser
from pathlib import Path

import pytest

import mirrorjax
from mirrorjax.launch.cli import main
from mirrorjax.report.page.build import write_report
from mirrorjax.results.store import write_json
from tests.tracking.cases import population

PACKAGE = Path(str(mirrorjax.__file__)).parent
UNPICKLERS = ("pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "torch", "pandas", "submitit")
# A PyTorch module that somebody has made, and its tensors, may be given to these; they load none.
TAKES_MODULES = (Path("own/from_torch.py"), Path("own/interventions.py"))
EVIL = "<script>alert('frog')</script>"
KEY = "0123456789abcdef" * 3


def calls() -> list[tuple[Path, ast.Call]]:
    """Every call in the package."""
    files = PACKAGE.rglob("*.py")
    return [
        (file, node)
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def test_nothing_that_unpickles_is_imported():
    """Submitit, which pickles a job for itself, is reached through Hydra alone, if a sweep's launcher says so."""
    imported = set()
    for file in PACKAGE.rglob("*.py"):
        if file.relative_to(PACKAGE) in TAKES_MODULES:
            assert ".load" not in file.read_text(encoding="utf-8")
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    assert {"numpy", "hydra"} <= imported
    assert imported & set(UNPICKLERS) == set()


def test_numpy_loads_without_pickle():
    loads = [call for _, call in calls() if ast.unparse(call.func) in ("np.load", "numpy.load", "jnp.load")]
    assert loads
    for call in loads:
        allowed = {keyword.arg: keyword.value for keyword in call.keywords}.get("allow_pickle")
        assert isinstance(allowed, ast.Constant) and allowed.value is False, ast.unparse(call)


def test_no_text_is_run_as_code():
    names = ("eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load")
    assert [ast.unparse(call) for _, call in calls() if ast.unparse(call.func) in names] == []
    shells = [ast.unparse(call) for _, call in calls() if any(keyword.arg == "shell" for keyword in call.keywords)]
    assert shells == []


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["+model._target_=os.mkdir", "+model.path=touched"], "model._target_ is 'os.mkdir'"),
        (["+evil._target_=os.mkdir"], "evil._target_ is 'os.mkdir'"),
        (
            ["+hydra.callbacks.evil._target_=os.mkdir", "+hydra.callbacks.evil.path=touched"],
            "hydra.callbacks.evil._target_ is 'os.mkdir'",
        ),
        (["hydra.launcher._target_=os.mkdir"], "hydra.launcher._target_ is 'os.mkdir'"),
        (["hydra.sweeper._target_=os.mkdir"], "hydra.sweeper._target_ is 'os.mkdir'"),
        (
            ["+hydra.job_logging.handlers.evil={class:logging.os.mkdir,path:touched}"],
            "hydra.job_logging.handlers.evil.class is 'logging.os.mkdir'",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_config_that_names_code_is_refused(
    overrides: list[str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    for options in ([], ["-m"]):
        assert main(["sweep", *options, "experiment=smoke", *overrides]) == 2
        out, err = capsys.readouterr()
        assert err.startswith(f"error: {named}") and err.count("\n") == 1
        assert out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("inside", "named"),
    [
        ("callbacks: {evil: {_target_: os.mkdir, path: touched}}", "hydra.callbacks.evil._target_ is 'os.mkdir'"),
        ("callbacks: {evil: '${oc.decode:\"{_target_: os.mkdir}\"}'}", "hydra.callbacks.evil is '${oc.decode:"),
        (
            "hydra_logging: {version: 1, handlers: {evil: {'()': os.mkdir, path: touched}}}",
            "hydra.hydra_logging.handlers.evil.() is 'os.mkdir'",
        ),
        (
            "job_logging: {version: 1, handlers: {evil: {class: logging.StreamHandler, stream: ext://evil.module}}}",
            "hydra.job_logging.handlers.evil.stream is 'ext://evil.module'",
        ),
    ],
)
def test_an_experiment_from_elsewhere_that_names_code_is_refused(
    inside: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    (tmp_path / "given" / "experiment").mkdir(parents=True)
    gift = tmp_path / "given" / "experiment" / "gift.yaml"
    end = "dataset: {turns: 0}"  # what is not refused for its code is refused for this
    gift.write_text(f"# @package _global_\nname: gift\n{end}\nhydra:\n  {inside}\n")
    monkeypatch.chdir(tmp_path)
    for choice in (["experiment=gift"], ["-m", "experiment=smoke,gift"]):
        assert main(["sweep", "--config-dir", "given", *choice]) == 2
        assert capsys.readouterr().err.startswith(f"error: {named}")
    assert [path.name for path in tmp_path.iterdir()] == ["given"]


class Tags(HTMLParser):
    """Counts elements, and notes every attribute that runs something."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts.append(data)
            self._inside = False


def test_the_report_shows_and_does_not_run_what_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_TOKEN", KEY)
    sweep = tmp_path / "sweep <img src=x onerror=alert(1)>"
    store = population(sweep / "1c9e0b7d52aa", members=6)
    write_json(sweep / "sweep.json", {"name": EVIL, "command": [EVIL], "overrides": [f"name={EVIL}"], "version": EVIL})
    facts = {"experiment": EVIL, "status": EVIL, "members": 6, "commit": EVIL, "device": {"kind": EVIL}}
    store.write_manifest({"format": 1, **facts, "dataset": {"hash": EVIL, "counts": {"turns": 1}}})
    store.write_config(
        f'name: "{EVIL}"\ntracker:\n  tags: ["{EVIL}"]\n"{EVIL}": 1\nsize: ${{oc.env:SECRET_TOKEN}} {KEY}\n'
    )
    (store.folder / "records" / f"{EVIL.replace('/', '')}.parquet").touch()  # named in the report's problems
    page = write_report(sweep).read_text()
    assert "&lt;script&gt;alert(" in page, "it is shown"
    assert "${oc.env:SECRET_TOKEN} ***" in page and KEY not in page
    tags = Tags()
    tags.feed(page)
    assert tags.handlers == []
    assert "<script>alert" not in page
    assert not any(script.lstrip().startswith("alert(") for script in tags.scripts)


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        (f"tracker.entity={KEY}", "tracker.entity"),
        (f"tracker.tags=[frog,{KEY}]", "tracker.tags"),
        (f"hydra.job.name={KEY}", "hydra.job.name"),
        ("tracker.entity=${oc.env:WANDB_API_KEY}", "tracker.entity"),
        ("name=run-${oc.env:WANDB_API_KEY}", "name"),
    ],
)
def test_a_secret_in_a_setting_is_refused(
    setting: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    for options in ([], ["-m"]):
        assert main(["sweep", *options, "experiment=smoke", setting]) == 2
        out, err = capsys.readouterr()
        assert err.startswith(f"error: {named} holds the value of $WANDB_API_KEY; ")
        assert KEY not in out + err
    assert list(tmp_path.iterdir()) == []
