"""A module imports only from its left, and nothing up to training knows wandb, hydra or the terminal."""

import ast
from collections import Counter
from pathlib import Path

import mirrorjax

_BASE = ("measures", "errors", "marks", "texts", "settings", "secrets", "reading")
GROUND = (*_BASE, "log", "randomness", "hosts", "runtime", "output", "signals")
_TRAINED = ("game", "dataset", "models", "population", "regimes", "measurement", "training")
STORY = (*_TRAINED, "materials", "phases", "tracking")
_PLAN = ("pace", "estimate", "planning")
_LOOK = ("paper", "inspection", "policy", "play")
_TOP = (
    "pipeline",
    "measure",
    "testing",
    "refine",
    *_PLAN,
    *_LOOK,
    "explain",
    "typed",
    "own_files",
    "callables",
    "finish",
    "launch",
    "bench",
    "cli",
    "__main__",
    "__init__",  # whose one call imports when it is called
)
ORDER = (*GROUND, *STORY, "report", *_TOP)
OUTSIDE = ("wandb", "hydra", "rich")
PACKAGE = Path(str(mirrorjax.__file__)).parent


def imports() -> list[tuple[str, str]]:
    """Pairs of a top-level part of the package and a module that something in it imports."""
    found = []
    for file in PACKAGE.rglob("*.py"):
        part = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.append((part, node.module))
            elif isinstance(node, ast.Import):
                found += [(part, alias.name) for alias in node.names]
    return found


def test_imports_run_leftward():
    own = [(part, module.split(".")[1]) for part, module in imports() if module.startswith("mirrorjax.")]
    assert len(own) > 100
    assert [(part, used) for part, used in own if ORDER.index(used) > ORDER.index(part)] == []


def test_the_story_up_to_training_is_quiet():
    quiet = STORY[: STORY.index("tracking")]
    assert [pair for pair in imports() if pair[0] in quiet and pair[1].split(".")[0] in OUTSIDE] == []


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
