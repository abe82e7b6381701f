"""The command run in this process, with one cache of datasets and programs; and a finished sweep to compare with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb

from mirrorjax.launch.cli import main
from mirrorjax.settings.schema import Config, stored
from tests.sweep.cases import SETTINGS, Run, Sweep


# Of the session, since a worker that is given other packages in between comes back to this one.
@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of `cache`."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="package", autouse=True)
def cache(kept: Path) -> Iterator[Path]:
    """Datasets and compiled programs of all these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRRORJAX_CACHE", str(kept))
        yield kept
    wandb.teardown()


@pytest.fixture(scope="session")
def finished(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A finished sweep, to be read only."""
    results = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIRRORJAX_CACHE", str(kept))
        assert main(["sweep", *SETTINGS, f"results_dir={results}"]) == 0
    (folder,) = results.iterdir()
    return Sweep(folder, "", "")


@pytest.fixture(scope="session")
def config(finished: Sweep) -> Config:
    """The finished population's, as its config.yaml has it."""
    return stored(finished.population.config)


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in an empty folder and expects an exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 0) -> Sweep:
        assert main(["sweep", *SETTINGS, *arguments]) == code
        out, err = capsys.readouterr()
        return Sweep(Path(out.splitlines()[-1] if out else "results"), out, err)

    return run
