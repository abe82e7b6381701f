"""What the test of a collapse says, in a reader's words."""

import numpy as np

from mirrorjax.report.words.laws import number
from mirrorjax.statistics.time_collapse import BY_ERROR, LEVEL, TimeCollapse

CLOCKS = {"epoch": "lr · steps", "step": "steps", BY_ERROR: BY_ERROR}


def verdict(found: TimeCollapse, measure: str, what: str = "rates") -> str:
    """Says whether a collapse is refuted, and where the conditions differ most.

    Args:
        measure: its name for readers.
        what: the conditions are, such as `rates`.
    """
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
