"""Numbers and lists as a reader expects them."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from mirrorjax.settings.texts import counted as counted  # of the words that a report has, the one that plans have too

NOT_MEASURED = "n/a"


def plain_number(value: Any, digits: int = 3) -> str:
    """Writes a measured value with three significant digits; n/a where there is none."""
    if value is None or not math.isfinite(value):
        return NOT_MEASURED
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -5:
        return tidy_exponent(f"{value:.{digits - 1}e}")
    return f"{value:,.0f}" if magnitude >= digits else f"{value:.{max(digits - 1 - magnitude, 0)}f}"


def interval_words(low: Any, value: Any, high: Any) -> str:
    """Writes a measured value with the bounds of its interval or band: `0.5 [0.4, 0.6]`; alone if it has none."""
    if not all(each is not None and math.isfinite(each) for each in (low, value, high)):
        return plain_number(value)
    return f"{plain_number(value)} [{plain_number(low)}, {plain_number(high)}]"


def tidy_number(value: Any) -> str:
    """Writes a setting, such as a learning rate, as it was given: 4e-05 as 4e-5."""
    if value is None:
        return NOT_MEASURED
    return tidy_exponent(f"{value:.6g}" if value == 0 or value >= 1e-3 else f"{value:.6e}")


def tidy_exponent(text: str) -> str:
    """Drops what a reader does not need in a number with an exponent: 4.000e-06 becomes 4e-6."""
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def short_number(value: Any) -> str:
    """Writes a number of a sentence, without a zero before the point: `.45`, `−.051`, `3.7`."""
    if not math.isfinite(value):
        return NOT_MEASURED
    size = abs(value)
    text = f"{size:.2g}" if size >= 0.995 or size == 0 else f"{size:.2f}" if size >= 0.0995 else f"{size:.3f}"
    return f"{'−' if value < 0 else ''}{text.removeprefix('0') or '0'}"


def short_interval(low: Any, value: Any, high: Any) -> str:
    """Writes a number of a sentence with its interval: `.45 [.39, .51]`."""
    return f"{short_number(value)} [{short_number(low)}, {short_number(high)}]"


def percent(share: Any) -> str:
    """Writes a share as a percentage with at most one decimal."""
    if not math.isfinite(share):
        return NOT_MEASURED
    value = 100 * share
    return f"{value:.0f} %" if abs(value - round(value)) < 0.05 or value >= 10 else f"{value:.1f} %"


def epoch_words(epoch: Any) -> str:
    """Writes a paper epoch: whole ones without decimals."""
    return NOT_MEASURED if not math.isfinite(epoch) else f"{round(epoch, 2):.3g}" if epoch < 100 else f"{epoch:.0f}"


def listed(words: Sequence[str]) -> str:
    """Writes `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def spread_words(values: Iterable[float], write: Any = plain_number, most: int = 6) -> str:
    """Writes distinct values one by one, or their range where there are many."""
    distinct = sorted(set(values))
    if len(distinct) <= most:
        return listed([write(value) for value in distinct])
    return f"{len(distinct)} values from {write(distinct[0])} to {write(distinct[-1])}"
