"""The order parameters of phase diagrams, and the steps that the construction itself puts on an axis."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OrderParameter:
    """What a cell is coloured by.

    Attributes:
        name: short and unique.
        label: for people.
        column: of the records.
        is_share: a verdict of 0 or 1, shown as P̂ with its Wilson interval; else a mean over networks.
        is_signed: symmetric about zero without a mirror code, as the Binder cumulant is meant for.
    """

    name: str
    label: str
    column: str
    is_share: bool = False
    is_signed: bool = False


ORDER_PARAMETERS = (
    OrderParameter("mirror", "P(mirror)", "mirror", is_share=True),
    OrderParameter("mirror_code", "P(mirror) without its behaviour term", "mirror_code", is_share=True),
    OrderParameter("mni_star", "MNI*", "mni_star"),
    OrderParameter("ssi_last", "SSI, last hidden layer", "ssi_last", is_signed=True),
    OrderParameter("ssi", "SSI", "ssi", is_signed=True),
    OrderParameter("cross_decoding", "cross-decoding, social", "cross_decoding_social", is_signed=True),
    OrderParameter("tr", "TR", "tr"),
    OrderParameter("rescue", "rescue accuracy", "rescue_accuracy"),
    OrderParameter("cmni", "CMNI, raw", "cmni"),  # for reference: it counts units, so it comes last
)


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
