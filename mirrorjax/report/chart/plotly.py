"""Draws charts for the page, as what plotly's JavaScript reads: dictionaries of traces and layout."""

import base64
import json
from collections.abc import Mapping
from string import Formatter
from typing import Any

import numpy as np

from mirrorjax.report.chart.chart import Chart, Scale
from mirrorjax.report.chart.layout import Drawing, Place, annotation, layout, text
from mirrorjax.report.chart.marks import AnyMark, Bars, HeatMap, Line, Look, Note, Points, Rule, Series, reach

COLOURS = "Cividis"  # even in lightness and the same to colour-blind readers


def as_json(chart: Chart) -> str:
    """A chart as plotly reads it, arrays packed as bytes."""
    return json.dumps(drawing(chart), default=_packed, ensure_ascii=False, allow_nan=False)


def _packed(array: np.ndarray) -> Drawing:
    """As few bytes as hold whole numbers exactly, and seven digits of others."""
    whole = array.size > 0 and bool(np.isfinite(array).all()) and bool(np.all(array == np.round(array)))
    largest = np.abs(array).max() if whole else np.inf
    kind = next((kind for kind in ("i1", "i2", "i4") if largest <= np.iinfo(kind).max), "f4")
    data = base64.b64encode(np.ascontiguousarray(array, f"<{kind}").tobytes()).decode()
    shape = {"shape": ", ".join(map(str, array.shape))} if array.ndim > 1 else {}
    return {"dtype": kind, "bdata": data, **shape}


def drawing(chart: Chart) -> Drawing:
    """Traces and layout."""
    made, places = layout(chart)
    traces: list[Drawing] = []
    for place in places:
        for mark, on_right in place.plot.every_mark:
            axes = {"xaxis": place.axis("x"), "yaxis": place.axis("y", on_right)}
            if isinstance(mark, Rule):
                made["shapes"] += _rule(mark, axes)
                made["annotations"] += _rule_label(mark, place)
            elif isinstance(mark, Note):
                made["annotations"].append(_note(mark, axes))
            else:
                own = {"legend": place.axis("legend")} if chart.legend == "beside" else {}
                traces += [trace | axes | own for trace in DRAWN[type(mark)](mark, place.plot.x, place.plot.y)]
    named = {""}
    for trace in traces:  # an entry of the legend is of the first that has its name
        trace["showlegend"] = trace.get("name", "") not in named
        named.add(trace.get("name", ""))
    return {"data": traces, "layout": made}


def _line(mark: Line, x: Scale, y: Scale) -> list[Drawing]:
    mode = {"mode": "lines+markers" if mark.look.symbol else "lines", "line": _stroke(mark.look)}
    known = np.ones(len(mark.x), bool) if mark.broken else mark.known
    return _band(mark) + [trace | mode for trace in _series(mark, known, x, y)]


def _band(mark: Line) -> list[Drawing]:
    if mark.low is None or mark.high is None:
        return []
    known = mark.known & np.isfinite(mark.low) & np.isfinite(mark.high)
    x, low, high = (np.asarray(each, np.float64)[known] for each in (mark.x, mark.low, mark.high))
    outline = {"x": np.concatenate([x, x[::-1]]), "y": np.concatenate([high, low[::-1]]), "fill": "toself"}
    look = {"fillcolor": mark.look.colour, "opacity": 0.18, "mode": "none", "hoverinfo": "skip"}
    return [outline | look | {"legendgroup": text(mark.look.label)}] if len(x) else []


def _points(mark: Points, x: Scale, y: Scale) -> list[Drawing]:
    mode: Drawing = {"mode": "lines+markers", "line": _stroke(mark.look)} if mark.joined else {"mode": "markers"}
    return [trace | mode | _whiskers(mark) for trace in _series(mark, mark.known, x, y)]


def _bars(mark: Bars, x: Scale, y: Scale) -> list[Drawing]:
    look = mark.look
    bars: Drawing = {"type": "bar", "orientation": "h" if mark.across else "v", "marker": {"color": look.colour}}
    bars |= {"width": mark.width, "offset": mark.shift - mark.width / 2, **_whiskers(mark)}
    if mark.letters:
        bars |= {"text": mark.letters, "textposition": "outside", "textfont": {"size": 10}, "cliponaxis": False}
    if look.hatch:
        colours = {"fgcolor": look.second, "bgcolor": look.colour, "solidity": 0.5 if look.hatch == "/" else 0.2}
        bars["marker"]["pattern"] = {"shape": look.hatch, **colours}
    return [trace | bars for trace in _series(mark, mark.known, x, y)]


def _series(mark: Series, known: np.ndarray, x: Scale, y: Scale) -> list[Drawing]:
    """What all series have in common; none where nothing is known."""
    look, label = mark.look, text(mark.look.label)
    ends = {name: end for name, end in (("low", mark.low), ("high", mark.high)) if end is not None}
    columns = {name: np.asarray(each)[known] for name, each in (ends | dict(mark.details)).items()}
    across, up = (np.asarray(each, np.float64)[known] for each in (mark.x, mark.y))
    trace: Drawing = {"x": _on(x, across), "y": _on(y, up)}
    trace |= {"name": f"<b>{label}</b>" if look.bold else label, "legendgroup": label}
    trace |= {"opacity": look.opacity} if look.opacity < 1 else {}
    trace |= {"visible": "legendonly"} if look.off else {}
    trace |= _hover(mark.hover, columns, look.label)
    if look.symbol:
        edge = {"line": {"color": look.edge, "width": 1.5}} if look.edge else {}
        trace["marker"] = {"size": look.size, "color": look.colour, "symbol": look.symbol, **edge}
    return [trace] if known.any() else []


def _on(scale: Scale, values: Any) -> Any:
    """Values as plotly takes them: categories by their names."""
    return [text(scale.names[int(value)]) for value in values] if scale.is_category else values


def _stroke(look: Look) -> Drawing:
    return {"color": look.colour, "dash": look.dash, "width": look.width}


def _whiskers(mark: Points | Bars) -> Drawing:
    ends = reach(mark)
    if ends is None:
        return {}
    colour = "#222" if isinstance(mark, Bars) else mark.look.colour
    bars = {"type": "data", "array": ends[1], "arrayminus": ends[0], "width": 4, "thickness": 1.5, "color": colour}
    return {"error_x" if mark.across else "error_y": bars}


def _heat_map(mark: HeatMap, x: Scale, y: Scale) -> list[Drawing]:
    rows, columns = mark.z.shape
    gap = 1 if mark.z.size <= 2000 else 0  # lines between thin cells would be all that is seen
    title = {"text": text(mark.unit), "side": "right", "font": {"size": 13}}
    bar = {"title": title, "thickness": 14, "tickformat": mark.format}
    cells: Drawing = {"type": "heatmap", "x": _on(x, np.arange(columns)), "y": _on(y, np.arange(rows)), "z": mark.z}
    cells |= {"zmin": mark.limits[0], "zmax": mark.limits[1]}
    cells |= {"colorscale": COLOURS, "showscale": mark.bar, "colorbar": bar}
    cells |= {"xgap": gap, "ygap": gap, "hoverongaps": False, **_hover(mark.hover, mark.details, "")}
    if not mark.texts:
        return [cells]
    across, up, words, colours = (list(each) for each in zip(*mark.texts, strict=True))
    font = {"textfont": {"size": 11, "color": colours}, "hoverinfo": "skip"}
    return [cells, {"mode": "text", "text": words, "x": _on(x, across), "y": _on(y, up), **font}]


def _hover(template: str, columns: Mapping[str, Any], label: str) -> Drawing:
    """A format string with its columns, as plotly's template with its data."""
    if not template:
        return {"hoverinfo": "skip"}
    words, used = "", dict[str, int]()
    for literal, name, spec, _ in Formatter().parse(template):
        words += text(literal)
        if name is None:
            continue
        form = f":{spec.replace('g', '~g')}" if spec else ""  # Python's g drops trailing zeros
        if name == "label":
            words += text(label)
        elif name in ("x", "y", "z"):
            words += f"%{{{name}{form}}}"
        else:
            words += f"%{{customdata[{used.setdefault(name, len(used))}]{form}}}"
    data = {"customdata": _customdata([np.asarray(columns[name]) for name in used])} if used else {}
    return {"hovertemplate": f"{words}<extra></extra>", **data}


def _customdata(columns: list[np.ndarray]) -> Any:
    """Columns beside each other: numbers as an array, with texts among them as lists."""
    if all(each.dtype.kind in "biuf" for each in columns):
        return np.stack(columns, axis=-1).astype(np.float32)
    rows = zip(*(each.ravel() for each in columns), strict=True)
    plain = [[text(value) if isinstance(value, str) else float(value) for value in row] for row in rows]
    return np.array(plain, object).reshape(*columns[0].shape, len(columns)).tolist()


def _rule(mark: Rule, axes: Drawing) -> list[Drawing]:
    own, other = ("y", "x") if mark.axis == "y" else ("x", "y")
    across = {f"{own}ref": axes[f"{own}axis"], f"{other}ref": f"{axes[f'{other}axis']} domain"}
    across |= {f"{other}0": 0, f"{other}1": 1}
    found: list[Drawing] = [
        {"type": "line", "line": _stroke(mark.look), **across, f"{own}0": mark.at, f"{own}1": mark.at}
    ]
    if mark.low is not None and mark.high is not None:
        shade = {"type": "rect", "fillcolor": mark.look.colour, "opacity": 0.12, "line": {"width": 0}}
        found.insert(0, shade | across | {f"{own}0": mark.low, f"{own}1": mark.high})
    return found


def _rule_label(mark: Rule, place: Place) -> list[Drawing]:
    if not mark.label:
        return []
    if mark.axis == "y":
        at = {"xref": "paper", "x": place.x[1] + 0.005, "xanchor": "left", "yref": place.axis("y")}
        at["y"] = mark.at if mark.label_at is None else mark.label_at
    else:
        at = {"xref": place.axis("x"), "x": mark.at, "yref": "paper", "y": place.y[1], "yanchor": "bottom"}
    return [annotation(mark.label, **at)]


def _note(mark: Note, axes: Drawing) -> Drawing:
    inside = "" if mark.in_data else " domain"
    at = {"xref": axes["xaxis"] + inside, "yref": axes["yaxis"] + inside, "x": mark.x, "y": mark.y}
    look = {"font": {"size": 12, "color": mark.colour}, "bgcolor": "white" if mark.filled else "rgba(0,0,0,0)"}
    note = annotation(mark.text, yanchor=mark.anchor[0], xanchor=mark.anchor[1], **at, **look)
    return note | ({"text": f"<b>{note['text']}</b>"} if mark.bold else {})


DRAWN: dict[type[AnyMark], Any] = {Line: _line, Points: _points, Bars: _bars, HeatMap: _heat_map}
