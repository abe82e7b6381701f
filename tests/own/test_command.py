"""`mirrorjax measure` of activations: files, a page that needs nothing else, and what is said of wrong ones."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from mirrorjax.launch.cli import main
from mirrorjax.own.files import is_activations, read_activations
from mirrorjax.own.given import Given
from tests.own.cases import effects, planted

pytestmark = pytest.mark.usefixtures("compiled_quickly")
MADE = planted(effects(), sites=("h1",))
FLAT = {f"{condition}/{site}": array for condition, of in MADE.items() for site, array in of.items()}


def write(path: Path) -> Path:
    """The same activations, in the form that a path's name asks for."""
    if path.suffix == ".npz":
        np.savez(path, **FLAT, groups=np.arange(128) // 2)  # pyright: ignore[reportArgumentType]
    elif path.suffix == ".safetensors":
        save_file(FLAT, path)
    else:
        for key, array in FLAT.items():
            (path / key).parent.mkdir(parents=True, exist_ok=True)
            np.save(path / f"{key}.npy", array)
        np.save(path / "groups.npy", np.arange(128) // 2)
    return path


@pytest.mark.parametrize("name", ["acts.npz", "acts.safetensors", "acts"])
def test_files_are_read_alike(tmp_path: Path, name: str):
    path = write(tmp_path / name)
    found, groups = read_activations(path)
    assert is_activations(path) and found.keys() == MADE.keys()
    assert all(np.array_equal(found[c]["h1"], of["h1"]) for c, of in MADE.items())
    assert (groups is None) == (name == "acts.safetensors")
    if name != "acts.npz":
        assert isinstance(found["none"]["h1"], np.memmap)


def test_a_large_file_is_read_some_rows_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found, _ = read_activations(write(tmp_path / "acts"))
    monkeypatch.setattr("mirrorjax.own.given._LARGE", 0)
    monkeypatch.setattr("mirrorjax.own.given._SLAB", 50)  # the last of three is shorter
    given = Given({"h1": {name: of["h1"] for name, of in found.items()}}, np.zeros(128, int), {"h1": "rate"})
    read = given.read("h1", slice(3, 17))
    assert all(np.array_equal(read[name], of["h1"][:, 3:17]) for name, of in MADE.items())
    assert not any(np.shares_memory(read[name], of["h1"]) for name, of in found.items()), "copies: pages are given back"


def test_a_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path, page = write(tmp_path / "acts.npz"), tmp_path / "page.html"
    assert main(["measure", str(path), "--out", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "h1: 4 units answer to self and to other" in printed and printed.endswith(f"{page}\n")
    html = page.read_text()
    assert "128 rows in 64 groups; 1 site, 40 units" in html and 'data-figure="units"' in html
    assert "mirror (4)" in html and "src=" not in html.split("<script>")[0]
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(f"t{row % 16}" for row in range(128)) + "\n")
    assert main(["measure", str(path), "--out", str(page), "--groups", str(labels)]) == 2
    assert "16 groups of rows; at least 20" in capsys.readouterr().err


def test_conditions_of_other_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    named = {"you": "self", "bob": "other"}
    flat = {f"{name}/h1": MADE[named.get(name, name)]["h1"] for name in (*MADE, *named)}
    flat["self/h1"] = MADE["none"]["h1"]
    np.savez(tmp_path / "acts.npz", **flat)  # pyright: ignore[reportArgumentType]
    arguments = ["measure", str(tmp_path / "acts.npz"), "--out", str(tmp_path / "page.html"), "--pairs"]
    assert main([*arguments, "you,bob"]) == 0
    printed = capsys.readouterr().out
    assert "h1: 4 units answer" in printed and "Left out, since --pairs is you,bob: self, other." in printed
    for pairs, message in {"you": "expected two names", "yu,bob": "no condition 'yu', did you mean 'you'?"}.items():
        assert main([*arguments, pairs]) == 2
        assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["acts.npz"], "--out: acts.npz holds activations; say which page to write"),
        (["acts.npz", "--out", "acts"], "--out: acts is a folder"),
        (["acts.npz", "--out", "nowhere/page.html"], "cannot be written"),
        (["acts.npz", "--out", "page.html", "--measures", "ssi"], "--measures: is for results"),
        (["acts.npz", "--out", "page.html", "--groups", "none.txt"], "none.txt: groups cannot be read"),
        (["lost.npz", "--out", "page.html"], "lost.npz: no such file"),
        (["text.npz", "--out", "page.html"], "text.npz: is no .npz archive"),
        (["text.safetensors", "--out", "page.html"], "text.safetensors: cannot be read"),
        (["flat.npz", "--out", "page.html"], "flat.npz: key 'self'; expected CONDITION/SITE"),
        (["results", "--out", "page.html"], "--out: results holds no activations"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, monkeypatch, capsys, arguments: list[str], message: str):
    monkeypatch.chdir(tmp_path)
    write(Path("acts.npz"))
    for folder in ("acts", "results"):
        Path(folder).mkdir()
    Path("results/sweep.json").write_text("{}")
    for name in ("text.npz", "text.safetensors"):
        Path(name).write_text("no archive")
    np.savez("flat.npz", self=np.zeros((30, 4)))
    assert main(["measure", *arguments]) == 2
    assert message in capsys.readouterr().err and not Path("page.html").exists()
