"""The settings as tables of the docs, between marks: `python -m mirrorjax.settings.table PAGE …`."""

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mirrorjax.marks import put
from mirrorjax.settings.axes import AXES, FIRST
from mirrorjax.settings.setting import Setting

_TYPES = {int: "int64", float: "float64", str: "string"}


def knobs_table(settings: Iterable[Setting]) -> str:
    """What the theory varies, and its data."""
    rows = (
        f"| {each.knob or ''} | `{each.key}`{'' if each.key.endswith(f'.{each.name}') else f' (axis `{each.name}`)'} "
        f"| {_default(each)} | {each.note} |\n"
        for each in settings
    )
    return f"| | setting, and axis of the same name | paper | what it does |\n|---|---|---|---|\n{''.join(rows)}"


def axes_table(settings: Iterable[Setting]) -> str:
    """Every axis: where its setting stands, what it may be, and the type of its column."""
    rows = (
        f"| `{each.name}` | `{each.key}` | {_default(each)} | {each.allowed_words} | {_TYPES[each.column_kind]} | "
        f"{each.label} |\n"
        for each in settings
    )
    return (
        f"| axis, and column | setting | default | allowed | column | in reports |\n|---|---|---|---|---|---|\n"
        f"{''.join(rows)}"
    )


def _default(setting: Setting) -> str:
    return "all" if setting.default is None else f"{setting.default:g}" if setting.is_number else str(setting.default)


BLOCKS: dict[str, Callable[[], str]] = {
    "knobs": lambda: knobs_table(each for name, each in AXES.items() if name not in FIRST),
    "axes": lambda: axes_table(AXES.values()),
}
PAGES = {"theory.md": "knobs", "sweeps.md": "axes"}  # the block that each page has


def main(pages: Sequence[str]) -> None:
    """Replaces the blocks of pages."""
    for page in map(Path, pages):
        put(page, PAGES[page.name], BLOCKS[PAGES[page.name]]())


if __name__ == "__main__":
    main(sys.argv[1:])
