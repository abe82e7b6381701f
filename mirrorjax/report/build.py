"""Writes the report of a results folder: report.html, figures/ and tables/."""

from html import escape
from pathlib import Path

from mirrorjax.errors import InputError
from mirrorjax.report import phase_diagram, phase_map
from mirrorjax.report.figure import FigureKind, View, save, static_style
from mirrorjax.report.html import details, link, page, panel_html, preformatted, section
from mirrorjax.report.load import Extension, Population, Sweep, load
from mirrorjax.report.methods import methods
from mirrorjax.report.registry import FIGURES
from mirrorjax.report.runs_table import acceptance_tables, manifest_facts, runs_table
from mirrorjax.report.statistics import curves, networks
from mirrorjax.report.summary import caution, summary
from mirrorjax.report.tables import write_csv
from mirrorjax.report.words import counted, listed
from mirrorjax.tracking.store import write_text

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
    sections = [_population_section(view, results, alone=len(views) == 1) for view in views]
    body = _body(sweep, views, sections)
    return _write(results / "report.html", page(f"{sweep.name} – mirrorjax report", body, finished))


def phase_diagram_image(results: Path, path: Path) -> Path:
    """Writes the phase diagram of the first population with records as an image, PNG or SVG by its suffix.

    Raises:
        InputError: if there is no results folder or no record in it.
    """
    found = _image(phase_diagram.FIGURE, results, path)
    assert found is not None, "a population with records has a diagram"
    return found


def phase_map_image(results: Path, path: Path) -> Path | None:
    """Writes the map of the first population with records as an image; None where no setting varies.

    Raises:
        InputError: if there is no results folder or no record in it.
    """
    return _image(phase_map.FIGURE, results, path)


def _image(kind: FigureKind, results: Path, path: Path) -> Path | None:
    view = _first_with_records(Path(results))
    with static_style():
        drawn = kind.draw(view)
        if drawn is None:
            return None
        drawn.savefig(path, dpi=150)
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
        view = View(population, curves(population), networks(population))
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
        views.append(View(population, curves(population), networks(population), own))
    return views


def _find_member(sweep: Sweep, member: str) -> tuple[str, str]:
    population, found = sweep.results.find_member(member)
    units = next(each.units for each in sweep.populations if population.name in each.names)
    if units is None or found not in set(units["member_id"].to_pylist()):
        raise InputError(f"member {found}: no activations of single units are stored for it in {population.name}/units")
    return population.name, found


def _population_section(view: View, results: Path, alone: bool) -> str:
    population = view.population
    name = f"population-{population.name}"
    parts = [] if alone else [f"<p>{_dataset_words(population)}</p>"]
    if population.extensions:
        names = listed([f"<code>{escape(each.name)}</code>" for each in population.extensions])
        parts.append(f"<p>With {names}, which extended it: together they count as one population.</p>")
    if not len(view.networks.group):
        parts.append('<p class="missing">No records yet: nothing to draw.</p>')
    else:
        parts += [_figure(view, kind, results) for kind in FIGURES]
    title = "Figures" if alone else f"Population {population.name}"
    return section(title, "".join(parts), name)


def _figure(view: View, kind: FigureKind, results: Path) -> str:
    name = f"{kind.name}-{view.population.name}"
    with static_style():
        drawn = kind.draw(view)
        paths = save(drawn, results / FIGURE_FILES / name) if drawn else []
    numbers = kind.table(view) if kind.table else None
    if numbers:
        write_csv(numbers, results / TABLE_FILES / f"{name}.csv")
    static = (f"{FIGURE_FILES}/{path.name}" for path in paths)
    return panel_html(kind.panel(view), name, static, f"{TABLE_FILES}/{name}.csv" if numbers else "")


def _dataset_words(population: Population) -> str:
    return f"Dataset <code>{escape(population.dataset_hash)}</code>."


def _body(sweep: Sweep, views: list[View], sections: list[str]) -> str:
    versions = {str((view.population.manifest.get("versions") or {}).get("mirrorjax", "")) for view in views} - {""}
    created = sorted(filter(None, (str(view.population.manifest.get("created") or "") for view in views)))
    about = [counted(len(views), "population")]
    about += [f"started {created[0]}"] if created else []
    about += [f"mirrorjax {version}" for version in sorted(versions)]
    header = f'<header><h1>{escape(sweep.name)}</h1><p class="subtitle">{escape(" · ".join(about))}</p></header>'
    parts = [
        header,
        f'<div class="summary">{summary(views)}</div><div class="caution">{caution(views)}</div>',
        _problem_box(sweep),
        *sections,
        section("Runs", _several_datasets(views) + runs_table(views) + _TABLE_NOTE, "runs"),
        _acceptance_section(views),
        section("Populations", "".join(_population_facts(view.population) for view in views), "populations"),
        section("Methods", methods(), "methods"),
        section("Raw data", _raw_files(sweep), "data"),
    ]
    return "\n".join(parts)


_TABLE_NOTE = (
    '<p class="caption">One line a configuration; click a heading to sort, point at it for its meaning. Lines of '
    "different populations stand beside each other and are not pooled.</p>"
)


def _several_datasets(views: list[View]) -> str:
    hashes = sorted({view.population.dataset_hash for view in views})
    if len(hashes) == 1:
        return ""
    return f'<p class="missing">These populations were trained on {len(hashes)} different datasets.</p>'


def _problem_box(sweep: Sweep) -> str:
    if not sweep.problems:
        return ""
    lines = "".join(f"<li>{escape(problem)}</li>" for problem in sweep.problems)
    return section("Problems found while loading", f'<ul class="problems">{lines}</ul>', "problems")


def _acceptance_section(views: list[View]) -> str:
    tables = acceptance_tables(views)
    if not tables:
        return section(
            "Against the published run",
            '<p class="missing">No comparison: it takes at least 8 networks of 2×17 at batch size 25.</p>',
            "acceptance",
        )
    intro = (
        "<p>Measured values are medians over networks; the peak is that of the median curve after epoch 1.5, with the "
        "spread of the networks' own peaks beside it. A value that the run has no checkpoint for is “not measured”, "
        "which is not “met”.</p>"
    )
    return section("Against the published run", intro + tables, "acceptance")


def _population_facts(population: Population | Extension) -> str:
    facts = manifest_facts(population.manifest) if population.manifest else '<p class="missing">No manifest.</p>'
    config = details("Resolved config", preformatted(population.config)) if population.config else ""
    extensions = population.extensions if isinstance(population, Population) else []
    kind = "Population" if isinstance(population, Population) else "Extension"
    parts = [f"<h3>{kind} <code>{escape(population.name)}</code></h3>{facts}{config}"]
    return "".join([*parts, *map(_population_facts, extensions)])


def _raw_files(sweep: Sweep) -> str:
    items = []
    for population in (each for found in sweep.populations for each in (found, *found.extensions)):
        links = [
            link(f"{population.path}/{name}", name)
            for name in (
                "members.parquet",
                "records/",
                "units/",
                "nulls.parquet",
                "config.yaml",
                "manifest.json",
                "weights.safetensors",
            )
            if (population.folder / name).exists()
        ]
        items.append(f"<li><code>{escape(population.name)}</code>: {' · '.join(links)}</li>")
    return (
        "<p>Everything above was computed from these Parquet files (links work while this page lies in its results "
        f"folder).</p><ul>{''.join(items)}</ul>"
    )


def _write(path: Path, text: str) -> Path:
    write_text(path, text)
    return path
