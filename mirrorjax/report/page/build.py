"""Writes the report of a results folder: report.html, figures/ and tables/."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from mirrorjax.errors import InputError
from mirrorjax.report.chart.matplotlib import save_image
from mirrorjax.report.figures import capacity_time as phase_diagram
from mirrorjax.report.figures import first as first_figure
from mirrorjax.report.figures.registry import OF_QUESTIONS
from mirrorjax.report.map import figure as phase_map
from mirrorjax.report.map.kinds import kind_of
from mirrorjax.report.page.answer import headline_html
from mirrorjax.report.page.files import FIGURE_FILES, TABLE_FILES, write_figure
from mirrorjax.report.page.html import page, panel_html, question
from mirrorjax.report.page.questions import Question, cmni, problems, questions
from mirrorjax.report.page.ways import of_ways
from mirrorjax.report.read.populations import Sweep, load
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import counted
from mirrorjax.results.jobs import plugins_of
from mirrorjax.results.store import write_text


def write_report(results: Path, member: str | None = None) -> Path:
    """Writes RESULTS/report.html, one file that needs nothing else, RESULTS/figures/ and RESULTS/tables/.

    Results are a sweep's folder, or one population's. The units of `member`, given by its id or the beginning of it,
    are shown first. Gives the path of report.html.

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
    parts = questions(sweep, views, _figures(views, results), of_ways(views, results))
    folded = [question(part.title, part.short, part.content, part.name) for part in parts]
    body = "\n".join([_first_screen(sweep, views, parts, results), problems(sweep), cmni(views), *folded])
    write_text(results / "report.html", page(f"{sweep.name} – mirrorjax report", body, finished))
    return results / "report.html"


def write_phase_diagrams(results: Path, folder: Path) -> tuple[dict[str, Path], Path]:
    """Writes the phase diagram of the first population with records, and its map where a setting varies.

    As phase_diagram.png and phase_map.png, which are returned by name, and both as phase_diagram.html, a page that
    needs nothing else.

    Raises:
        InputError: if there is no results folder or no record in it.
    """
    views = (View(population) for population in load(results).populations)
    view = next((view for view in views if len(view.networks.group)), None)
    if view is None:
        raise InputError(f"{results}: no population has records yet")
    panels = {kind.name: kind.panel(view) for kind in (phase_map.FIGURE, phase_diagram.FIGURE)}
    shown = {name: made for name, made in panels.items() if not made.missing}
    images: dict[str, Path] = {}
    for name, made in reversed(shown.items()):
        if made.printed:
            file = name.replace("-", "_")
            images[file] = folder / f"{file}.png"
            save_image(made.printed, images[file])
    body = "".join(panel_html(made, name) for name, made in shown.items())
    write_text(folder / "phase_diagram.html", page("Phase diagram – mirrorjax", body))
    return images, folder / "phase_diagram.html"


def _views(sweep: Sweep, member: str | None) -> list[View]:
    if member is None:
        return [View(population) for population in sweep.populations]
    source, found = sweep.results.find_member(member)
    owner = next(each for each in sweep.populations if source.name in each.names)
    if owner.units is None or found not in set(owner.units["member_id"].to_pylist()):
        raise InputError(f"member {found}: no activations of single units are stored for it in {source.name}/units")
    return [View(population, found if population is owner else None) for population in sweep.populations]


def _figures(views: list[View], results: Path) -> dict[tuple[str, str], str]:
    """All figures as HTML, by question and population; what cannot be drawn is left out with one line, last."""
    found = {}
    for name, kinds in OF_QUESTIONS.items():
        for view in views:
            parts = []
            for kind in kinds if len(view.networks.group) else ():
                if kind.is_of(view) and (kind is phase_map.FIGURE or not kind_of(view)):
                    numbers, file = kind.table(view) if kind.table else None, f"{kind.name}-{view.population.name}"
                    parts.append(write_figure(kind.panel(view), numbers, results, file))
            found[name, view.population.name] = "".join(sorted(parts, key=lambda part: part.startswith("<p")))  # stable
    return found


def _first_screen(sweep: Sweep, views: list[View], parts: Sequence[Question], results: Path) -> str:
    """What a reader sees without a click or a scroll: the answer, one figure, and where the rest is."""
    versions = {str((view.population.manifest.get("versions") or {}).get("mirrorjax", "")) for view in views} - {""}
    created = sorted(filter(None, (str(view.population.manifest.get("created") or "") for view in views)))
    about = [counted(len(views), "population")] if len(views) > 1 else []
    about += [created[0][:10]] if created else []
    about += [f"mirrorjax {version}" for version in sorted(versions)]
    about += [f"with {', '.join(plugins)}"] if (plugins := plugins_of(sweep.about)) else []
    measured = [view for view in views if len(view.networks.group)]
    acting = [view for view in measured if not kind_of(view)]
    shown = ""
    if acting:
        shown = write_figure(first_figure.panel(acting), first_figure.table(acting), results, "answer")
    elif measured and (kind := kind_of(measured[0])):
        shown = write_figure(kind.first_panel(measured[0]), None, results, "answer")
    with_cmni = [view for view in acting if "cmni" in view.population.measures]
    links = [("cmni", "CMNI, with care")] if with_cmni or not measured else []
    links += [(part.name, part.nav) for part in parts]
    contents = "".join(f'<li><a href="#{name}">{escape(words)}</a></li>' for name, words in links)
    return (
        f'<header class="first"><div class="answer"><h1>{escape(sweep.name)}</h1>'
        f'<p class="subtitle">{escape(" · ".join(about))}</p>{headline_html(views)}</div>'
        f'<div class="shown">{shown}</div>'
        f'<nav class="contents" aria-label="Contents"><ul>{contents}</ul></nav></header>'
    )
