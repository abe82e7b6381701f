"""Whatever goes wrong, a key of the environment is in no file of a sweep and in no line that it prints."""

from pathlib import Path

import pytest

from mirrorjax.results.read import Results
from tests.sweep.cases import Run, at_checkpoint

KEY = "0123456789abcdef" * 3
PASSWORD = "open-sesame-and-more"


@pytest.mark.slow
def test_secrets_are_nowhere(sweep: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text(f"machine api.wandb.ai login user password {PASSWORD}\n")

    def crash() -> None:
        raise RuntimeError(f"401 for {KEY} and {PASSWORD}")

    at_checkpoint(monkeypatch, 1, crash)
    ran = sweep("-m", "population.first_seed=0,3", "verbosity=debug", code=1)
    assert "RuntimeError: 401 for *** and ***" in ran.err
    assert [population.done for population in Results.open(ran.folder).populations].count(True) == 1
    assert len(list(ran.folder.glob("failures/*.json"))) == 1
    assert (ran.folder / "report.html").exists()
    assert list(ran.folder.glob("*/wandb/offline-run-*/*.wandb")), "W&B has run too"
    files = [file for file in ran.folder.rglob("*") if file.is_file()]
    assert len(files) > 20
    for secret in (KEY, PASSWORD):
        assert [file for file in files if secret.encode() in file.read_bytes()] == []
        assert secret not in ran.out + ran.err
