"""Puts the report together as one self-contained page: nothing is loaded, from disk or from the network."""

import json
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from plotly.io import to_json
from plotly.offline import get_plotlyjs

from mirrorjax.report.figure import Chooser, Panel
from mirrorjax.report.tables import table_html

_FEW = 5  # options that are shown side by side; more become a drop-down list
# the browser itself then refuses whatever would be loaded
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
)


def page(title: str, body: str, finished: Iterable[str] = ()) -> str:
    """Wraps the body in a whole page with style, plotly and behaviour inlined; says which populations are finished."""
    style, behaviour = _resource("page.css"), _resource("page.js")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="finished-populations" content="{escape(" ".join(finished))}">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        f"<script>{get_plotlyjs()}</script>\n<script>\n{behaviour}</script>\n</body>\n</html>\n"
    )


def panel_html(panel: Panel, name: str, static: Iterable[str] = (), table: str = "") -> str:
    """Writes a figure with its controls and caption.

    Args:
        name: unique on the page.
        static: paths of the static copies, relative to the page.
        table: path of the table of its numbers, relative to the page.
    """
    heading = f'<h3 id="{escape(name)}">{escape(panel.title)}</h3>'
    if panel.missing:
        return f'<section class="figure">{heading}<p class="missing">{escape(panel.missing)}</p></section>'
    controls = "".join(_control(chooser, f"{name}-{place}") for place, chooser in enumerate(panel.choosers))
    variants = ",".join(
        f'"{",".join(map(str, key))}":{to_json(made, validate=False)}' for key, made in panel.variants.items()
    )
    height = max(made.layout.height for made in panel.variants.values())
    caption = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in panel.caption)
    links = ", ".join(link(path, Path(path).suffix[1:].upper()) for path in static)
    copies = f'<p class="copies">Static copy: {links}</p>' if links else ""
    copies += f'<p class="copies">All numbers: {link(table, "CSV")}</p>' if table else ""
    shown = table_html(panel.table) if panel.table else ""
    return (
        f'<section class="figure" data-figure="{escape(name)}">{heading}<div class="controls">{controls}</div>'
        f'<div class="plot" style="min-height:{height}px"></div>'
        f'<script type="application/json">{script_safe("{" + variants + "}")}</script>'
        f'{shown}<div class="caption">{caption}{copies}</div></section>'
    )


def _control(chooser: Chooser, name: str) -> str:
    if len(chooser.options) == 1:
        return f'<span class="control" data-value="0">{escape(chooser.label)}: {escape(chooser.options[0])}</span>'
    label = escape(chooser.label)
    if len(chooser.options) <= _FEW:
        buttons = "".join(
            f'<label><input type="radio" name="{escape(name)}" value="{place}"{" checked" if place == 0 else ""}>'
            f"<span>{escape(option)}</span></label>"
            for place, option in enumerate(chooser.options)
        )
        return f'<fieldset class="control buttons"><legend>{label}</legend>{buttons}</fieldset>'
    options = "".join(f'<option value="{place}">{escape(text)}</option>' for place, text in enumerate(chooser.options))
    return f'<label class="control">{label} <select autocomplete="off">{options}</select></label>'


def script_safe(text: str) -> str:
    """Keeps JSON from ending the script element that it stands in: there, `<` occurs in strings alone."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def link(path: str, text: str) -> str:
    """Writes a link to a file beside the page."""
    return f'<a href="{escape(quote(path))}">{escape(text)}</a>'


def section(title: str, content: str, name: str) -> str:
    """Writes a section with its heading."""
    return f'<section id="{escape(name)}"><h2>{escape(title)}</h2>{content}</section>'


def details(title: str, content: str) -> str:
    """Writes a part that opens on a click."""
    return f"<details><summary>{escape(title)}</summary>{content}</details>"


def preformatted(value: object) -> str:
    """Writes a config as it is."""
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False, default=str))}</pre>"


def _resource(name: str) -> str:
    return (files("mirrorjax.report") / name).read_text(encoding="utf-8")
