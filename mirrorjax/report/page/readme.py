"""What a page such as the README says of a sweep: its blocks, printed by `mirrorjax report RESULTS --readme PAGE`."""

from pathlib import Path
from typing import Any

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.measurement.learnt import learnt
from mirrorjax.report.page.acceptance import Requirement, acceptance, applicable
from mirrorjax.report.page.marks import block, put, put_cell
from mirrorjax.report.read.over_seeds import band
from mirrorjax.report.read.populations import Sweep, load
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import NOT_MEASURED, counted, epoch_words, listed, short_interval, short_number
from mirrorjax.statistics.intervals import share

ACCEPTANCE, EXPERIMENTS = "acceptance", "experiments"
UNITS = "units"
_HUBS = {
    "self_preservation": "have a self-preservation hub",
    "tactical_help": "one of tactical help",
    "empathy_influenced_help": "one of empathy-influenced help",
}
_PACKAGES = ("python", "jax", "numpy")


def write_readme(results: Path, page: Path) -> list[str]:
    """Replaces the blocks of a page that a results folder, a sweep's or one population's, has numbers for.

    The page is a file with marks (see `mirrorjax.report.page.marks`). Gives the names of the blocks.

    Raises:
        InputError: it is no results folder, has no block's numbers, or the page has no such block or cannot be written.
    """
    sweep = load(results)
    written = []
    if table := acceptance_block(sweep):
        put(page, ACCEPTANCE, table)
        written.append(ACCEPTANCE)
    manifest = sweep.populations[0].manifest
    experiment, took = str(manifest.get("experiment")), time_words(sweep)
    before = block(_text(page), EXPERIMENTS)
    if took and f"| `{experiment}`" in before:
        put_cell(page, EXPERIMENTS, f"`{experiment}`", took)
        written.append(EXPERIMENTS)
    if experiment == "circuits":
        sentence = f"{circuits_sentence(sweep)} {measured_on(manifest)}"
        put_cell(page, UNITS, "`mirrorjax sweep experiment=circuits`", sentence)
        written.append(UNITS)
    if not written:
        raise InputError(f"--readme: {page} has no block that {results} has numbers for")
    return written


def acceptance_block(sweep: Sweep) -> str:
    """The comparison with the published run, of the first configuration that has all of it; empty without one."""
    for population in sweep.populations:
        view = View(population)
        found = view.networks
        for group in applicable(view):
            lines = acceptance(view, group)
            if any(line.met is None for line in lines):  # a shorter run says nothing of the published one's end
                continue
            low, median, high = band(found.untrained[found.of(group)])
            seeds = counted(int(lines[0].measured), "seed")
            head = f"| | published | median of {seeds} | 5–95 % | required |\n|---|---|---|---|---|\n"
            last = f"| untrained CMNI | | {_number(median)} | {_number(low)} – {_number(high)} | |\n"
            return f"{measured_on(population.manifest)}\n\n{head}{''.join(map(_row, lines[1:]))}{last}"
    return ""


def circuits_sentence(sweep: Sweep) -> str:
    """Shares of the networks of the first population that have a hub of each kind, and how many are mirror networks."""
    hubs = [f"circuits_{name}" for name in _HUBS]
    found = sweep.populations[0].query(
        f"SELECT {', '.join(hubs)}, mirror, excess_error FROM observations WHERE alive AND {hubs[0]} IS NOT NULL "
        "QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY checkpoint DESC) = 1"
    )
    number = len(found["mirror"])
    with_hub = [share(np.sum(found[name] > 0), number) for name in hubs]
    words = [f"{short_interval(*each)} {name}" for each, name in zip(with_hub, _HUBS.values(), strict=True)]
    able = learnt(found["excess_error"]) & np.isfinite(found["mirror"])
    mirror = int(np.sum(found["mirror"][able]))
    low, _, high = share(mirror, np.sum(able))
    return (
        f"Of {number} networks {listed(words)}. Of the {int(np.sum(able))} that have learnt the task {mirror} are "
        f"called mirror networks [{short_number(low)}, {short_number(high)}]."
    )


def time_words(sweep: Sweep) -> str:
    """How long a sweep took, all processes and populations together; empty where a manifest does not say."""
    seconds = [(each.manifest.get("seconds") or {}).get("total", np.nan) for each in sweep.populations]
    total = float(np.sum(seconds))
    if not seconds or not np.isfinite(total):
        return ""
    return f"{total:.0f} s" if total < 90 else f"{total / 60:.0f} min"


def measured_on(manifest: dict[str, Any]) -> str:
    """Device, date and versions in a line."""
    device, versions = manifest.get("device") or {}, manifest.get("versions") or {}
    count = device.get("count", 1)
    unit = ("core" if device.get("platform") == "cpu" else "device") + ("s" if count > 1 else "")
    packages = ", ".join(f"{name} {versions[name]}" for name in _PACKAGES if name in versions)
    date = str(manifest.get("finished") or "").partition("T")[0]
    return f"Measured on {device.get('kind', 'an unknown device')}, {count} {unit}, {date}; {packages}."


def _row(line: Requirement) -> str:
    interval = f"{_number(line.low)} – {_number(line.high)}" if np.isfinite(line.low) else ""
    return f"| {line.name} | {line.published} | {_number(line.measured)} | {interval} | {line.required} |\n"


def _number(value: Any) -> str:
    """Four decimals of small values, three of shares and ratios; epochs as usual."""
    if not np.isfinite(value):
        return NOT_MEASURED
    return f"{value:.4f}" if value < 0.2 else f"{value:.3f}" if value < 1.9 else epoch_words(value)


def _text(page: Path) -> str:
    try:
        return page.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{page}: {getattr(error, 'strerror', None) or error}") from error
