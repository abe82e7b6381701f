"""Writes tables of settings, and of hours, into the pages beside it, between their marks: `python docs/tables.py`."""

from collections.abc import Iterable
from pathlib import Path

from mirrorjax.population.members import PAPER_EPOCH
from mirrorjax.report.page.marks import put
from mirrorjax.settings.axes import AXES, FIRST
from mirrorjax.settings.schema import SETTINGS
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
    none = "all" if setting.is_number else "none"
    return none if setting.default is None else f"{setting.default:g}" if setting.is_number else setting.default


def regimes_table(settings: Iterable[Setting]) -> str:
    """The settings that one regime alone looks at."""
    table = (
        "| regime | setting, and axis of the same name | default | allowed | what it does |\n|---|---|---|---|---|\n"
    )
    for each in settings:
        key = f"`{each.key}`{'' if each.is_axis else ' (no axis)'}"
        whose = ", ".join(f"`{name}`" for name in each.whose)
        allowed = "a folder" if each.allowed is None else each.words
        table += f"| {whose} | {key} | {_default(each)} | {allowed} | {each.note} |\n"
    return table


def networks_table(settings: Iterable[Setting]) -> str:
    """The settings that one model alone looks at."""
    table = "| model | setting, and axis of the same name | default | allowed | what it does |\n|---|---|---|---|---|\n"
    for each in settings:
        table += f"| `{each.of}` | `{each.key}` | {_default(each)} | {each.words} | {each.label} {each.note} |\n"
    return table


NETWORKS = 1_000_000
PLANS = {"quickstart": (1e-4, 12), "paper_fast": (4e-5, 50), "paper": (4e-6, 50), "paper size=large": (4e-6, 150)}
RATES = {  # model-steps a second of 2×17, batch 25, own order, by what, and how often there is that: see scaling.md
    "2 cores": (175e3, 1),
    "1 H200, compiled step": (10.4e6, 1),
    "1 H200, kernel": (77.4e6, 1),
    "8 H200, kernel": (77.4e6, 8),
    "64 hosts × 8, kernel": (77.4e6, 512),
}


def hours_table() -> str:
    """How long training a million networks of 2×17 would take."""
    table = f"| 10⁶ networks of 2×17 | model-steps | {' | '.join(RATES)} |\n|{'---|' * (2 + len(RATES))}\n"
    for name, (learning_rate, epochs) in PLANS.items():
        steps = NETWORKS * epochs * PAPER_EPOCH / learning_rate
        times = " | ".join(_duration(steps / (rate * count)) for rate, count in RATES.values())
        table += f"| `{name}`: rate {learning_rate:g}, {epochs} epochs | {_power(steps)} | {times} |\n"
    return table


def _power(number: float) -> str:
    digits, exponent = f"{number:.1e}".split("e")
    return f"{digits}·10{str(int(exponent)).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"


def _duration(seconds: float) -> str:
    sizes = ((365.25 * 86400, "years"), (86400, "days"), (3600, "h"), (60, "min"), (1, "s"))
    size, unit = next(each for each in sizes if seconds >= 1.5 * each[0] or each[1] == "s")
    number = seconds / size
    return f"{number:.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"


BLOCKS = {
    "networks.md": (
        "networks",
        networks_table(each for each in AXES.values() if each.of and each.key.startswith("model.")),
    ),
    "theory.md": ("knobs", knobs_table(each for name, each in AXES.items() if name not in FIRST and not each.of)),
    "regimes.md": (
        "regimes",
        regimes_table(each for each in SETTINGS.values() if each.of and each.key.startswith("regime.")),
    ),
    "sweeps.md": ("axes", axes_table(AXES.values())),
    "scaling.md": ("hours", hours_table()),
}  # name and text, by page


if __name__ == "__main__":
    for page, (block, text) in BLOCKS.items():
        put(Path(__file__).parent / page, block, text)
