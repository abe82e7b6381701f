"""A bench as text: every figure with its spread and its share of the machine's limit, and the ratios that matter."""

from typing import Any

from mirrorjax.bench.section import SECTIONS

BLOCK = "bench"  # of a page, see `mirrorjax.report.page.marks`
PEAK = "peak of float32 products"
PUBLISHED_GAME = 13_000  # turns a second of the public Python game with its display silenced

Figures = list[dict[str, Any]]


def plain(name: str, figures: Figures) -> str:
    """A section for the terminal."""
    return "\n".join(f"  {f['name']:44} {_value(f):>22}  {_spread(f):>20} {_share(f, figures):>10}" for f in figures)


HEADLINES = {  # what a reader looks for first: section, the figure's name, what it is called here
    ("simulator", "4,096 games, frog_hops"): "game turns, one core",
    ("data", "from scratch"): "dataset of 7 M turns, from scratch",
    ("data", "from the cache"): "… from the cache",
    ("data", "peak memory"): "… memory",
    ("training", "own order, 4,096"): "training 2×17, one core: 4,096 members, own data order",
    ("training", "shared order, 4,096"): "… shared data order",
    ("training", "own order, 128"): "… 128 members, own order",
    ("training", "own order, 1"): "… one member",
    ("engines", "fused, 4,096"): "training 2×17 on a GPU: 4,096 members, the fused kernel",
    ("engines", "xla, 4,096"): "… the compiled step",
    ("engines", "fused, 32"): "… 32 members, the fused kernel",
    ("training_all", "own order, 4,096"): "… 4,096 members on all cores, own order",
    ("training_all", "shared order, 4,096"): "… shared order",
    ("keras", "plain fit"): "Keras `fit`, one core",
    ("keras", "tuned fit"): "Keras `fit`, compiled, 100 steps a call",
    ("torch", "PyTorch vmap, 1,024"): "PyTorch `vmap`, 1,024 members, one core",
    ("measuring", "a member and checkpoint"): "measuring a member on 100,000 test and validation rows each, one core",
    ("compiling", "train, tracing"): "tracing the training program",
    ("compiling", "train, from nothing"): "… compiling it",
    ("compiling", "train, from the cache"): "… or loading it from the cache on disk",
    ("starting", "to the first step"): "quickstart's command to its first step, caches warm",
    ("whole", "quickstart, cold"): "whole `quickstart`, caches cold",
    ("whole", "quickstart, warm"): "… caches warm",
    ("whole", "paper_fast, cold"): "whole `paper_fast`, caches cold",
    ("whole", "paper_fast, warm"): "… caches warm",
    ("memory", "a member, measured"): "memory a member, from its start to a measured checkpoint",
    ("memory", "a member, planned"): "… as planned",
}


def summary(result: dict[str, Any]) -> str:
    """The ratios and the headlines."""
    sections = result["sections"]
    lines = [*_about(result), "| | median | of the peak of float32 products |", "|---|---|---|"]
    for (section, name), label in HEADLINES.items():
        figures = sections.get(section, {}).get("figures", [])
        lines += [f"| {label} | {_value(f)} | {_share(f, figures)} |" for f in figures if f["name"].endswith(name)]
    return "\n".join([*lines, "", *_ratio_lines(sections)]) + "\n"


def markdown(result: dict[str, Any]) -> str:
    """The whole bench as a page: ratios first, then every figure."""
    heads = "| | median | spread | of peak |", "|---|---|---|---|"
    lines = [*_about(result), *_ratio_lines(result["sections"]), "", *heads]
    for name, section in result["sections"].items():
        figures = section["figures"]
        if figures:
            lines.append(f"| **{SECTIONS[name].title}** | | | |")
            lines += [f"| {f['name']} | {_value(f)} | {_spread(f)} | {_share(f, figures)} |" for f in figures]
    return "\n".join(lines) + "\n"


def _about(result: dict[str, Any]) -> list[str]:
    device, versions = result["device"], result["versions"]
    packages = ", ".join(f"{name} {versions[name]}" for name in ("python", "jax", "flax", "optax", "numpy"))
    count = f"{device['count']} {'cores' if device['platform'] == 'cpu' else 'devices'}"
    return [f"Measured by `make bench` on {device['kind']}, {count}, {result['date']}; {packages}. Medians.", ""]


def _ratio_lines(sections: dict[str, Any]) -> list[str]:
    found = ratios(sections)
    return ["| ratios, in one run | |", "|---|---|", *(f"| {name} | {value:,.3g}× |" for name, value in found.items())]


def ratios(sections: dict[str, Any]) -> dict[str, float]:
    """What stands side by side in one run; a ratio whose peer was not installed is left out."""

    def best(section: str, name: str = "", has: str = "median") -> float | None:
        figures = sections.get(section, {}).get("figures", [])
        return max((f["median"] for f in figures if f["name"].endswith(name) and f.get(has)), default=None)

    one, shared = best("training", "own order, 4,096"), best("training", "shared order, 4,096")
    pairs = {
        "own order, 4,096 members / plain Keras `fit`": (one, best("keras", "plain fit")),
        "shared order, 4,096 members / plain Keras `fit`": (shared, best("keras", "plain fit")),
        "own order, 4,096 members / tuned Keras `fit`": (one, best("keras", "tuned fit")),
        "own order, 4,096 members / PyTorch vmap at its best": (one, best("torch", has="flops")),
        "all cores / one core, own order": (best("training_all", "own order, 4,096"), one),
        "all cores / one core, shared order": (best("training_all", "shared order, 4,096"), shared),
        "widths 5…50: ladder / all padded to 50": (best("widths", "by the ladder"), best("widths", "padded to 50")),
        "game turns / the public Python game (its 13,000 a second)": (best("simulator"), PUBLISHED_GAME),
    }
    return {name: a / b for name, (a, b) in pairs.items() if a and b}


def _value(figure: dict[str, Any]) -> str:
    return f"{_number(figure['median'])} {figure['unit'] if figure['unit'] != '1' else ''}".strip()


def _spread(figure: dict[str, Any]) -> str:
    if figure["low"] == figure["high"]:
        return ""
    return f"{_number(figure['low'])} – {_number(figure['high'])}"


def _share(figure: dict[str, Any], figures: Figures) -> str:
    peak = next((f["median"] for f in figures if f["name"] == PEAK), None)
    return f"{100 * figure['flops'] / peak:.1f} %" if peak and "flops" in figure else ""


def _number(value: float) -> str:
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g}"
