"""Puts the report together as one self-contained page: nothing is loaded, from disk or from the network."""

import json
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from plotly.offline import get_plotlyjs

from mirrorjax.report.chart.figure import Cell, Chooser, LiveMap, Panel, Table
from mirrorjax.report.chart.plotly import COLOURS, as_json
from mirrorjax.report.words.numbers import plain_number

_FEW = 5  # options that are shown side by side; more become a drop-down list
# the browser itself then refuses whatever would be loaded
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)


def page(title: str, body: str, finished: Iterable[str] = ()) -> str:
    """Wraps the body in a whole page with style, plotly and behaviour inlined; says which populations are finished."""
    style, behaviour = _resource("page.css"), "".join(map(_resource, ("narrow.js", "map.js", "page.js")))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="finished-populations" content="{escape(" ".join(finished))}">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<script>{get_plotlyjs()}</script>\n<script>\n{behaviour}</script>\n</body>\n</html>\n"
    )


def panel_html(panel: Panel, name: str, static: Iterable[str] = (), table: str = "") -> str:
    """Writes a figure with its controls and caption, under a name that is unique on the page.

    Paths of the static copies, and of the table of its numbers, are relative to the page.
    """
    heading = f'<h3 id="{escape(name)}">{escape(panel.title)}</h3>'
    if panel.missing:
        return f'<p class="missing">{escape(panel.title)} – left out: {escape(panel.missing)}</p>'
    drawn = map_html(panel.live, name) if panel.live else _variants(panel, name)
    attributes = f'data-kind="map" data-colours="{COLOURS}"' if panel.live else ""
    caption = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in panel.caption)
    links = ", ".join(link(path, Path(path).suffix[1:].upper()) for path in static)
    copies = f'<p class="copies">Static copy: {links}</p>' if links else ""
    copies += f'<p class="copies">All numbers: {link(table, "CSV")}</p>' if table else ""
    shown = table_html(panel.table) if panel.table else ""
    return (
        f'<section class="figure" data-figure="{escape(name)}" {attributes}>{heading}{drawn}{shown}'
        f'<div class="caption">{caption}{copies}</div></section>'
    )


def _variants(panel: Panel, name: str) -> str:
    """The controls, the place for a chart, and all charts to choose from."""
    controls = "".join(_control(chooser, f"{name}-{place}") for place, chooser in enumerate(panel.choosers))
    variants = ",".join(f'"{",".join(map(str, key))}":{as_json(chart)}' for key, chart in panel.variants.items())
    height = max(chart.height for chart in panel.variants.values())
    return (
        f'<div class="controls">{controls}</div><div class="plot" style="min-height:{height}px"></div>'
        f'<script type="application/json">{script_safe("{" + variants + "}")}</script>'
    )


def map_html(live: LiveMap, name: str) -> str:
    """Writes the controls of a map, the place where it is drawn, its numbers, and the place for a cell's networks."""
    controls = _control(live.orders, f"{name}-order", "order")
    for place, (chooser, first) in enumerate(live.slices):
        controls += _control(chooser, f"{name}-slice-{place}", "slice", first)
    last = live.checkpoints - 1
    slider = (
        f'<label class="slider">Checkpoint <input type="range" min="0" max="{last}" value="{last}" step="1" '
        'autocomplete="off"> <output></output></label>'
    )
    start = '<select autocomplete="off"><option value="">–</option>'
    cell = "".join(f"<label>{escape(each.label)} {start}{_options(each)}</select></label>" for each in live.cell)
    return (
        f'<div class="controls">{controls}{slider}</div><p class="note" aria-live="polite"></p>'
        f'<div class="plot" style="min-height:{live.height}px"></div>'
        f'<script type="application/json">{script_safe(json.dumps(live.data, ensure_ascii=False))}</script>'
        '<fieldset class="controls cell"><legend>Networks of a cell: click on it, or choose</legend>'
        f'{cell}</fieldset><div class="members" aria-live="polite"></div>'
    )


def _options(chooser: Chooser, first: int | None = None) -> str:
    return "".join(
        f'<option value="{place}"{" selected" if place == first else ""}>{escape(text)}</option>'
        for place, text in enumerate(chooser.options)
    )


def _control(chooser: Chooser, name: str, kind: str = "", first: int = 0) -> str:
    own = f"control {kind}".strip()
    if len(chooser.options) == 1:
        return f'<span class="{own}" data-value="0">{escape(chooser.label)}: {escape(chooser.options[0])}</span>'
    label = escape(chooser.label)
    if len(chooser.options) <= _FEW:
        buttons = "".join(
            f'<label><input type="radio" name="{escape(name)}" value="{place}"{" checked" if place == first else ""}>'
            f"<span>{escape(option)}</span></label>"
            for place, option in enumerate(chooser.options)
        )
        return f'<fieldset class="{own} buttons"><legend>{label}</legend>{buttons}</fieldset>'
    return f'<label class="{own}">{label} <select autocomplete="off">{_options(chooser, first)}</select></label>'


def table_html(table: Table) -> str:
    """Writes a table for readers: three significant digits."""

    def words(cell: Cell) -> str:
        return plain_number(cell) if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else cell

    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(words(cell))}</td>' for cell in row)}</tr>" for row in table.rows)
    return (
        f'<div class="scroll"><table class="numbers"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def script_safe(text: str) -> str:
    """Keeps JSON from ending the script element that it stands in: there, `<` occurs in strings alone."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def link(path: str, text: str) -> str:
    """Writes a link to a file beside the page."""
    return f'<a href="{escape(quote(path))}">{escape(text)}</a>'


def section(title: str, content: str, name: str) -> str:
    """Writes a section with its heading."""
    return f'<section id="{escape(name)}"><h2>{escape(title)}</h2>{content}</section>'


def question(title: str, short: str, content: str, name: str) -> str:
    """Writes a part that is folded under its question, with a short answer beside it."""
    beside = f' <span class="short">{escape(short)}</span>' if short else ""
    return (
        f'<details class="question" id="{escape(name)}"><summary><h2>{escape(title)}</h2>{beside}</summary>'
        f"{content}</details>"
    )


def details(title: str, content: str) -> str:
    """Writes a part that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def _resource(name: str) -> str:
    return (files("mirrorjax.report.page") / name).read_text(encoding="utf-8")
