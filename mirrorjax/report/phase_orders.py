"""The order parameters of a map: what is computed over the networks of a cell, as data."""

from dataclasses import dataclass

SHARE, MEAN, SUSCEPTIBILITY, BINDER = "share", "mean", "susceptibility", "binder"
OF_CELLS = (SUSCEPTIBILITY, BINDER)  # are of a cell as a whole, a network has none


@dataclass(frozen=True)
class Order:
    """One order parameter.

    Attributes:
        name: unique.
        measure: the column of the records behind it.
        kind: how it is computed over a cell's networks: share of those at 1, mean, n·Var, Binder cumulant.
        label: of the chooser.
        short: of a column in a list of networks; empty for what a single network does not have.
        note: what a reader must know; a sentence.
    """

    name: str
    measure: str
    kind: str
    label: str
    short: str = ""
    note: str = ""


_CELL_NOTES = {
    SUSCEPTIBILITY: "n·Var over a cell's networks, n their units: large where networks of one cell differ most.",
    BINDER: "1 − ⟨(m−⟨m⟩)⁴⟩/(3⟨(m−⟨m⟩)²⟩²): near 0 where networks scatter normally, towards 2/3 where they "
    "fall into two heaps, below 0 with rare outliers.",
}


def _fluctuations(measure: str, label: str) -> tuple[Order, ...]:
    return (
        Order(f"{measure}_susceptibility", measure, SUSCEPTIBILITY, f"susceptibility of {label}", "", _CELL_NOTES[SUSCEPTIBILITY]),
        Order(f"{measure}_binder", measure, BINDER, f"Binder cumulant of {label}", "", _CELL_NOTES[BINDER]),
    )


ORDERS = (
    Order(
        "mirror",
        "mirror",
        SHARE,
        "P(mirror)",
        "mirror",
        "The share of networks that the verdict calls mirror networks, of those that were asked what their units cause.",
    ),
    Order(
        "mirror_code",
        "mirror_code",
        SHARE,
        "P(mirror) without behaviour",
        "mirror code",
        "The verdict without its behaviour term: a network need not help a distressed Toad more often than others.",
    ),
    Order("mni_star", "mni_star", MEAN, "MNI*", "MNI*"),
    Order("ssi_last", "ssi_last", MEAN, "SSI, last hidden layer", "SSI"),
    Order("cross_decoding_social", "cross_decoding_social", MEAN, "cross-decoding", "cross-decoding"),
    Order("tr", "tr", MEAN, "TR", "TR", "Over networks where TR is defined."),
    Order("rescue_accuracy", "rescue_accuracy", MEAN, "rescue accuracy", "rescue"),
    Order("excess_error", "excess_error", MEAN, "excess error", "excess error"),
    *_fluctuations("ssi_last", "SSI"),
    *_fluctuations("cross_decoding_social", "cross-decoding"),
    Order(
        "cmni",
        "cmni",
        MEAN,
        "raw CMNI (a reference only)",
        "raw CMNI",
        "Raw CMNI is a reference to the literature, no evidence of mirror neurons: untrained networks score high.",
    ),
)
