"""A module imports only from its left, and nothing up to training knows wandb, hydra or the terminal."""

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import mirrorjax
from tests.house import FORMER

GROUND = ("errors", "measures", "randomness", "settings", "machine")
STORY = ("game", "dataset", "models", "population", "regimes", "measurement", "training", "statistics")
KEPT = ("results", "tracking", "job", "report")
TOP = (
    "pipeline",
    "member",
    "own",
    "testing",
    "bench",
    "launch",
    "__main__",
    "__init__",
)  # whose one call imports when called
ORDER = (*GROUND, *STORY, *KEPT, *TOP)
REPORT = ("words", "read", "chart", "map", "figures", "page", "compare")
WAYS = ("rows", "brains", "simulations", "players")
REGIMES = ("base", "descent", "supervised", "seats", "pairs", *WAYS, "__init__")
DOORS = {("players", "simulations")}  # between rooms of regimes: agents are held against what is known exactly
OUTSIDE = ("wandb", "hydra", "rich")
PACKAGE = Path(str(mirrorjax.__file__)).parent


def imports(folder: Path) -> list[tuple[str, str]]:
    """Pairs of a room, or a file beside the rooms, and a module that something in it imports."""
    found = []
    for file in folder.rglob("*.py"):
        if str(file.relative_to(PACKAGE)) in FORMER:
            continue
        room = file.relative_to(folder).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.append((room, node.module))
            elif isinstance(node, ast.Import):
                found += [(room, alias.name) for alias in node.names]
    return found


@pytest.mark.parametrize(("folder", "order"), [("", ORDER), ("report", REPORT), ("regimes", REGIMES)])
def test_imports_run_leftward(folder: str, order: tuple[str, ...]):
    beginning = ".".join(["mirrorjax", *filter(None, [folder])]) + "."
    own = [
        (room, module.removeprefix(beginning).split(".")[0])
        for room, module in imports(PACKAGE / folder)
        if module.startswith(beginning)
    ]
    assert len(own) > 50
    assert [(room, used) for room, used in own if order.index(used) > order.index(room)] == []


def test_ways_to_learn_know_the_rooms_of_others_by_doors_alone():
    """And nobody who trains or measures them knows these rooms: what they have in common is the contract."""
    rooms = {f"mirrorjax.regimes.{room}": room for room in WAYS}
    used = {
        (way, rooms[".".join(module.split(".")[:3])])
        for way, module in imports(PACKAGE / "regimes")
        if ".".join(module.split(".")[:3]) in rooms
    }
    assert {(way, room) for way, room in used if way in WAYS and way != room} == DOORS
    others = [(room, module) for room, module in imports(PACKAGE) if room in STORY and room != "regimes"]
    assert [pair for pair in others if pair[1].startswith(tuple(rooms))] == []


def test_the_picture_of_the_rooms_is_true():
    page = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `( ?)(\w+)/?` \| (.*) \|$", page, re.MULTILINE)
    outer, rooms = "", {"": ORDER[:-2], "regimes": WAYS, "report": REPORT}
    found: dict[str, tuple[str, ...]] = dict.fromkeys(rooms, ())
    for inner, room, words in rows:
        outer = outer if inner else room
        within = outer if inner else ""
        found[within] += (room,)
        place = PACKAGE / within / room
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        tree = ast.parse(file.read_text(encoding="utf-8"))
        assert (ast.get_docstring(tree) or "").split("\n")[0] == words, room
    assert found == rooms


def test_the_story_up_to_training_is_quiet():
    assert [pair for pair in imports(PACKAGE) if pair[0] in STORY and pair[1].split(".")[0] in OUTSIDE] == []


def test_of_hydra_only_what_is_public():
    assert [pair for pair in imports(PACKAGE) if pair[1].startswith("hydra._internal")] == []


def test_words_of_the_report_cost_no_figures():
    """Planning a million networks takes `report.words` alone: a package that imports itself whole takes seconds."""
    tree = ast.parse((PACKAGE / "report" / "__init__.py").read_text(encoding="utf-8"))
    assert [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)] == []


def test_no_class_name_means_two_things():
    classes = Counter(
        node.name
        for file in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in classes.items() if count > 1] == []


def test_importing_everything_touches_no_device():
    """Else the number of a CPU's devices is fixed before the configuration says how many."""
    names = [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in PACKAGE.rglob("*.py")]
    names = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    code = f"import importlib\nfor name in {names!r}: importlib.import_module(name)\n"
    code += "from jax._src import xla_bridge\nprint(xla_bridge.backends_are_initialized())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False"


def test_files_that_documents_name_are_there():
    root = PACKAGE.parent
    pages = [*root.glob("*.md"), *(root / "docs").glob("*.md")]
    named = {
        found for page in pages for found in re.findall(r"\b(?:tests|mirrorjax)/[\w/]+\.\w+", page.read_text("utf-8"))
    }
    assert len(named) > 20
    assert sorted(name for name in named if "NAME" not in name and not (root / name).exists()) == []
