"""The order parameters of a map: measures over a cell's networks, and what a cell has as a whole, as data."""

from dataclasses import dataclass

from mirrorjax.measurement.learnt import LEARNT
from mirrorjax.measures import label, measure
from mirrorjax.report.read.observations import VERDICTS

# Columns of the records; shares of verdicts first, and last, for reference, raw CMNI: it counts units.
ORDER_PARAMETERS = (
    "mirror", "mirror_code", "empathy", "overlap_frog_toad", "overlap_frog_object", "completion",
    "voi", "voi_gained", "cirl_regret", "belief_truth", "right_help", "rounds_to_certain",
    "locking", "locking_exact", "flips", "act_mi", "act_mi_exact", "transfer",
    "pair_alive", "alternation", "pair_score_last", "pair_energy",
    "mni_star", "ssi_last", "ssi", "cross_decoding_social", "tr", "rescue_accuracy", "cmni",
)  # fmt: skip
_PLAYED = ("help_share", "help_given_starved", "return_own", "return_partner")  # of agents in their own game
SHARE, MEAN, SUSCEPTIBILITY, BINDER = "share", "mean", "susceptibility", "binder"
_REFERENCE = ORDER_PARAMETERS[-1]
OF_CELLS = (SUSCEPTIBILITY, BINDER)  # are of a cell as a whole, a network has none
_IN_FILES = {"cross_decoding_social": "cross_decoding", "rescue_accuracy": "rescue"}  # where columns had these names


@dataclass(frozen=True)
class Order:
    """One way to colour a map: a column of the records, and how it is computed over a cell's networks (`kind`).

    Kinds are the share of those at 1, the mean, n·Var and the Binder cumulant. `note` is what a reader must know.
    """

    name: str
    measure: str
    kind: str
    label: str
    note: str = ""

    @property
    def in_files(self) -> str:
        """The column of the CSV table."""
        return self.name.replace(self.measure, _IN_FILES.get(self.measure, self.measure), 1)

    @property
    def is_verdict(self) -> bool:
        """Whether it is a share of networks that a verdict was given on."""
        return self.measure in VERDICTS


_NOTES = {
    "mirror": "The share of networks that the verdict calls mirror networks, of those that have learnt their task and "
    "were asked what their units cause.",
    "mirror_code": "The verdict without its behaviour term: a network need not help a distressed Toad more often than "
    "others.",
    "learnt": f"{LEARNT.words[0].upper()}{LEARNT.words[1:]}, of those that have not diverged.",
    "tr": "Over networks where TR is defined.",
    "cmni": "Raw CMNI is a reference to the literature, no evidence of mirror neurons: untrained networks score high.",
}
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


def _of(column: str) -> Order:
    known = measure(column)
    words = f"{known.label} (for reference)" if column == _REFERENCE else known.share_label or known.label
    return Order(column, column, SHARE if known.share_label else MEAN, words, _NOTES.get(column, ""))


ORDERS: tuple[Order, ...] = (
    *(_of(each) for each in (*ORDER_PARAMETERS, "learnt", "excess_error", *_PLAYED) if each != _REFERENCE),
    *(
        Order(f"{each}_{kind}", each, kind, f"{words} of {label(each)}", note)
        for each in ORDER_PARAMETERS
        if measure(each).kind == "signed"
        for kind, (words, note) in _KINDS.items()
    ),
    _of(_REFERENCE),
)
