"""Writes the report of a results folder: report.html, figures/ and tables/."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mirrorjax.errors import InputError
from mirrorjax.report.chart.chart import Chart
from mirrorjax.report.chart.figure import FigureKind, Panel
from mirrorjax.report.chart.matplotlib import save, save_image
from mirrorjax.report.chart.tables import Table, write_csv
from mirrorjax.report.figures import capacity_time as phase_diagram
from mirrorjax.report.figures import first as first_figure
from mirrorjax.report.figures.registry import OF_QUESTIONS
from mirrorjax.report.map import figure as phase_map
from mirrorjax.report.map.assemblies import first_panel, of_assemblies
from mirrorjax.report.map.printed import printed_map
from mirrorjax.report.page.answer import headline_html
from mirrorjax.report.page.html import page, panel_html, question
from mirrorjax.report.page.questions import Question, cmni, problems, questions
from mirrorjax.report.read.populations import Sweep, load
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted
from mirrorjax.results.jobs import plugins_of
from mirrorjax.results.store import write_text

FIGURE_FILES, TABLE_FILES = "figures", "tables"  # folders beside the page


def write_report(results: Path, member: str | None = None) -> Path:
    """Writes RESULTS/report.html, one file that needs nothing else, RESULTS/figures/ and RESULTS/tables/.

    Args:
        results: a sweep's folder, or one population's.
        member: the network whose units are shown first, by its id or the beginning of it.

    Returns:
        The path of report.html.

    Raises:
        InputError: if `results` is no results folder, cannot be written to, or has no such member, or more than one.
    """
    results = Path(results)
    finished = sorted(marker.parent.name for marker in results.glob("*/DONE"))  # before anything of theirs is read
    sweep = load(results)
    views = _views(sweep, member)
    for folder in (results / FIGURE_FILES, results / TABLE_FILES):
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise InputError(f"{folder}: the report cannot be written: {error.strerror or error}") from error
    parts = questions(sweep, views, _figures(views, results))
    folded = [question(part.title, part.short, part.content, part.name) for part in parts]
    body = "\n".join([_first_screen(sweep, views, parts, results), problems(sweep), cmni(views), *folded])
    return _write(results / "report.html", page(f"{sweep.name} – mirrorjax report", body, finished))


def phase_diagram_image(results: Path, path: Path) -> Path:
    """Writes the phase diagram of the first population with records as an image, PNG or SVG by its suffix.

    Raises:
        InputError: if there is no results folder or no record in it.
    """
    found = _image(phase_diagram.panel(_first_with_records(Path(results))).printed, path)
    assert found is not None, "a population with records has a diagram"
    return found


def phase_map_image(results: Path, path: Path) -> Path | None:
    """Writes the map of the first population with records as an image; None where no setting varies.

    Raises:
        InputError: if there is no results folder or no record in it.
    """
    found = phase_map.cells_of(_first_with_records(Path(results)))
    return _image(printed_map(found) if found else None, path)


def _image(chart: Chart | None, path: Path) -> Path | None:
    if chart is None:
        return None
    save_image(chart, Path(path))
    return Path(path)


def phase_diagram_html(results: Path, path: Path) -> Path:
    """Writes the phase diagram of the first population with records, and its map, as a self-contained page.

    Raises:
        InputError: if there is no results folder or no record in it.
    """
    view = _first_with_records(Path(results))
    panels = {kind.name: kind.panel(view) for kind in (phase_map.FIGURE, phase_diagram.FIGURE)}
    body = "".join(panel_html(panel, name) for name, panel in panels.items() if not panel.missing)
    return _write(Path(path), page("Phase diagram – mirrorjax", body))


def _first_with_records(results: Path) -> View:
    for population in load(results).populations:
        view = View(population)
        if len(view.networks.group):
            return view
    raise InputError(f"{results}: no population has records yet")


def _views(sweep: Sweep, member: str | None) -> list[View]:
    chosen: tuple[str, str] | None = None
    if member is not None:
        chosen = _find_member(sweep, member)
    views = []
    for population in sweep.populations:
        own = chosen[1] if chosen and chosen[0] in population.names else None
        views.append(View(population, own))
    return views


def _find_member(sweep: Sweep, member: str) -> tuple[str, str]:
    population, found = sweep.results.find_member(member)
    units = next(each.units for each in sweep.populations if population.name in each.names)
    if units is None or found not in set(units["member_id"].to_pylist()):
        raise InputError(f"member {found}: no activations of single units are stored for it in {population.name}/units")
    return population.name, found


def _figures(views: list[View], results: Path) -> dict[tuple[str, str], str]:
    """All figures as HTML, by question and population; what cannot be drawn is left out with one line, last."""
    found = {}
    for name, kinds in OF_QUESTIONS.items():
        for view in views:
            known = len(view.networks.group) > 0
            own = [kind for kind in kinds if kind is phase_map.FIGURE] if of_assemblies(view) else kinds
            parts = [_figure(view, kind, results) for kind in own] if known else []
            drawn = sorted(parts, key=lambda part: part.startswith("<p"))  # stable
            found[name, view.population.name] = "".join(drawn)
    return found


def _figure(view: View, kind: FigureKind, results: Path) -> str:
    name = f"{kind.name}-{view.population.name}"
    numbers = kind.table(view) if kind.table else None
    return _written(name, kind.panel(view), numbers, results)


def _written(name: str, made: Panel, numbers: Table | None, results: Path) -> str:
    """A figure as HTML, with its static copies and its table written beside the page."""
    if made.is_empty:
        made.missing = "nothing of it was measured"
    printed = None if made.missing else made.printed
    paths = save(printed, results / FIGURE_FILES / name) if printed else []
    if numbers:
        write_csv(numbers, results / TABLE_FILES / f"{name}.csv")
    static = (f"{FIGURE_FILES}/{path.name}" for path in paths)
    return panel_html(made, name, static, f"{TABLE_FILES}/{name}.csv" if numbers else "")


def _first_screen(sweep: Sweep, views: list[View], parts: Sequence[Question], results: Path) -> str:
    """What a reader sees without a click or a scroll: the answer, one figure, and where the rest is."""
    versions = {str((view.population.manifest.get("versions") or {}).get("mirrorjax", "")) for view in views} - {""}
    created = sorted(filter(None, (str(view.population.manifest.get("created") or "") for view in views)))
    about = [counted(len(views), "population")] if len(views) > 1 else []
    about += [created[0][:10]] if created else []
    about += [f"mirrorjax {version}" for version in sorted(versions)]
    about += [f"with {', '.join(plugins)}"] if (plugins := plugins_of(sweep.about)) else []
    measured = [view for view in views if len(view.networks.group)]
    acting = [view for view in measured if not of_assemblies(view)]
    shown = ""
    if acting:
        shown = _written("answer", first_figure.panel(acting), first_figure.table(acting), results)
    elif measured:
        shown = _written("answer", first_panel(measured[0]), None, results)
    links = [("cmni", "CMNI, with care")] if acting or not measured else []
    links += [(part.name, part.nav) for part in parts]
    contents = "".join(f'<li><a href="#{name}">{escape(words)}</a></li>' for name, words in links)
    return (
        f'<header class="first"><div class="answer"><h1>{escape(sweep.name)}</h1>'
        f'<p class="subtitle">{escape(" · ".join(about))}</p>{headline_html(views)}</div>'
        f'<div class="shown">{shown}</div>'
        f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav></header>'
    )


def _write(path: Path, text: str) -> Path:
    write_text(path, text)
    return path
