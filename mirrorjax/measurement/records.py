"""A checkpoint's record: the columns that the registered measures make of the streamed statistics."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mirrorjax.dataset.oracle import LABELS
from mirrorjax.measurement.cmni import checkpoint_mirror_neuron_index, mirror_neuron_expression, mirror_neuron_score
from mirrorjax.measurement.learnt import learnt
from mirrorjax.measurement.needs import fits, needs
from mirrorjax.measurement.probe import site_numbers, site_places
from mirrorjax.measurement.stream import TRUTHS, UNIONS, RowCounts, Statistics, moments
from mirrorjax.models.base import Network, Site

Columns = dict[str, np.ndarray]
_OF_LOSS = {"squared_error", "penalty"}  # scores that the columns of losses are made of


@dataclass(frozen=True)
class Measured:
    """Members of one program at one checkpoint, on the host. M members, U units as compiled (padding included)."""

    statistics: Statistics  # stacked on the leading axis [M]
    counts: RowCounts  # of the measured rows
    network: Network  # of the program
    width: np.ndarray  # of each member [M], by which its own units are told from the padding
    l2: np.ndarray  # of each member [M]
    # of the best constant answer on each one's validation rows [M]; NaN where it is not known
    constant_mse: np.ndarray | float = np.nan
    best_mse: np.ndarray | float = 0.0  # of one who knows all that their pictures tell [M]; 0 at the paper's knobs

    @property
    def sites(self) -> tuple[Site, ...]:
        """Of the network."""
        return self.network.sites

    @property
    def hidden(self) -> int:
        """Units of all sites as compiled; those behind them are the outputs."""
        return sum(site.size for site in self.sites)

    @property
    def layer(self) -> np.ndarray:
        """The number of each unit's site [U], from 1; the outputs have the one after the last."""
        return np.concatenate([site_numbers(self.sites), np.full(self.network.outputs, len(self.sites) + 1)])

    @property
    def place(self) -> np.ndarray:
        """The place of each unit in its site, or among the outputs [U], from 0."""
        return np.concatenate([site_places(self.sites), np.arange(self.network.outputs)])

    @property
    def exists(self) -> np.ndarray:
        """Which units are a member's own, not padding [M, U]."""
        always = np.repeat([not site.padded for site in self.sites], [site.size for site in self.sites])
        always = np.concatenate([always, np.full(self.network.outputs, True)])
        return always | (self.place < self.width[:, None])

    @property
    def rates(self) -> np.ndarray:
        """Which units have a level of their own, as CMNI takes it: those of sites of rates, and outputs [U]."""
        of_sites = np.repeat([site.kind == "rate" for site in self.sites], [site.size for site in self.sites])
        return np.concatenate([of_sites, np.full(self.network.outputs, True)])

    @property
    def scores(self) -> np.ndarray:
        """Mirror neuron score of each unit [M, U], as CMNI takes it: of the filtered scenarios."""
        return mirror_neuron_score(*(self.means(name) for name in ("none", "frog_filtered", "toad_filtered")))

    def means(self, union: str) -> np.ndarray:
        """Mean activation per unit [M, U] in a scenario (a name in UNIONS)."""
        return moments(self.statistics, self.counts, union).mean


def loss_columns(measured: Measured) -> Columns:
    """Losses apart, on the validation rows: MSE on one-hot labels, the L2 penalty, their sum, excess error, and learnt.

    Excess error is (MSE - best)/(MSE of the best constant - best), with best = 0 where the picture determines the
    answer, as in the paper's game; NaN where no answer can be learnt. Learnt is 1 where it is small enough, else 0.
    No columns where no validation row was looked at, or where the regime has no such score.
    """
    if not measured.counts.validation or not measured.statistics.scores.keys() >= _OF_LOSS:
        return {}
    scores = measured.statistics.scores
    mse = np.asarray(scores["squared_error"], float) / measured.counts.validation
    penalty = np.asarray(scores["penalty"], float) * measured.l2
    learnable = measured.constant_mse - measured.best_mse
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(learnable > 1e-6, (mse - measured.best_mse) / learnable, np.nan)
    return {
        "val_loss": mse + penalty,
        "val_mse": mse,
        "penalty": penalty,
        "excess_error": excess,
        "learnt": learnt(excess).astype(float),
    }


def score_columns(measured: Measured) -> Columns:
    """The regime's other scores, as they are; and `learnt`, of one that tells its excess error itself."""
    scores = measured.statistics.scores
    columns = {name: np.asarray(each) for name, each in scores.items() if name not in _OF_LOSS}
    if "excess_error" in columns:
        columns["learnt"] = learnt(columns["excess_error"]).astype(float)
    return columns


@needs("acts")
def accuracy_columns(measured: Measured) -> Columns:
    """Accuracy, recall and confusion on the test rows; the two kinds of help apart."""
    confusion = np.asarray(measured.statistics.confusion, float)
    right = {name: confusion[:, i, min(i, len(LABELS) - 1)] for i, name in enumerate(TRUTHS)}
    number = {name: int(n) for name, n in zip(TRUTHS, measured.counts.truths, strict=True)}

    def recall(*names: str) -> np.ndarray:
        total = sum(number[name] for name in names)
        found = np.sum([right[name] for name in names], axis=0)
        return np.asarray(found / total) if total else np.full(len(confusion), np.nan)

    by_label = np.concatenate([confusion[:, :3], confusion[:, 3:].sum(1, keepdims=True)], axis=1)
    return {
        "accuracy": recall(*TRUTHS),
        "accuracy_live": recall(*(name for name in TRUTHS if name != "jump")),
        **{f"recall_{name}": recall(name) for name in ("hop", "jump", "leap")},
        "recall_help": recall("help_edge", "help_rescue"),
        **{f"recall_{name}": recall(name) for name in ("help_edge", "help_rescue")},
        "confusion": by_label.reshape(len(confusion), -1).astype(np.int64),
    }


@needs("rates")
def cmni_columns(measured: Measured) -> Columns:
    """CMNI and its parts: as the code has it, as the text has it, hidden units only, per layer, unfiltered."""
    none, layer, exists = measured.means("none"), measured.layer, measured.exists & measured.rates
    units = exists.sum(-1)  # N
    frog, toad = measured.means("frog_filtered"), measured.means("toad_filtered")
    hidden, scores = exists & (layer <= len(measured.sites)), measured.scores
    text = mirror_neuron_score(none, frog, toad, variant="text")
    unfiltered = mirror_neuron_score(none, measured.means("frog"), measured.means("toad"))
    expression = mirror_neuron_expression(scores, exists)
    expression_hidden = mirror_neuron_expression(scores, hidden)
    columns = {
        "units": units,
        "cmni": checkpoint_mirror_neuron_index(expression, units),
        "cmni_hidden": checkpoint_mirror_neuron_index(expression_hidden, hidden.sum(-1)),
        "cmni_text": checkpoint_mirror_neuron_index(mirror_neuron_expression(text, exists), units),
        "cmni_unfiltered": checkpoint_mirror_neuron_index(mirror_neuron_expression(unfiltered, exists), units),
        "mne": expression,
        "mne_output": expression - expression_hidden,
    }
    for number in range(1, len(measured.sites) + 1):
        columns[f"mne_layer_{number}"] = mirror_neuron_expression(scores, hidden & (layer == number))
    return columns


# A measure turns a checkpoint's statistics into columns of [M] or [M, k]; a new one is a function and a line here.
MEASURES: dict[str, Callable[[Measured], Columns]] = {
    "loss": loss_columns,
    "scores": score_columns,
    "accuracy": accuracy_columns,
    "cmni": cmni_columns,
}


def record(measured: Measured) -> Columns:
    """All registered measures of members at a checkpoint, as far as their network has what they need."""
    columns: Columns = {}
    for measure in MEASURES.values():
        if fits(measure, measured.network):
            columns |= measure(measured)
    return columns


def unit_table(measured: Measured, member_ids: list[str]) -> Columns:
    """One row a member and unit: moments in every scenario, filtered and not, and the mirror neuron score."""
    exists = measured.exists
    member, unit = np.nonzero(exists)
    columns: Columns = {
        "member_id": np.array(member_ids, dtype=object)[member],
        "layer": measured.layer[unit],
        "unit": measured.place[unit] + 1,
        "output": measured.layer[unit] > len(measured.sites),
        "mns": measured.scores[exists],
    }
    for name in UNIONS:
        of_scenario = vars(moments(measured.statistics, measured.counts, name))
        columns |= {f"{moment}_{name}": values[exists] for moment, values in of_scenario.items()}
    return columns
