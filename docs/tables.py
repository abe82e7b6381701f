"""Writes the tables of settings into the pages beside it, between their marks: `python docs/tables.py`."""

from collections.abc import Iterable
from pathlib import Path

from mirrorjax.report.page.marks import put
from mirrorjax.settings.axes import AXES, FIRST
from mirrorjax.settings.setting import Setting

_TYPES = {int: "int64", float: "float64", str: "string"}


def knobs_table(settings: Iterable[Setting]) -> str:
    """What the theory varies, and its data."""
    table = "| | setting, and axis of the same name | paper | what it does |\n|---|---|---|---|\n"
    for each in settings:
        other = f" (axis `{each.named}`)" if each.named else ""
        table += f"| {each.knob or ''} | `{each.key}`{other} | {_default(each)} | {each.note} |\n"
    return table


def axes_table(settings: Iterable[Setting]) -> str:
    """Every axis: where its setting stands, what it may be, and the type of its column."""
    table = "| axis, and column | setting | default | allowed | column | in reports |\n|---|---|---|---|---|---|\n"
    for each in settings:
        column = _TYPES[each.column_kind]
        table += f"| `{each.name}` | `{each.key}` | {_default(each)} | {each.words} | {column} | {each.label} |\n"
    return table


def _default(setting: Setting) -> str:
    return "all" if setting.default is None else f"{setting.default:g}" if setting.is_number else setting.default


def regimes_table(settings: Iterable[Setting]) -> str:
    """The settings that one regime alone looks at."""
    table = (
        "| regime | setting, and axis of the same name | default | allowed | what it does |\n|---|---|---|---|---|\n"
    )
    for each in settings:
        table += f"| `{each.of}` | `{each.key}` | {_default(each)} | {each.words} | {each.note} |\n"
    return table


def networks_table(settings: Iterable[Setting]) -> str:
    """The settings that one model alone looks at."""
    table = "| model | setting, and axis of the same name | default | allowed | what it does |\n|---|---|---|---|---|\n"
    for each in settings:
        table += f"| `{each.of}` | `{each.key}` | {_default(each)} | {each.words} | {each.label} {each.note} |\n"
    return table


BLOCKS = {
    "networks.md": (
        "networks",
        networks_table(each for each in AXES.values() if each.of and each.key.startswith("model.")),
    ),
    "theory.md": ("knobs", knobs_table(each for name, each in AXES.items() if name not in FIRST and not each.of)),
    "regimes.md": (
        "regimes",
        regimes_table(each for each in AXES.values() if each.of and each.key.startswith("regime.")),
    ),
    "sweeps.md": ("axes", axes_table(AXES.values())),
}  # name and text, by page


if __name__ == "__main__":
    for page, (block, text) in BLOCKS.items():
        put(Path(__file__).parent / page, block, text)
