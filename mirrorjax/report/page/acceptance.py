"""Does a run reproduce the paper? The published values beside the measured ones, and what is required (2×17)."""

from dataclasses import dataclass

import numpy as np

from mirrorjax.measures import label
from mirrorjax.report.read.configurations import BY_NAME, PAPER_BATCH, PAPER_RATE, knobs_off
from mirrorjax.report.read.over_seeds import Band, Curve, Networks, after_peak_start, band
from mirrorjax.report.read.populations import Group
from mirrorjax.report.read.published import paper_curve
from mirrorjax.report.read.view import View
from mirrorjax.report.words.numbers import epoch_words, listed, plain_number, tidy_number

EPOCHS = (2, 5, 10, 25, 49)  # where validation loss is compared
LOSS_TOLERANCE = 0.005
PEAK_EPOCHS = (4.0, 12.0)
FEWEST_NETWORKS, WANTED_NETWORKS = 8, 32  # to show the table at all; to accept
PUBLISHED_SETTINGS = {name: BY_NAME[name].default for name in ("dropout", "l2", "activation")}
_LAST = 49
# published at epoch 70 (Table 3): share of the rows of a label that are answered right
_RECALLS = (
    ("accuracy", 0.921, 0.90),
    ("recall_jump", 1.0, 0.99),
    ("recall_help", 0.9628, 0.85),
    ("recall_leap", 0.5695, 0.40),
)


@dataclass(frozen=True)
class Requirement:
    """One line of the acceptance table: what is compared, the paper's value, ours and what is required of it.

    `measured` is nan and `met` None if the run does not have it; `low` and `high` are 5 % and 95 % quantiles over
    networks.
    """

    name: str
    published: str
    measured: float
    low: float
    high: float
    required: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """In words."""
        return {None: "not measured", True: "met", False: "not met"}[self.met]


def applicable(view: View) -> list[Group]:
    """The configurations like the published run: 2×17, batch 25, its knobs of the theory, 8 networks or more."""
    return [
        group
        for group in view.population.groups
        if group.is_paper_capacity
        and group.settings["batch_size"] == PAPER_BATCH
        and not knobs_off(group.settings)
        and int(np.sum(view.networks.of(group))) >= FEWEST_NETWORKS
    ]


def differing_settings(group: Group) -> str:
    """States how a configuration differs from the published one; empty where it does not.

    The learning rate may differ: time is learning rate × steps, up to the noise of larger steps.
    """
    own, words = group.settings, []
    if not np.isclose(own["learning_rate"], PAPER_RATE):
        words.append(f"learning rate {tidy_number(own['learning_rate'])} instead of 4e-6")
    for name, value in PUBLISHED_SETTINGS.items():
        if not (own[name] == value if isinstance(value, str) else np.isclose(own[name], value)):
            words.append(f"{name} {own[name]} instead of {value}")
    if own["data_order"] == "shared":
        words.append("one data order for all seeds, so that their spread is too small")
    return listed(words)


def acceptance(view: View, group: Group) -> list[Requirement]:
    """Compares one configuration with the published run.

    The peak is the maximum of the *median curve* after epoch 1.5; its interval is over the networks' own peaks. All
    else is judged by the median over networks that have not diverged.
    """
    curve, found = view.curves[group.index], view.networks
    number = int(np.sum(found.of(group) & ~found.diverged))
    enough, wanted = number >= WANTED_NETWORKS, f"≥ {WANTED_NETWORKS}"
    lines = [Requirement("networks that did not diverge", "1", number, np.nan, np.nan, wanted, enough)]
    for epoch in EPOCHS:
        published, name = paper_curve().at("val_loss", epoch), f"{label('val_loss')} at epoch {epoch}"
        allowed = (published - LOSS_TOLERANCE, published + LOSS_TOLERANCE)
        lines.append(_line(name, f"{published:.4f}", _at(curve, "val_loss", epoch), allowed))
    lines += _cmni_lines(curve, found, group)
    values = _values_at(view, group, _LAST)
    for name, published, least in _RECALLS:
        words = f"{label(name)} at epoch {_LAST}", f"{published:.3f} (epoch 70)"
        lines.append(_line(*words, band(values[name]), (least, np.inf)))
    return lines


def _cmni_lines(curve: Curve, found: Networks, group: Group) -> list[Requirement]:
    own, paper = found.of(group), paper_curve()
    cmni, epochs = curve.bands["cmni"].median, curve.epoch
    known = np.flatnonzero(after_peak_start(epochs) & np.isfinite(cmni))
    peak = last = peak_epoch = float("nan")
    top = known[np.argmax(cmni[known])] if len(known) else None
    # the highest value where the run stopped, before a peak was due: then none was seen, nor missed
    if top is not None and not (top == known[-1] and epochs[top] < PEAK_EPOCHS[1]):
        peak, peak_epoch, last = float(cmni[top]), float(epochs[top]), float(cmni[known[-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios, ratio = found.peak[own] / found.last["cmni"][own], float(np.divide(peak, last))
    end = float(epochs[known[-1]]) if len(known) else np.nan
    published = float(paper.cmni.max())
    published_ratio = published / paper.at("cmni", end) if np.isfinite(end) else np.nan
    published_epoch = epoch_words(paper.epoch[np.argmax(paper.cmni)])
    dip, dip_epoch = _dip(curve, peak_epoch)
    last_words, dip_words = f"(epoch {epoch_words(end)})", f"(to {plain_number(dip)})"

    def among(values: np.ndarray, measured: float) -> Band:
        return band(values)._replace(median=np.asarray(measured))

    dips = Band(*np.array([np.nan, dip_epoch, np.nan]))
    return [
        _line("CMNI peak: epoch", published_epoch, among(found.peak_epoch[own], peak_epoch), PEAK_EPOCHS),
        _line("CMNI peak: height", f"{published:.5f}", among(found.peak[own], peak), (0.006, 0.014)),
        _line(f"CMNI peak / last {last_words}", plain_number(published_ratio), among(ratios, ratio), (1.3, np.inf)),
        _line(f"CMNI dip before the peak {dip_words}: epoch", "2 (0.00414)", dips, (1.0, 3.0)),
    ]


def _dip(curve: Curve, peak_epoch: float) -> tuple[float, float]:
    """The lowest point of the median curve before its peak; one checkpoint alone there could not tell where it lies."""
    cmni, epochs = curve.bands["cmni"].median, curve.epoch
    before = np.flatnonzero((epochs > 0) & (epochs < peak_epoch) & np.isfinite(cmni))
    if len(before) < 2:
        return np.nan, np.nan
    lowest = before[np.argmin(cmni[before])]
    return float(cmni[lowest]), float(epochs[lowest])


def _at(curve: Curve, name: str, epoch: float) -> Band:
    place = curve.at_epoch(epoch)
    return Band(*np.full(3, np.nan)) if place is None else Band(*(part[place] for part in curve.bands[name]))


def _values_at(view: View, group: Group, epoch: float) -> dict[str, np.ndarray]:
    """The measures of each network that has not diverged, at the checkpoint of an epoch; empty without one."""
    curve, names = view.curves[group.index], ", ".join(name for name, *_ in _RECALLS)
    place = curve.at_epoch(epoch)
    return view.population.query(
        f"SELECT {names} FROM observations WHERE group_index = ? AND checkpoint = ? AND alive",
        (group.index, -1 if place is None else int(curve.checkpoint[place])),
    )


def _line(name: str, published: str, values: Band, allowed: tuple[float, float]) -> Requirement:
    low, measured, high = map(float, values)
    least, most = allowed
    required = f"≥ {least:g}" if np.isinf(most) else f"{least:g} to {most:g}"
    met = bool(least <= measured <= most) if np.isfinite(measured) else None
    return Requirement(name, published, measured, low, high, required, met)
