"""Writes the comparison of several sweeps, or of the ways to learn in one: compare.html, figures/ and tables/."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mirrorjax.errors import InputError
from mirrorjax.report.compare import curves as compare_curves
from mirrorjax.report.compare import ends as compare_ends
from mirrorjax.report.compare import scaling as compare_scaling
from mirrorjax.report.compare.sweeps import LOOKS, Compared, chosen_measures, read, times, warnings
from mirrorjax.report.page.files import write_csv, write_figure
from mirrorjax.report.page.html import link, page, section, table_html
from mirrorjax.report.page.ways import content as ways_content
from mirrorjax.report.read.caused import total
from mirrorjax.report.read.ways import MOST, differ, ways
from mirrorjax.report.words.numbers import counted, listed
from mirrorjax.results.store import write_text
from mirrorjax.statistics.intervals import mean_interval_words

_ENDS = (
    "Means over networks of the configuration nearest the paper's in each sweep, with {intervals}: at the last "
    "time that all have a checkpoint at, and at the smallest excess error that half of every sweep's "
    "networks reach (the smallest so far counts, interpolated between checkpoints; networks that never get there are "
    "left out and counted). A difference that is gone at the same excess error is one of how far training came."
)
_TESTS = (
    "Spread between the sweeps' mean curves over all places that they share, in standard deviations between networks, "
    "held against permutations of networks between sweeps (1,000; a spread beyond 95 % of them, the column “by "
    "chance”, refutes that they are one curve). Means there are in the order of the sweeps. Every line is a test of "
    "its own: of twenty, one is refuted by chance. With many networks a difference of no importance is refuted too: "
    "look at its size."
)


def write_comparison(folders: Sequence[Path], out: Path, measures: Sequence[str] = ()) -> Path:
    """Writes OUT/compare.html, one file that needs nothing else, OUT/figures/ and OUT/tables/, of two folders at least.

    Of one, where it holds several ways to learn: these are then all that is compared. `out` is made where it is not
    there. `measures` are of the records, for the curves and the tables; those that all sweeps have without any. Gives
    the path of compare.html.

    Raises:
        InputError: for fewer than two folders without several ways, one without results, a measure that was not
            recorded, or an `out` that cannot be written to.
    """
    sweeps = read([Path(folder) for folder in folders])
    chosen = chosen_measures(sweeps, measures)
    found = ways((view for sweep in sweeps for view in sweep.views), measures)
    if len(sweeps) == 1 and not differ(found):
        raise InputError(
            f"compare: 1 results folders given; allowed: 2 to {len(LOOKS)}, or one with 2 to {MOST} ways to learn"
        )
    out = Path(out)
    try:
        for name in ("figures", "tables"):
            (out / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {out}: the comparison cannot be written: {error.strerror or error}") from error
    names, alike = " · ".join(each.name for each in sweeps), ""
    if unlike := "".join(f"<li>{escape(each)}</li>" for each in warnings(sweeps)):
        alike = f'<div class="caution"><p><strong>Not measured alike.</strong></p><ul>{unlike}</ul></div>'
    learnt = section("Ways to learn", ways_content(found, out, measures), "ways") if differ(found) else ""
    body = "\n".join(
        [
            f'<header><h1>Comparison</h1><p class="subtitle">{escape(names)}</p></header>',
            _key(sweeps),
            alike,
            learnt,
            _of_sweeps(sweeps, chosen, out) if len(sweeps) > 1 else "",
        ]
    )
    path = out / "compare.html"
    write_text(path, page(f"{names} – mirrorjax compare", body))
    return path


def _of_sweeps(sweeps: Sequence[Compared], chosen: dict[str, str], out: Path) -> str:
    """What only several sweeps have: their curves, their values at one place, their ends."""
    curves = compare_curves.panel(sweeps, chosen), compare_curves.table(sweeps, chosen)
    ends = compare_scaling.panel(sweeps), compare_scaling.table(sweeps)
    return "\n".join(
        [
            section("Curves", write_figure(*curves, out, "curves", "compare-curves"), "curves"),
            _ends(sweeps, chosen, out),
            section("End values", write_figure(*ends, out, "scaling", "compare-scaling"), "scaling"),
        ]
    )


def _key(sweeps: Sequence[Compared]) -> str:
    lines = []
    for each in sweeps:
        networks = counted(sum(len(view.networks.group) for view in each.views), "network")
        groups = counted(sum(len(view.population.groups) for view in each.views), "configuration")
        found = total(each.views).words
        lines.append(
            f"<li><strong>{escape(each.name)}</strong>: {networks} in {groups}, "
            f"<code>{escape(str(each.folder))}</code>. {escape(found[0].upper() + found[1:])}.</li>"
        )
    return f'<div class="summary"><ul>{"".join(lines)}</ul></div>'


def _ends(sweeps: Sequence[Compared], measures: dict[str, str], out: Path) -> str:
    made = compare_ends.conditions(sweeps, list(measures))
    counted_in = times(sweeps)
    matched = [compare_ends.at_epoch(made, counted_in), compare_ends.at_error(made, counted_in)]
    missing = "".join(
        f'<p class="missing">Not matched: {escape(each.missing)}.</p>' for each in matched if each.missing
    )
    write_csv(compare_ends.table(measures, matched), out / "tables" / "matched.csv")
    tests = compare_ends.tests(sweeps, made, measures)
    write_csv(compare_ends.tests_table(tests, whole=True), out / "tables" / "collapse.csv")
    ends = _ENDS.format(intervals=mean_interval_words(compare_ends.fewest(matched)))
    values = (
        table_html(compare_ends.shown_table(sweeps, measures, matched))
        + missing
        + f'<p class="caption">{ends}</p><p class="copies">All numbers: {link("tables/matched.csv", "CSV")}</p>'
    )
    differing = compare_ends.differing(sweeps)
    about = f"The configurations shown differ in {listed(differing)}." if differing else "They differ in no setting."
    one = (
        f"<p>{escape(about)}</p>{table_html(compare_ends.tests_table(tests))}"
        f'<p class="caption">{_TESTS}</p><p class="copies">All numbers: {link("tables/collapse.csv", "CSV")}</p>'
    )
    return section("At the same place", values, "matched") + section("One curve?", one, "collapse")
