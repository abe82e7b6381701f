"""What a comparison of laws says, and what the test of a collapse, in a reader's words."""

import numpy as np

from mirrorjax.statistics.laws import ALIKE, MISSES, LawFit, Laws
from mirrorjax.statistics.time_collapse import BY_ERROR, LEVEL, TimeCollapse

CLOCKS = {"epoch": "lr · steps", "step": "steps", BY_ERROR: BY_ERROR}


def sentence(laws: Laws) -> str:
    """Which law is preferred, by how much, what cannot be told apart from it, and its exponent."""
    best = laws.preferred
    if best is None:
        return f"No law can be compared: {laws.missing}."
    words = [_preferred(laws, best)]
    if laws.alike:
        names = ", ".join(f"{fit.name} (ΔAIC {fit.delta:.1f})" for fit in laws.alike)
        own = f", its own being {best.delta:.1f}" if best.delta else ""
        words.append(f"Cannot be told apart from it (ΔAIC < {ALIKE:.0f}{own}): {names}.")
    if best.name != "constant":
        words.append(f"Fitted: {parameter_words(best)}.")
    power = laws.fit("power law")
    if power is not best and best.name != "constant" and np.isfinite(power.aic):
        words.append(f"As a power law its {parameter_words(power, ('exponent',))} (ΔAIC {power.delta:.1f}).")
    if laws.misfit < MISSES:
        left = len(laws.x) - best.number
        words.append(
            f"Even it misses the means by more than seeds explain (χ² {best.chi_square:.0f} with {left} to spare): "
            "take it as a description."
        )
    left_out = [fit.name for fit in laws.fits if not np.isfinite(fit.aic)]
    if left_out:
        words.append(f"Not compared, for want of points or networks: {', '.join(left_out)}.")
    return " ".join(words)


def _preferred(laws: Laws, best: LawFit) -> str:
    compared = [fit for fit in laws.fits if np.isfinite(fit.aic)]
    others = [fit for fit in compared if fit is not best and fit not in laws.alike]
    over = f"{len(compared)} laws over {len(laws.x)} points, {laws.total:,} networks"
    next_best = f"; the next, {others[0].name}, has ΔAIC {others[0].delta:.1f}" if others else ""
    if best.name == "constant":
        return (
            f"No dependence is seen: a constant, {number(best.parameters['level'])}, does as well ({over}{next_best})."
        )
    constant = laws.fit("constant")
    against = "" if others and others[0] is constant else f", a constant ΔAIC {constant.delta:.1f}"
    return f"Preferred: {best.name} ({over}{next_best}{against})."


def parameter_words(fit: LawFit, names: tuple[str, ...] = ()) -> str:
    """Parameters with their intervals."""
    words = []
    for name in names or tuple(fit.parameters):
        text = f"{name} {number(fit.parameters[name])}"
        if name in fit.intervals:
            low, high = fit.intervals[name]
            text += f" [{number(low)}, {number(high)}]"
        words.append(
            text + (" (at the edge of the search: not settled by these points)" if name in fit.at_edge else "")
        )
    return ", ".join(words)


def number(value: float) -> str:
    """Three digits, and no exponent where it can be done without."""
    if not np.isfinite(value):
        return "–"
    if value and not 1e-5 <= abs(value) < 1e6:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def verdict(found: TimeCollapse, measure: str, what: str = "rates") -> str:
    """Says whether a collapse of conditions, such as `rates`, is refuted, and where they differ most."""
    clock = CLOCKS.get(found.clock, found.clock)
    if found.missing:
        return f"{measure}, matched {clock}: nothing can be said, since {found.missing}."
    place, one, other = found.widest
    apart = abs(found.means[one, place] - found.means[other, place])
    at = where(found.clock, found.places[place])
    differ = (
        f"{what} differ most at {at}, by {number(apart)} ({number(apart / found.noise[place])} standard deviations "
        f"between networks: {found.names[one]} {number(found.means[one, place])}, {found.names[other]} "
        f"{number(found.means[other, place])})"
    )
    spread = (
        f"spread {number(found.spread)} of a standard deviation between networks, {number(found.expected[0])} expected "
        f"of seeds alone, up to {number(found.expected[1])} in 95 % of permutations; p {found.p_value:.3f}"
    )
    refuted = "refuted" if found.refuted else f"not refuted at p < {LEVEL}"
    return f"{measure}, matched {clock}: collapse {refuted} ({spread}); {differ}."


def where(clock: str, place: float) -> str:
    """A place of a clock."""
    if clock == BY_ERROR:
        return f"{clock} {number(float(np.exp(-place)))}"
    return f"{'paper epoch' if clock == 'epoch' else clock} {number(place)}"
