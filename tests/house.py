"""Counts what a clear house has few of: `python -m tests.house` prints it, tests/test_layers.py holds it to bounds."""

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import mirrorjax
from mirrorjax.dataset.knobs import PAPER
from mirrorjax.measures import MEASURES
from mirrorjax.models import MODELS

PACKAGE = Path(str(mirrorjax.__file__)).parent
LONGEST, MOST = 60, 8  # lines of a function; its parameters, self not counted
FORMER = ("phases/__init__.py", "tracking/results.py")  # documented places of before, which point to those of today
COLUMNS = "measures.py"  # where a measure is described
SETTINGS = "settings/groups.py"  # where a setting is described
NETWORKS = ("models/", SETTINGS)  # where a network is written
DRAWN = ("matplotlib", "plotly.graph_objects")  # whoever imports both draws for both
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def files() -> dict[str, ast.Module]:
    """Every file of the package by its place there, parsed."""
    found = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    return {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in found.items()}


def lines() -> int:
    """Lines of the package."""
    return sum(file.read_text(encoding="utf-8").count("\n") for file in PACKAGE.rglob("*.py"))


def functions() -> Iterator[tuple[str, Function]]:
    """Every function and method, with where it stands."""
    for name, tree in files().items():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                yield f"{name}: {node.name}", node


def long_functions() -> list[str]:
    """Functions of more than `LONGEST` lines."""
    return [place for place, node in functions() if (node.end_lineno or 0) - node.lineno + 1 > LONGEST]


def wide_functions() -> list[str]:
    """Functions of more than `MOST` parameters."""
    return [place for place, node in functions() if len(parameters(node)) > MOST]


def parameters(function: Function) -> list[str]:
    """The parameters that a caller gives."""
    given = function.args
    names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def imports() -> dict[str, set[str]]:
    """The modules of the package that each imports: at its top, in a function or for a type checker only."""
    trees = {_module(name): tree for name, tree in files().items() if name not in FORMER}
    found: dict[str, set[str]] = {}
    for module, tree in trees.items():
        named = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                named |= {f"{node.module}.{each.name}" for each in node.names} | {node.module}
            elif isinstance(node, ast.Import):
                named |= {each.name for each in node.names}
        deepest = {name for name in named & trees.keys() if not any(other.startswith(f"{name}.") for other in named)}
        found[module] = (deepest | {name for name in named & trees.keys() if _named_itself(tree, name, trees)}) - {
            module
        }
    return found


def _module(name: str) -> str:
    return ".".join(["mirrorjax", *Path(name).with_suffix("").parts]).removesuffix(".__init__")


def _named_itself(tree: ast.Module, module: str, modules: dict[str, ast.Module]) -> bool:
    """Whether something is imported from a package that is no module in it."""
    return any(
        isinstance(node, ast.ImportFrom)
        and node.module == module
        and any(f"{module}.{each.name}" not in modules for each in node.names)
        for node in ast.walk(tree)
    )


def circles() -> list[list[str]]:
    """Modules that import each other, directly or by way of others: each circle once, sorted."""
    graph = imports()
    reached = {module: _reached(graph, module) for module in graph}
    found = {tuple(sorted(other for other in reached[module] if module in reached[other])) for module in graph}
    return sorted(list(each) for each in found if each)


def _reached(graph: dict[str, set[str]], module: str) -> set[str]:
    found: set[str] = set()
    ahead = list(graph[module])
    while ahead:
        if (next_one := ahead.pop()) not in found:
            found.add(next_one)
            ahead += graph[next_one]
    return found


def top_floor() -> list[str]:
    """Files that lie in no room."""
    return sorted(file.name for file in PACKAGE.glob("*.py"))


def texts(tree: ast.Module) -> set[str]:
    """Whole string constants, docstrings left out."""
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | Function) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents
    }


def label_tables() -> list[str]:
    """Files with a table that gives columns their labels: three of them, at least, each as key and value."""
    labels = {
        each.name: each.label for family in MEASURES.values() for each in family.columns() if each.name != each.label
    }
    return [name for name, tree in files().items() if name == COLUMNS or _labelled(tree, labels) >= 3]


def _labelled(tree: ast.Module, labels: dict[str, str]) -> int:
    pairs = [
        pair
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        for pair in zip(node.keys, node.values, strict=True)
    ]
    pairs += [tuple(node.elts) for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    named = [[each.value if isinstance(each, ast.Constant) else None for each in pair] for pair in pairs]
    return sum(isinstance(key, str) and value is not None and labels.get(key) == value for key, value in named)


def knob_files() -> list[str]:
    """Files beside its use in which the knob that stands in most is written; of knobs whose names are no other's."""
    words = {file: _words(file) for file in PACKAGE.rglob("*.py")}
    own = [name for name in PAPER if "_" in name]
    uses = re.compile(r"/mirrorjax/(game|dataset)/")
    written = [
        [f"{name}: {file.name}" for file, found in words.items() if name in found and not uses.search(str(file))]
        for name in own
    ]
    return max(written, key=len)


def _words(file: Path) -> set[str]:
    return set(re.findall(r"\w+", file.read_text(encoding="utf-8")))


def network_files() -> list[str]:
    """Files that name a network, outside the room of networks and the settings: to add one is to touch them."""
    named = {*MODELS, *(model.__name__ for model in MODELS.values())}
    return [
        name
        for name, tree in files().items()
        if not name.startswith(NETWORKS)
        and (named & texts(tree) or named & {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)})
    ]


def drawn_twice() -> list[str]:
    """Files that draw for the page and for print, each in its own way."""
    used = {name: _outside(tree) for name, tree in files().items()}
    return [name for name, found in used.items() if all(any(each.startswith(kit) for each in found) for kit in DRAWN)]


def _outside(tree: ast.Module) -> set[str]:
    found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return found | {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}


def main() -> None:
    """Prints the counts, and what is counted where there is a name for it."""
    pipeline = (PACKAGE / "pipeline.py").read_text(encoding="utf-8").count("\n")
    named = {
        f"functions of more than {LONGEST} lines": long_functions(),
        f"functions of more than {MOST} parameters": wide_functions(),
        "circles of imports": [" - ".join(circle) for circle in circles()],
        "files on the top floor": top_floor(),
        "tables of a measure's label": label_tables(),
        "files beside its use with the same knob": knob_files(),
        "files besides that name a network": network_files(),
        "files that draw everything twice": drawn_twice(),
    }
    print(f"{lines():,} lines, {pipeline} of pipeline.py")
    for what, found in named.items():
        print(f"{len(found)} {what}" + "".join(f"\n  {each}" for each in found))


if __name__ == "__main__":
    main()
