"""The order parameters of a map: those of `phases.order`, and what a cell has as a whole, as data."""

from dataclasses import dataclass

from mirrorjax.phases.order import ORDER_PARAMETERS, OrderParameter
from mirrorjax.report.observations import VERDICTS

SHARE, MEAN, SUSCEPTIBILITY, BINDER = "share", "mean", "susceptibility", "binder"
_REFERENCE = "cmni"  # comes last
OF_CELLS = (SUSCEPTIBILITY, BINDER)  # are of a cell as a whole, a network has none


@dataclass(frozen=True)
class Order:
    """One way to colour a map.

    Attributes:
        name: unique.
        measure: the column of the records behind it.
        kind: how it is computed over a cell's networks: share of those at 1, mean, n·Var, Binder cumulant.
        label: for people.
        note: what a reader must know; sentences.
    """

    name: str
    measure: str
    kind: str
    label: str
    note: str = ""

    @property
    def of_network(self) -> str:
        """What it is called of a single network."""
        return _OF_NETWORK.get(self.name, self.label)

    @property
    def is_verdict(self) -> bool:
        """Whether it is a share of networks that a verdict was given on."""
        return self.measure in VERDICTS


_NOTES = {
    "mirror": "The share of networks that the verdict calls mirror networks, of those that have learnt their task and "
    "were asked what their units cause.",
    "mirror_code": "The verdict without its behaviour term: a network need not help a distressed Toad more often than "
    "others.",
    "tr": "Over networks where TR is defined.",
    "cmni": "Raw CMNI is a reference to the literature, no evidence of mirror neurons: untrained networks score high.",
}
_OF_NETWORK = {"learnt": "learnt", "mirror": "mirror network", "mirror_code": "mirror code"}
_KINDS = {
    SUSCEPTIBILITY: (
        "susceptibility",
        "n·Var over a cell's networks, n their units: large where networks of one cell differ most.",
    ),
    BINDER: (
        "Binder cumulant",
        "1 − ⟨(m−⟨m⟩)⁴⟩/(3⟨(m−⟨m⟩)²⟩²): near 0 where networks scatter normally, towards 2/3 where they fall into two "
        "heaps, below 0 with rare outliers.",
    ),
}


def _of(each: OrderParameter) -> Order:
    label = f"{each.label} (for reference)" if each.name == _REFERENCE else each.label
    return Order(each.name, each.column, SHARE if each.is_share else MEAN, label, _NOTES.get(each.name, ""))


def _fluctuations(each: OrderParameter) -> list[Order]:
    return [
        Order(f"{each.name}_{kind}", each.column, kind, f"{label} of {each.label}", note)
        for kind, (label, note) in _KINDS.items()
    ]


ORDERS: tuple[Order, ...] = (
    *(_of(each) for each in ORDER_PARAMETERS if each.name != _REFERENCE),
    Order("learnt", "learnt", SHARE, "learnt their task", "Excess error below .5, of those that have not diverged."),
    Order("excess_error", "excess_error", MEAN, "excess error"),
    *(order for each in ORDER_PARAMETERS if each.is_signed for order in _fluctuations(each)),
    *(_of(each) for each in ORDER_PARAMETERS if each.name == _REFERENCE),
)
