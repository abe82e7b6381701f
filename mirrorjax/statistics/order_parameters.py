"""The order parameters of phase diagrams, and the steps that the construction itself puts on an axis."""

from dataclasses import dataclass

# Columns of the records; shares of verdicts first, and last, for reference, raw CMNI: it counts units.
ORDER_PARAMETERS = (
    "mirror", "mirror_code", "empathy", "overlap_frog_toad", "overlap_frog_object", "completion",
    "mni_star", "ssi_last", "ssi", "cross_decoding_social", "tr", "rescue_accuracy", "cmni",
)  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """A step on an axis that is in the data by construction, and no finding."""

    axis: str
    value: float
    sentence: str


_MARKS = (
    Mark("dependency", 0.0, "At dependency 0 no label is a rescue, so that nothing about a partner can be learned."),
    Mark(
        "dependency",
        0.5,
        "At dependency 0.5 the commoner of the two labels of a rescue board changes, and with it the right answer.",
    ),
)


def construction_marks(axis_name: str) -> tuple[Mark, ...]:
    """The marks of an axis, by its knob's name; none for most."""
    return tuple(mark for mark in _MARKS if mark.axis == axis_name)
