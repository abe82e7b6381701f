"""The wheel: what is in it, and that it works where there is no checkout, with packages of people's own too."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).resolve().parent.parent
TINY = (
    *("experiment=smoke", "measurement.boards=0", "dataset.turns=20_000", "dataset.games=64"),
    *("dataset.burn_in=256", "dataset.test_rows=400"),
    *("measurement.test_rows=300", "measurement.validation_rows=300", "regime.epochs=0.02", "measurement.at=null"),
    *("population.axes.width=[5]", "population.seeds=2"),
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the working tree, without a network."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel alone; everything it depends on comes from this environment."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", str(folder), str(wheel)]
    subprocess.run(command, capture_output=True, text=True, check=True)
    return folder


def run(installed: Path, cwd: Path, *arguments: str, beside: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The command, from outside the checkout; `beside` it another folder that has packages."""
    found = os.pathsep.join(str(each) for each in (installed, beside) if each)
    env = os.environ | {"PYTHONPATH": found, "MIRRORJAX_CACHE": str(cwd / "cache"), "WANDB_MODE": "offline"}
    command = [sys.executable, "-m", "mirrorjax", *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def test_it_installs_one_name_with_all_its_data(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    top = {name.split("/")[0] for name in names}
    (info,) = top - {"mirrorjax"}
    assert info.startswith("mirrorjax-") and info.endswith(".dist-info")
    for folder in ("conf", "sweeps"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert files
        assert {name.removeprefix("mirrorjax/") for name in names if name.startswith(f"mirrorjax/{folder}/")} == files
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "mirrorjax").rglob("*.py")}
    assert modules <= names
    assert {"mirrorjax/py.typed", "mirrorjax/report/page/page.css", "mirrorjax/report/page/page.js"} <= names
    assert not any("__pycache__" in name or "/tests/" in name for name in names)


def test_the_installed_code_is_the_wheels(installed: Path, tmp_path: Path):
    code = "import mirrorjax.launch.hydra_application as a; print(a.__file__, a.data_folder('sweeps'))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == [
        f"{installed}/mirrorjax/launch/hydra_application.py",
        f"{installed}/mirrorjax/sweeps",
    ]


def test_it_lists_its_experiments(installed: Path, tmp_path: Path):
    shown = run(installed, tmp_path, "sweep", "--help")
    assert shown.returncode == 0, shown.stderr
    experiments = ", ".join(sorted(file.stem for file in (ROOT / "sweeps" / "experiment").glob("*.yaml")))
    assert f"experiment: {experiments}" in shown.stdout


def test_it_trains_and_reports(installed: Path, tmp_path: Path):
    ran = run(installed, tmp_path, "sweep", *TINY)
    assert ran.returncode == 0, ran.stderr
    folder = tmp_path / ran.stdout.splitlines()[-1]
    assert folder.parent == tmp_path / "results"
    assert (folder / "report.html").exists()
    assert len(list(folder.glob("*/DONE"))) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"results", "cache"}
    again = run(installed, tmp_path, "report", str(folder))
    assert (again.returncode, again.stdout) == (0, f"{folder}/report.html\n")


def test_a_source_tree_that_is_not_installed_works(tmp_path: Path):
    """Where what it depends on is installed, and it is not: no package's metadata says a version."""
    beside = tmp_path / "packages"
    beside.mkdir()
    for entry in Path(pq.__file__).parents[2].iterdir():  # site-packages
        if not re.match(r"_*(editable_impl_)?mirrorjax", entry.name) and entry.suffix != ".pth":
            (beside / entry.name).symlink_to(entry)
    code = """if True:
        from importlib import metadata
        from mirrorjax.launch.cli import main
        from mirrorjax.machine.runtime import versions
        print([each.version for each in metadata.distributions(name="mirrorjax")], versions()["mirrorjax"])
        raise SystemExit(main(["plan", "experiment=smoke"]))
    """
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{beside}", "MIRRORJAX_CACHE": str(tmp_path / "cache")}
    ran = subprocess.run([sys.executable, "-S", "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("[] not installed\n") and "members  8: 2 configurations × 4 seeds" in ran.stdout


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder with the package of docs/plugins.md, whose measure is an entry point."""
    folder = tmp_path / "own"
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    for name, module in re.findall(r"```python\n# (my_package/\w+\.py)\n(.*?)```", text, re.DOTALL):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(module, encoding="utf-8")
    about = folder / "my_package-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my_package\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[mirrorjax.plugins]\nparticipation = my_package.participation\n")
    return folder


@pytest.mark.nightly
def test_the_documented_plugins_train_and_their_results_are_read_without_them(
    installed: Path, own: Path, tmp_path: Path
):
    chosen = ("model=residual", "regime=smoothed", "population.axes.smoothing=[0,0.1]", "tracker=off")
    boards = ("measurement.boards=64", "measurement.rescue_boards=32", "measurement.null_seeds=4")
    few = ("measurement.causes_seeds=0", "population.seeds=1")
    modules = "plugins=[my_package.residual,my_package.smoothed]"
    apart = ("-m", "launcher=submitit_local")  # a process of its own has to import them too
    ran = run(installed, tmp_path, "sweep", *apart, *TINY, *chosen, *boards, *few, modules, beside=own)
    assert ran.returncode == 0, ran.stderr
    sweep = tmp_path / ran.stdout.splitlines()[-1]
    (job,) = json.loads((sweep / "sweep.json").read_text())["jobs"]
    assert job["plugins"] == ["my_package.participation", "my_package.residual", "my_package.smoothed"]
    members = pq.read_table(sweep / job["job"] / "members.parquet")
    assert members["smoothing"].to_pylist() == [0.0, 0.1]
    assert members["parameters"].to_pylist() == [100 * 5 + 5 * 5 + 5 * 4] * 2
    *_, last = sorted((sweep / job["job"] / "records").iterdir())
    records = pq.read_table(last)
    assert all(1 <= ratio <= 10 for ratio in records["participation"].to_pylist())
    assert {"cmni_z", "participation_z"} <= {*records.column_names}
    figure = "Participation ratio over training"
    drawn = run(installed, tmp_path, "report", str(sweep), "--plugins", "my_package.participation_figure", beside=own)
    assert drawn.returncode == 0 and figure in (sweep / "report.html").read_text(), drawn.stderr
    without = run(installed, tmp_path, "report", str(sweep))
    page = (sweep / "report.html").read_text()
    assert without.returncode == 0 and figure not in page, without.stderr
    assert "with my_package.participation, my_package.residual, my_package.smoothed" in page
    assert "smoothing 0.1" in page
    inspected = run(installed, tmp_path, "inspect", str(sweep))
    needs = "it needs its plugins: --plugins my_package.participation my_package.residual my_package.smoothed\n"
    assert inspected.returncode == 2 and inspected.stderr == f"error: {sweep / job['job']}: {needs}"


def test_it_ships_a_command(installed: Path):
    (entry_points,) = installed.glob("mirrorjax-*.dist-info/entry_points.txt")
    assert "mirrorjax = mirrorjax.launch.cli:main" in entry_points.read_text()
