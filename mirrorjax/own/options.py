"""What may be chosen of how a network is measured, and its numbers' defaults."""

from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, TypedDict

from mirrorjax.errors import InputError


class OptionValues(TypedDict, total=False):
    """The options that `mirrorjax.measure` takes by name; `Options` says what each is."""

    copies: int
    seed: int
    scale: Literal["rms"] | None
    object_baseline: Literal["none"] | None
    draws: int
    decoding: bool
    random_sets: int
    progress: bool


@dataclass(frozen=True)
class Options:
    """How a network is measured.

    Attributes:
        copies: untrained networks that `untrained` is asked for; p is at least 1/(1 + copies).
        seed: of halves, bootstraps, exchanges and random sets: the same gives the same numbers.
        scale: `rms` divides each unit by its root mean square over all conditions; None leaves units as they are, so
            that patterns are blind to a rotation of the site.
        object_baseline: `none` takes `none` for the object's baseline, where none was shown.
        draws: resamples of a bootstrap, and exchanges of a permutation test.
        decoding: whether decoders are trained, the dearest part.
        random_sets: of units, that an ablation or patch is held against.
        progress: whether a bar is shown.
    """

    copies: int = 99
    seed: int = 0
    scale: str | None = "rms"
    object_baseline: str | None = None
    draws: int = 199
    decoding: bool = True
    random_sets: int = 199
    progress: bool = False

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Options":
        """Checked options.

        Raises:
            InputError: an unknown name, or a value that is not allowed.
        """
        known = [each.name for each in fields(cls)]
        for name in given:
            if name not in known:
                raise InputError(f"{name}: no option of measure{nearest(name, known)}; allowed: {', '.join(known)}")
        options = cls(**given)
        for name, least in (("copies", 1), ("draws", 19), ("random_sets", 19), ("seed", 0)):
            value = getattr(options, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InputError(f"{name}: {value!r}; allowed: a whole number, at least {least}")
        for name, allowed in (("scale", ("rms", None)), ("object_baseline", ("none", None))):
            if getattr(options, name) not in allowed:
                raise InputError(f"{name}: {getattr(options, name)!r}; allowed: {allowed[0]!r} or None")
        return options


def nearest(name: object, known: list[str]) -> str:
    """`, did you mean X?` if something known is near; else nothing."""
    found = get_close_matches(str(name), known, n=1)
    return f", did you mean {found[0]!r}?" if found else ""
