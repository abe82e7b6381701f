"""Every column of the records and of the table of units, described once: its label, what it is, what it needs.

Whatever people read (report, W&B, compare, inspect, terminal, documents) takes a column's label from here, and what is
made of columns (schemas, keys of W&B, z, headings, notes) is derived. `measure` finds any column; one that nobody
described is called by its name.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

# What stands for a name's parts in capitals, and in words.
# fmt: off
PARTS: dict[str, dict[str, str]] = {
    "KIND": {"hop": "hop", "jump": "jump", "leap": "leap", "help_edge": "edge help", "help_rescue": "rescue help"},
    "SET": {"mirror": "mirror units", "toad_only": "Toad-only units", "frog_only": "Frog-only units",
            "largest_mns": "units of largest MNS"},
    "MODE": {"mean": "mean", "resample": "resample"},
    "CLASS": {"mirror": "mirror", "toad_only": "Toad-only", "frog_only": "Frog-only", "suppressed": "suppressed",
              "opposed": "opposed", "none": "none"},
    "CIRCUIT": {"self_preservation": "self-preservation", "tactical_help": "tactical help",
                "empathy_influenced_help": "empathy-influenced help", "none": "none"},
    "MOMENT": {"mean": "mean", "variance": "variance", "skewness": "skewness", "kurtosis": "kurtosis"},
    "SCENARIO": {"none": "none", "frog": "Frog", "toad": "Toad", "both": "both", "frog_filtered": "Frog, filtered",
                 "toad_filtered": "Toad, filtered"},
    "PAIR": {"none_frog": "none, Frog", "none_toad": "none, Toad", "none_both": "none, both",
             "frog_toad": "Frog, Toad"},
    "PARTNER": {"hop": "hops", "random": "random", "greedy": "greedy", "expert": "expert"},
    "GOAL": {"progress": "wants to get on", "energy": "wants energy"},
    "HELPER": {"giver": "giver", "greedy": "greedy", "never": "never helps", "bayes": "with a belief",
               "learner": "that learnt"},
    "LAYER": {"1": "1"},  # and any further one
}
# fmt: on
# Regimes that are shown no rows of the dataset: their columns are their own, in a section of their name.
WITHOUT_ROWS = ("assembly", "cirl", "turn_taking")
_WORD = re.compile("|".join(PARTS))


@dataclass(frozen=True)
class Measure:
    """A column, or a family of columns: `units_CLASS_LAYER` stands for all of `PARTS` in the place of its capitals.

    Attributes:
        name: the column.
        label: what readers are shown, the same everywhere; of a family with its parts in braces.
        note: what it is, a line of Markdown.
        file: where it is computed, below `mirrorjax/measurement/`.
        kind: `share` is between 0 and 1, `signed` scatters about 0 where there is nothing, `verdict` is 1, 0 or null
            and shown of networks that have learnt their task; `key` says which row it is.
        unit: of its values.
        needs: what a network, a regime or the settings must have for it; where that lacks, the column lacks.
        null: how it is held against untrained networks: `scale-free`, or `rescaled` to a network's norms; empty: not.
        section: of W&B's page, if it is logged.
        share_label: of the share of networks in which it is 1.
        type: in the store, of a column that every record or unit has.
    """

    name: str
    label: str
    note: str = ""
    file: str = ""
    kind: Literal["key", "value", "share", "signed", "count", "verdict"] = "value"
    unit: str = ""
    needs: tuple[str, ...] = ()
    null: Literal["", "scale-free", "rescaled"] = ""
    section: str = ""
    share_label: str = ""
    type: str = "float64"

    @property
    def has_z(self) -> bool:
        """Whether there is a column `NAME_z`."""
        return bool(self.null)

    @property
    def title(self) -> str:
        """The label with the unit, for an axis or a heading; a family's parts in capitals."""
        words = self.label.replace("{", "").replace("}", "")
        return f"{words} [{self.unit}]" if self.unit else words

    @property
    def parts(self) -> list[str]:
        """The parts in capitals, of a family."""
        return _WORD.findall(self.name)

    def columns(self) -> Iterator["Measure"]:
        """The columns of a family, the first part running fastest; of a column itself."""
        parts = self.parts[::-1]
        for values in product(*(PARTS[part] for part in parts)):
            yield self.at(dict(zip(parts, values, strict=True)))

    def at(self, values: dict[str, str]) -> "Measure":
        """One column of a family."""
        words = {part: PARTS[part].get(value, value) for part, value in values.items()}
        name = _WORD.sub(lambda part: values[part[0]], self.name)
        return replace(self, name=name, label=self.label.format(**words))

    def match(self, column: str) -> "Measure | None":
        """The column of this family that has a name, if there is one."""
        choices = {part: "|".join(values) if part != "LAYER" else r"\d+" for part, values in PARTS.items()}
        pattern = _WORD.sub(lambda part: f"(?P<{part[0]}>{choices[part[0]]})", self.name)
        found = re.fullmatch(pattern, column)
        return self.at(found.groupdict()) if found else None


# What a measure may need.
VALIDATION, BOARDS, RATES, TWO_LAYERS = "validation rows", "matched boards", "rate units", "two hidden layers"
ACTS, CAUSES, NULLS, GAMES = "acts", "a table of units", "untrained networks", "games that are played"
_ON_BOARDS, _ACTS_ON_BOARDS = (BOARDS, RATES), (BOARDS, ACTS)
_CAUSED, _ACTS_CAUSED = (BOARDS, RATES, CAUSES), (BOARDS, RATES, CAUSES, ACTS)
_OF_HUBS = (*_ACTS_CAUSED, TWO_LAYERS)
_CMNI, _RECALL = "activation per unit", "share of the test rows with this right answer that are answered right"

# fmt: off
_KEYS = (
    Measure("member_id", "network", "its identity, 16 hex digits", kind="key", type="string"),
    Measure("checkpoint", "checkpoint", "0 is before training: the untrained network", kind="key", type="int64"),
    Measure("step", "steps", "of the optimizer", kind="key", type="int64"),
    Measure("epoch", "paper epoch", "lr · steps / .6144", kind="key"),
)
OF_ANY_REGIME = (
    *_KEYS,
    Measure("status", "status", "`training`, `stopped` (early stopping) or `diverged`", kind="key", type="string"),
)
EVERY_RECORD = (
    *OF_ANY_REGIME,
    Measure("val_loss", "validation loss", "`val_mse` + `penalty`, on validation rows, dropout off", "records.py",
            needs=(VALIDATION,), section="loss"),
    Measure("val_mse", "validation MSE", "mean squared error on one-hot labels", "records.py", needs=(VALIDATION,)),
    Measure("penalty", "L2 penalty", "on the hidden weights", "records.py", needs=(VALIDATION,)),
    Measure("excess_error", "excess error", "(MSE − best) / (MSE of the best constant answer − best) on the network's "
            "own validation rows; 0 is the best answer that the task leaves open", "records.py", needs=(VALIDATION,),
            section="loss"),
    Measure("accuracy", "accuracy", "share of right answers on test rows", "records.py", "share", needs=(ACTS,),
            section="loss"),
    Measure("recall_hop", "recall of hop", _RECALL, "records.py", "share", needs=(ACTS,)),
    Measure("recall_jump", "recall of jump", _RECALL, "records.py", "share", needs=(ACTS,)),
    Measure("recall_leap", "recall of leap", _RECALL, "records.py", "share", needs=(ACTS,)),
    Measure("recall_help", "recall of help", "of both kinds of help", "records.py", "share", needs=(ACTS,)),
    Measure("recall_help_edge", "recall of edge help", "Frog stands at the last column and has nowhere to go; this "
            "kind looks at nobody", "records.py", "share", needs=(ACTS,)),
    Measure("recall_help_rescue", "recall of rescue help", "Toad is in distress, and Frog, ahead and not in distress "
            "itself, should help", "records.py", "share", needs=(ACTS,), section="loss"),
    Measure("confusion", "confusion", "16 counts, rows are true labels hop, jump, leap, help", "records.py", "count",
            needs=(ACTS,), type="int64[16]"),
    Measure("units", "units", "N: hidden units and outputs", "records.py", "count", type="int64"),
    Measure("cmni", "CMNI", "MNE / N, a reference to the literature: it moves when a unit is rescaled while the "
            "network stays the same", "cmni.py", unit=_CMNI, needs=(RATES,), null="rescaled", section="cmni"),
    Measure("cmni_hidden", "CMNI, hidden units only", "the same sum over hidden units, over their own number",
            "cmni.py", unit=_CMNI, needs=(RATES,), null="rescaled", section="cmni"),
    Measure("cmni_text", "CMNI, no clip", "as the paper's text has it", "cmni.py", unit=_CMNI, needs=(RATES,)),
    Measure("cmni_unfiltered", "CMNI, unfiltered", "over all rows of a scenario", "cmni.py", unit=_CMNI,
            needs=(RATES,)),
    Measure("mne", "MNE", "the sum of all units' MNS", "cmni.py", unit="activation", needs=(RATES,)),
    Measure("mne_output", "MNE of the outputs", "the part of the four outputs", "cmni.py", unit="activation",
            needs=(RATES,)),
    Measure("mne_layer_LAYER", "MNE of layer {LAYER}", "the part of a hidden layer; null beyond a network's depth",
            "cmni.py", unit="activation", needs=(RATES,)),
)
CALIBRATED = (
    Measure("learnt", "learnt", "1 where `excess_error` is below .5, else 0, NaN included", "learnt.py", "share",
            needs=(VALIDATION,), share_label="learnt their task"),
    Measure("accuracy_live", "accuracy with energy", "the same on rows with energy left, where jump, which asks for "
            "nothing but energy, is never right", "records.py", "share", needs=(ACTS,)),
    Measure("seat_cka", "CKA of own and seen views", "linear CKA of the last site on rows and on the same with the "
            "players' places exchanged (of `contrastive`, `overlap` and `imitation`; of others if `measurement.seats`)",
            "../regimes/seats.py", "share", needs=(VALIDATION,)),
    Measure("seat_nmse", "NMSE of own and seen views", "their mean squared difference over the mean variance of the "
            "units", "../regimes/seats.py", needs=(VALIDATION,)),
    Measure("seat_recall", "recall of the seen view", "Recall@1 of a row's exchange among 256, after a ridge map "
            "fitted on others; chance 1/256", "../regimes/seats.py", "share", needs=(VALIDATION,)),
    Measure("seat_recall_right", "recall of the seen view, right answers", "the same of rows that are answered right",
            "../regimes/seats.py", "share", needs=(VALIDATION,)),
    Measure("seat_recall_wrong", "recall of the seen view, wrong answers", "the same of rows that are answered wrong",
            "../regimes/seats.py", "share", needs=(VALIDATION,)),
    Measure("pair_distance", "distance of a pair", "D of the regime `overlap` on validation rows, without its weight",
            "../regimes/rows/overlap.py", needs=(VALIDATION,)),
    Measure("accuracy_watched", "accuracy, watched seat", "share of right answers of held-out rows with Toad in the "
            "seat, as it is watched (regime `imitation`); `accuracy` is of one's own seat",
            "../regimes/rows/watching.py", "share", needs=(VALIDATION,)),
    Measure("accuracy_watched_live", "accuracy, watched seat, live", "the same of rows with energy, where *jump* is "
            "wrong", "../regimes/rows/watching.py", "share", needs=(VALIDATION,)),
    Measure("recall_help_watched", "recall of help, watched seat", "of both kinds of help",
            "../regimes/rows/watching.py", "share", needs=(VALIDATION,)),
    Measure("accuracy_own_live", "accuracy, own seat, live", "of the same rows with Frog in the seat, letters shown",
            "../regimes/rows/watching.py", "share", needs=(VALIDATION,)),
    Measure("accuracy_own_veiled", "accuracy, own seat, letters hidden", "of the same rows, without energy too, and "
            "nobody's letter shown", "../regimes/rows/watching.py", "share", needs=(VALIDATION,)),
    Measure("transfer", "transfer", "(own − constant) / (watched − constant), of the two live accuracies and that of "
            "the best constant answer; null where the watched seat is not known", "../regimes/rows/watching.py",
            needs=(VALIDATION,)),
    Measure("seats_agree_live", "seats that agree, live", "share of these rows on which both seats' right answers are "
            "the same: what a watcher gets that never changes its view", "../regimes/rows/watching.py", "share",
            needs=(VALIDATION,)),
    Measure("rescue_accuracy", "rescue accuracy", "share of `help` on rescue boards with Toad in distress",
            "battery/behaviour.py", "share", needs=_ACTS_ON_BOARDS, section="calibrated"),
    Measure("help_unasked", "help without distress", "share of `help` on the same boards, nobody in distress",
            "battery/behaviour.py", "share", needs=_ACTS_ON_BOARDS),
    Measure("cmni_z", "z of CMNI", "against untrained networks, their layers rescaled to the norms of the network that "
            "is looked at", "battery/nulls.py", "signed", "sd", (BOARDS, RATES, NULLS), section="calibrated"),
    Measure("d_prime_mni", "d′-MNI", "mean over units of max(0, min(d′^F, d′^T)), d′ a change in units of its spread "
            "over boards; blind to a unit's scale", "battery/discriminability.py", needs=_ON_BOARDS, null="scale-free"),
    Measure("auc_mni", "AUC-MNI", "its twin with ranks: mean of 2·max(0, min(AUC^F, AUC^T) − ½)",
            "battery/discriminability.py", needs=_ON_BOARDS, null="scale-free"),
    Measure("cf_mni", "CF-MNI", "mean of max(0, min(δ^F, δ^T)), δ^X = E[h(xX) − h(x0)]/rms",
            "battery/counterfactual.py", unit="rms", needs=_ON_BOARDS, null="scale-free"),
    Measure("mni_star", "MNI*", "CF-MNI less what the token's distress does: mean of max(0, min(δ^F, δ^T) − max(0, "
            "min(δ^F, δ^O)))", "battery/counterfactual.py", unit="rms", needs=_ON_BOARDS, null="scale-free",
            section="calibrated"),
    Measure("mni_star_permuted", "MNI*, permuted", "mean of MNI* over permutations of δ^T among units: what chance "
            "gives", "battery/counterfactual.py", unit="rms", needs=_ON_BOARDS),
    Measure("ssi", "SSI", "of patterns over units: cos(δ^F, δ^T) − ½[cos(δ^F, δ^O) + cos(δ^T, δ^O)]",
            "battery/counterfactual.py", "signed", needs=_ON_BOARDS, null="scale-free", section="calibrated"),
    Measure("ssi_last", "SSI, last hidden layer", "SSI of the layer that the answers are made from",
            "battery/counterfactual.py", "signed", needs=_ON_BOARDS, null="scale-free", section="calibrated"),
    Measure("cos_frog_toad", "cosine, Frog and Toad", "cos(δ^F, δ^T)", "battery/counterfactual.py", "signed",
            needs=_ON_BOARDS),
    Measure("cos_frog_object", "cosine, Frog and object", "cos(δ^F, δ^O)", "battery/counterfactual.py", "signed",
            needs=_ON_BOARDS),
    Measure("cos_toad_object", "cosine, Toad and object", "cos(δ^T, δ^O)", "battery/counterfactual.py", "signed",
            needs=_ON_BOARDS),
    Measure("cross_decoding", "cross-decoding", "accuracy of a ridge classifier of the other's distress on one's own "
            "and back, less a control", "battery/decoding.py", "signed", needs=_ON_BOARDS, null="scale-free"),
    Measure("cross_decoding_object", "cross-decoding, object", "the same from the token's distress to Frog's",
            "battery/decoding.py", "signed", needs=_ON_BOARDS),
    Measure("cross_decoding_social", "cross-decoding, social", "cross-decoding − cross-decoding, object",
            "battery/decoding.py", "signed", needs=_ON_BOARDS, null="scale-free", section="calibrated"),
    Measure("soo_mse", "self-other overlap, MSE", "mean of (h(xF) − h(xT))² in units of rms (Carauleanu et al. 2024); "
            "looked at, not trained for", "battery/overlap.py", needs=_ON_BOARDS),
    Measure("soo_nmse", "self-other overlap, NMSE", "the same over the mean variance of the unit; 2: unrelated",
            "battery/overlap.py", needs=_ON_BOARDS, null="scale-free"),
    Measure("soo_cos", "self-other overlap, cosine", "mean cosine of the two patterns over boards",
            "battery/overlap.py", needs=_ON_BOARDS, null="scale-free"),
    Measure("cmni_matched", "CMNI on matched boards", "of the hidden units; `cmni_hidden` − `cmni_matched` is "
            "“composition”: the scenarios differ in more than distress", "battery/decomposition.py", unit=_CMNI,
            needs=_ON_BOARDS),
    Measure("cmni_social", "CMNI, residual", "what is left of that without what the token's distress does; "
            "`cmni_matched` − `cmni_social` is “value coding”", "battery/decomposition.py", unit=_CMNI,
            needs=_ON_BOARDS),
    Measure("rms_layer_LAYER", "rms of layer {LAYER}", "root mean square of its alive units; what a trend may come "
            "from", "battery/bookkeeping.py", unit="activation", needs=_ON_BOARDS),
    Measure("norm_layer_LAYER", "weight norm of layer {LAYER}", "Frobenius", "battery/bookkeeping.py", needs=(BOARDS,)),
    Measure("norm_output", "weight norm of the outputs", "Frobenius", "battery/bookkeeping.py", needs=(BOARDS,)),
    Measure("dead_fraction", "dead units", "share of the hidden units", "battery/bookkeeping.py", "share",
            needs=_ON_BOARDS),
    Measure("unique_units", "unique units", "each of k units with pairwise |r| > .99 counts 1/k",
            "battery/bookkeeping.py", "count", needs=_ON_BOARDS),
)
PLAYED = (
    Measure("play_PARTNER_own", "own score, Toad {PARTNER}", "points a round (a turn of each) as Frog; at most 1",
            "played.py", "share", needs=(GAMES, ACTS), section="play"),
    Measure("play_PARTNER_partner", "Toad's score, Toad {PARTNER}", "points a round of the partner", "played.py",
            "share", needs=(GAMES, ACTS)),
    Measure("play_PARTNER_help", "help, Toad {PARTNER}", "share of *help* among its acts", "played.py", "share",
            needs=(GAMES, ACTS), section="play"),
    Measure("play_PARTNER_help_starved", "help of the starved, Toad {PARTNER}", "the same over its turns at which Toad "
            "has no energy; null without any", "played.py", "share", needs=(GAMES, ACTS)),
    Measure("play_PARTNER_stalled", "stuck, Toad {PARTNER}", "share of its turns at the last column, where it gets on "
            "only if Toad does", "played.py", "share", needs=(GAMES, ACTS)),
)
_OWN_GAME = {"": ("", ""), "_greedy": (", best acts", "; of who does what it holds most likely")}
_FIGURES = (
    ("return_own", "own score, own game", "points a round as Frog, in fresh games of the kind that it learns in, "
     "beside its own partner, acts drawn by their probability"),
    ("return_partner", "partner's score, own game", "points a round of the partner in these"),
    ("help_share", "help, own game", "share of *help* among its acts in these"),
    ("help_given_starved", "help of the starved, own game", "the same over its turns at which the partner has no "
     "energy; null without any"),
    ("help_given_stuck", "help when stuck, own game", "the same over its turns at the last column; null without any"),
    ("stalls", "stuck, own game", "share of its turns at the last column"),
)
_ON_WANDB = ("return_own", "return_partner", "help_share", "stalls")
OF_AGENTS = (
    *(Measure(f"{name}{end}", f"{words}{more}", f"{note}{best}", "../regimes/players/evaluation.py", "share",
              needs=(VALIDATION,), section="reinforcement" if f"{name}{end}" in _ON_WANDB else "")
      for end, (more, best) in _OWN_GAME.items() for name, words, note in _FIGURES),
    Measure("entropy", "entropy of the policy", "in its last update, of four acts: at most 1.39",
            "../regimes/players/ppo.py", unit="nats", section="reinforcement"),
    Measure("kl", "KL of an update", "of the policy from the one that had played, mean over the last pass",
            "../regimes/players/ppo.py", unit="nats", section="reinforcement"),
)
OF_ASSEMBLIES = (
    Measure("time", "time", "by the regime's clock, where that is not paper epochs", kind="key"),
    Measure("clock", "clock", "the unit of `time`, where that is not paper epochs", kind="key", type="string"),
    Measure("empathy", "empathy", "overlap of self and other beyond those with the object: one assembly for everything "
            "is none", "../regimes/brains/empathy.py", "signed", section="assembly"),
    Measure("overlap_frog_toad", "overlap of self and other", "share of the neurons of MIX that fire for both, in "
            "distress", "../regimes/brains/empathy.py", "share", section="assembly"),
    Measure("overlap_frog_object", "overlap of self and object", "the same with an object",
            "../regimes/brains/empathy.py", "share", section="assembly"),
    Measure("overlap_toad_object", "overlap of other and object", "of the other",
            "../regimes/brains/empathy.py", "share"),
    Measure("overlap_frog_toad_calm", "overlap of self and other, calm", "without distress",
            "../regimes/brains/empathy.py", "share"),
    Measure("overlap_frog_object_calm", "overlap of self and object, calm", "without distress",
            "../regimes/brains/empathy.py", "share"),
    Measure("overlap_toad_object_calm", "overlap of other and object, calm", "without distress",
            "../regimes/brains/empathy.py", "share"),
    Measure("completion", "completion", "share of the assembly of one's own distress that fires once 40 % of it was "
            "fired and MIX was left to itself", "../regimes/brains/persons.py", "share"),
)
OF_SIMULATIONS = (
    Measure("cirl_GOAL_HELPER_common", "both, Toad {GOAL}, Frog {HELPER}",
            "a round: what Toad is after, and Frog's score", "../regimes/simulations/cirl.py"),
    Measure("cirl_GOAL_HELPER_own", "Frog's score, Toad {GOAL}, Frog {HELPER}", "points a round",
            "../regimes/simulations/cirl.py", "share"),
    Measure("cirl_GOAL_HELPER_progress", "Toad's score, Toad {GOAL}, Frog {HELPER}", "points a round",
            "../regimes/simulations/cirl.py", "share"),
    Measure("cirl_GOAL_HELPER_energy", "Toad's energy, Toad {GOAL}, Frog {HELPER}",
            "a share of the most, a mean over rounds", "../regimes/simulations/cirl.py", "share"),
    Measure("cirl_told", "told the goal", "worth a round of the best policy of each goal: full information",
            "../regimes/simulations/cirl.py"),
    Measure("cirl_untold", "knows the prior alone", "worth a round of the policy that is best on average",
            "../regimes/simulations/cirl.py"),
    Measure("voi", "value of information", "what it is worth a round to know Toad's goal",
            "../regimes/simulations/inverse.py", section="cirl"),
    Measure("voi_toad", "value of information, Toad's part alone", "without Frog's score",
            "../regimes/simulations/inverse.py"),
    Measure("cirl_regret", "regret of the believing Frog", "what it, or one that learnt, falls short of full "
            "information, a round",
            "../regimes/simulations/inverse.py", section="cirl"),
    Measure("voi_gained", "share of it gained", "by the believing Frog; null where it is below .001",
            "../regimes/simulations/cirl.py", section="cirl"),
    Measure("right_help", "right help", "share of the rounds in which a giver and a greedy Frog differ, at which the "
            "believing one does as the better of the two; null without any", "../regimes/simulations/cirl.py", "share",
            section="cirl"),
    Measure("right_help_late", "right help after round 32", "the same", "../regimes/simulations/cirl.py", "share"),
    Measure("belief_truth", "belief in the truth", "mean probability that Frog gives Toad's goal",
            "../regimes/simulations/cirl.py", "share", section="cirl"),
    Measure("belief_right", "truth believed more", "share of games; a tie counts one half",
            "../regimes/simulations/cirl.py", "share"),
    Measure("belief_log_loss", "log-loss of beliefs", "−ln of the belief in the truth",
            "../regimes/simulations/cirl.py", unit="nats"),
    Measure("belief_calibration", "calibration error of beliefs", "expected, in ten bins",
            "../regimes/simulations/cirl.py", "share"),
    Measure("belief_drift", "mean belief beyond the prior", "over goals as likely as they are held to be: chance alone",
            "../regimes/simulations/cirl.py", "signed"),
    Measure("rounds_to_certain", "rounds to a belief of .95", "in the truth; where it is not reached, those that there "
            "were", "../regimes/simulations/cirl.py", unit="rounds", section="cirl"),
    Measure("locking", "phase locking", "PLV of both phases", "../regimes/simulations/turn_taking.py", "share",
            section="turn_taking"),
    Measure("locking_exact", "phase locking, exact", "over all time, in closed form",
            "../regimes/simulations/turns.py", "share"),
    Measure("slips", "phase slips", "a round", "../regimes/simulations/turn_taking.py"),
    Measure("slips_exact", "phase slips, exact", "in closed form", "../regimes/simulations/turns.py"),
    Measure("flips", "opposite acts", "share of the acts that are not the one before them",
            "../regimes/simulations/turn_taking.py", "share", section="turn_taking"),
    Measure("flips_exact", "opposite acts, exact", "σ(κ)", "../regimes/simulations/turns.py", "share"),
    Measure("echo", "autocorrelation at lag 2", "of the acts of both, in their order",
            "../regimes/simulations/turn_taking.py", "signed"),
    Measure("echo_exact", "autocorrelation at lag 2, exact", "tanh²(κ/2)", "../regimes/simulations/turns.py", "signed"),
    Measure("act_mi", "information in the other's last act", "about one's own; less its bias, as all of these",
            "../regimes/simulations/alternation.py", "signed", unit="nats", section="turn_taking"),
    Measure("act_mi_exact", "information in the other's last act, exact", "ln 2 − H(σ(κ))",
            "../regimes/simulations/turns.py", unit="nats"),
    Measure("act_mi_null", "information in a stranger's last act", "of another pair's",
            "../regimes/simulations/alternation.py", "signed", unit="nats"),
    Measure("transfer", "transfer", "transfer entropy, nats: the same beyond one's own last act (of imitation it is "
            "another number)", "../regimes/simulations/alternation.py", "signed", section="turn_taking"),
    Measure("transfer_null", "transfer entropy of strangers", "of another pair's acts",
            "../regimes/simulations/alternation.py", "signed", unit="nats"),
    Measure("transfer_z", "transfer beyond strangers", "from the mean over all pairings with strangers, in their sd",
            "../regimes/simulations/alternation.py", "signed", unit="sd"),
    Measure("transfer_p", "pairings of as much transfer", "share of all pairings of players, the true one among them, "
            "of which transfer entropy is as large; uniform where nobody hears",
            "../regimes/simulations/alternation.py", "share"),
    Measure("pair_score", "score of a pair", "points a round and player",
            "../regimes/simulations/turn_taking.py", "share", section="turn_taking"),
    Measure("pair_score_last", "score of a pair at the end", "over its last 256 rounds, as all below",
            "../regimes/simulations/turn_taking.py", "share", section="turn_taking"),
    Measure("pair_alive", "pairs alive", "share of those that make points",
            "../regimes/simulations/turn_taking.py", "share", section="turn_taking"),
    Measure("pair_energy", "energy of a pair", "mean of both", "../regimes/simulations/turn_taking.py"),
    Measure("pair_gifts", "gifts a turn", "of energy", "../regimes/simulations/turn_taking.py", "share"),
    Measure("alternation", "alternation", "ALT of gifts: consecutive ones, no two in a round, whose giver changes; of "
            "pairs alive, as all below", "../regimes/simulations/alternation.py", "share", section="turn_taking"),
    Measure("alternation_null", "alternation by permutation", "of the same gifts in any order",
            "../regimes/simulations/alternation.py", "share"),
    Measure("alternation_z", "alternation beyond permutation", "of the same gifts",
            "../regimes/simulations/alternation.py", "signed", unit="sd"),
    Measure("gift_locking", "phase locking of gifts", "a mean over pairs in which both give 20 times",
            "../regimes/simulations/alternation.py", "share"),
    Measure("gift_locking_null", "phase locking of shifted gifts", "by .1 to .9 of the rounds",
            "../regimes/simulations/alternation.py", "share"),
)
OF_PLAYERS = (
    *(replace(each, name=f"{each.name}_greedy", label=f"{each.label}, best acts", section="",
              note="of a Frog that learnt and does what it holds most likely",
              file="../regimes/players/cirl_learner.py")
      for each in OF_SIMULATIONS if each.name in ("cirl_regret", "right_help", "right_help_late")),
    *(replace(each, name=f"{each.name}{end}", label=f"{each.label}, {words}", section="",
              note=f"{each.note}; κ is {gain} instead, on the same weights", file="../regimes/players/turn_learners.py")
      for end, words, gain in (("_deaf", "deaf", 0), ("_loud", "loud", 4)) for each in OF_SIMULATIONS
      if each.name in ("pair_score_last", "pair_gifts", "alternation", "alternation_null", "transfer", "transfer_null",
                       "transfer_z")),
)
CAUSED = (
    Measure("units_CLASS_LAYER", "{CLASS} units of layer {LAYER}", "alive units of a class: both players' distress "
            "raises it, one's alone moves it, both lower it, they differ in sign, or none; sign-flip tests, false "
            "discovery rate .05, d′ beyond .3", "battery/classes.py", "count", needs=_CAUSED),
    Measure("intact_KIND", "right answers, {KIND}", "share of right answers of task rows whose right answer it is",
            "battery/ablation.py", "share", needs=_ACTS_CAUSED),
    Measure("ablate_SET_MODE_KIND", "{KIND} without {SET} ({MODE})", "change of the share of right answers when "
            "first-layer units of a set (four of largest MNS) are replaced by their means or by their activations on "
            "other rows; null if the set is empty", "battery/ablation.py", "signed", needs=_ACTS_CAUSED),
    Measure("ablate_random_SET_MODE_KIND", "{KIND} without as many random units as {SET} ({MODE})",
            "the same, averaged over eight random sets of the same size in the same network", "battery/ablation.py",
            "signed", needs=_ACTS_CAUSED),
    Measure("sufficiency", "sufficiency", "share of the change y(xT) − y(x0) of the output for help that appears on x0 "
            "when the mirror units are as on xT; null without any, or with a denominator up to .05",
            "battery/patching.py", needs=_ACTS_CAUSED),
    Measure("necessity", "necessity", "share of the same change that is gone on xT when they are as on x0",
            "battery/patching.py", needs=_ACTS_CAUSED),
    Measure("tr", "TR", "E[y(x0, mirror units as on xF) − y(x0)] / E[y(x0, as on xT) − y(x0)]: 1 for a channel that "
            "does not ask whose distress it is", "battery/patching.py", needs=_ACTS_CAUSED, section="calibrated"),
    Measure("tr_low", "TR, low end", "of its 90 % interval over boards", "battery/patching.py", needs=_ACTS_CAUSED),
    Measure("tr_high", "TR, high end", "of the same interval", "battery/patching.py", needs=_ACTS_CAUSED),
    Measure("cka", "CKA", "centred kernel alignment of the two responses over boards, debiased", "battery/geometry.py",
            needs=_CAUSED),
    Measure("rsa", "RSA", "Spearman's correlation of their distances between boards", "battery/geometry.py",
            needs=_CAUSED),
    Measure("alignment", "alignment", "share of leading directions over units in common, less chance's",
            "battery/geometry.py", "signed", needs=_CAUSED),
    Measure("alignment_z", "z of alignment", "the same in units of chance's spread", "battery/geometry.py", "signed",
            needs=_CAUSED),
    Measure("circuits_CIRCUIT", "hubs of {CIRCUIT}", "units of the second layer that are hubs of a kind",
            "battery/circuits.py", "count", needs=_OF_HUBS),
    Measure("mirror", "mirror network", "the verdict: 1 if the larger z of `ssi` and `ssi_last` is beyond its null's "
            ".99 quantile, `tr_low` > 0 and `rescue_accuracy` > `help_unasked`; else 0; null where it was not asked",
            "battery/nulls.py", "verdict", needs=(*_ACTS_CAUSED, NULLS), share_label="P(mirror)"),
    Measure("mirror_code", "mirror code", "the verdict without its last condition, which is about behaviour",
            "battery/nulls.py", "verdict", needs=(*_ACTS_CAUSED, NULLS),
            share_label="P(mirror) without its behaviour term"),
)
EVERY_UNIT = (
    *_KEYS,
    Measure("layer", "layer", "1…depth hidden, depth + 1 the outputs", kind="key", type="int64"),
    Measure("unit", "unit", "from 1", kind="key", type="int64"),
    Measure("output", "output", "whether it is one", kind="key", type="bool"),
    Measure("mns", "MNS", "mirror neuron score, filtered and clipped", "cmni.py", unit="activation"),
    Measure("MOMENT_SCENARIO", "{MOMENT} activation, {SCENARIO}", "over the rows of a scenario; filtered: Frog's that "
            "show a 5, Toad's that show a 4; null where undefined", "stream.py", type="float32"),
    Measure("kl_PAIR", "KL divergence, {PAIR}", "50 bins", "histograms.py", unit="nats", type="float32"),
)
CAUSED_UNITS = (
    Measure("unit_class", "class", "as in `units_CLASS_LAYER`", "battery/classes.py", "key", type="string",
            needs=_CAUSED),
    Measure("unique_weight", "weight of a unit", "1/k for each of k units that are alike, 0 if dead",
            "battery/responses.py", needs=_CAUSED),
    Measure("rms", "rms", "root mean square on x0 ∪ xF ∪ xT", "battery/responses.py", unit="activation", needs=_CAUSED),
    Measure("d_prime_frog", "d′ Frog", "of one's own distress against none", "battery/classes.py", needs=_CAUSED),
    Measure("d_prime_toad", "d′ Toad", "of the partner's distress against none", "battery/classes.py", needs=_CAUSED),
    Measure("p_frog", "p Frog", "of a sign-flip test of one's own over boards", "battery/classes.py", needs=_CAUSED),
    Measure("p_toad", "p Toad", "of a sign-flip test of the partner's", "battery/classes.py", needs=_CAUSED),
    Measure("delta_frog", "δ Frog", "change by one's own distress", "battery/responses.py", unit="rms", needs=_CAUSED),
    Measure("delta_toad", "δ Toad", "change by the partner's", "battery/responses.py", unit="rms", needs=_CAUSED),
    Measure("alone_KIND", "{KIND} without it", "change of the share of right answers when the unit is replaced by its "
            "mean", "battery/ablation.py", "signed", needs=_ACTS_CAUSED),
    Measure("cumulative_KIND", "{KIND} without it and larger ones", "share of right answers without the first-layer "
            "units of a larger min(d′^F, d′^T) too", "battery/ablation.py", "share", needs=_ACTS_CAUSED),
    Measure("hub", "circuit", "that a unit of the second layer is a hub of", "battery/circuits.py", "key",
            type="string", needs=_OF_HUBS),
    Measure("share_mirror_frog", "drive from mirror units, Frog", "share of the hub's between x0 and xF",
            "battery/circuits.py", "share", needs=_OF_HUBS),
    Measure("share_mirror", "drive from mirror units", "share of the hub's between x0 and xT", "battery/circuits.py",
            "share", needs=_OF_HUBS),
    Measure("share_toad", "drive from Toad-only units", "share of the hub's between x0 and xT", "battery/circuits.py",
            "share", needs=_OF_HUBS),
    Measure("share_frog", "drive from Frog-only units", "share of the hub's between x0 and xT", "battery/circuits.py",
            "share", needs=_OF_HUBS),
    Measure("leap_lost", "leap lost by its ablation", "share of right leaps", "battery/circuits.py", needs=_OF_HUBS),
    Measure("help_moved_by_mirror", "help moved by mirror units alone", "through the hub", "battery/circuits.py",
            needs=_OF_HUBS),
)
OF_OWN_NETWORKS = (  # docs/own-network.md; beside them those of CALIBRATED that need no game
    Measure("mirror_units", "mirror units", "units that self and other raise, and both more than the object; p is "
            "Simes's over the site's units", "../own/joined.py", "count"),
    Measure("mirror_units_matched", "mirror units, object as strong", "whether there are any if the object's effect is "
            "scaled up to the strength of self's and of other's", "../own/joined.py", "count"),
    Measure("tipping", "tipping factor", "the largest factor on the object's effect at which there still are mirror "
            "units", "../own/joined.py"),
    Measure("shared_units", "shared units", "units that self and other raise, whatever the object does",
            "../own/joined.py", "count"),
    Measure("strength_self", "strength of self over object", "√(K_SS/K_OO), how much more self changes the pattern "
            "than the object does", "../own/patterns.py"),
    Measure("strength_other", "strength of other over object", "√(K_TT/K_OO)", "../own/patterns.py"),
    Measure("ssi_unbiased", "SSI, unbiased", "SSI of inner products over different rows, so that the none that self "
            "and other share does not count", "../own/patterns.py", "signed"),
    Measure("overlap_beyond_object", "overlap beyond the object", "|S − O|² − |S − T|² over different rows: how much "
            "nearer self's mean change is to other's than to the object's", "../own/patterns.py", "signed",
            unit="rms²"),
    Measure("additivity", "additivity", "⟨B, S + T⟩/|S + T|² over different rows, B the change by both: 1 if they add "
            "up", "../own/patterns.py"),
    Measure("decoding_accuracy", "decoding of self and other", "share of rows in which a decoder trained on self tells "
            "other from none, and the other way round", "../own/decoding.py", "share"),
    Measure("decoding_accuracy_object", "decoding from the object", "the same of decoders trained on the object",
            "../own/decoding.py", "share"),
    Measure("decoding_beyond_object", "decoding beyond the object", "the margin of the former less that of the latter, "
            "in spreads over rows; p by exchange of self and object among training rows", "../own/decoding.py",
            "signed"),
    Measure("ablated", "effect of ablation", "change of the behaviour under other, with mirror units replaced by their "
            "means under none", "../own/interventions.py", "signed"),
)
# fmt: on

# By name; a measure of one's own comes in by `register`.
MEASURES: dict[str, Measure] = {
    each.name: each
    for family in (
        *(
            EVERY_RECORD,
            CALIBRATED,
            PLAYED,
            OF_AGENTS,
            OF_ASSEMBLIES,
            OF_SIMULATIONS,
            OF_PLAYERS,
            CAUSED,
            EVERY_UNIT,
            CAUSED_UNITS,
        ),
        OF_OWN_NETWORKS,
    )
    for each in family
}


class Chosen(Sequence[str]):
    """The names of the measures of which something holds, in their order; those that are registered later too."""

    def __init__(self, holds: Callable[[Measure], bool], ending: str = ""):
        self._holds, self._ending = holds, ending

    def _names(self) -> list[str]:
        return [f"{name}{self._ending}" for name, each in MEASURES.items() if self._holds(each)]

    def __len__(self) -> int:
        return len(self._names())

    def __getitem__(self, place: Any) -> Any:
        return self._names()[place]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())


OURS = frozenset(MEASURES)  # without those of plugins


def register(*measures: Measure) -> None:
    """Describes columns of one's own, so that they are called by their label wherever they are shown.

    Raises:
        ValueError: a column is described otherwise already.
    """
    for each in measures:
        if MEASURES.get(each.name, each) != each:
            raise ValueError(f"measure {each.name}: is described already, as {MEASURES[each.name].label!r}")
    MEASURES.update((each.name, each) for each in measures)


def measure(column: str) -> Measure:
    """What is known of a column; one that nobody described has its name with spaces for a label."""
    if column in MEASURES:
        return MEASURES[column]
    if column.endswith("_z") and (raw := measure(column.removesuffix("_z"))).has_z:
        note = f"`{raw.name}` against untrained networks"
        return replace(raw, name=column, label=f"z of {raw.label}", note=note, kind="signed", unit="sd", null="")
    families = (each for each in MEASURES.values() if each.parts)
    found = next(filter(None, (each.match(column) for each in families)), None)
    return found or Measure(column, column.replace("_", " "))


def label(column: str) -> str:
    """What readers are shown of a column."""
    return measure(column).label
