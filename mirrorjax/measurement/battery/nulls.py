"""What networks that have learnt nothing score: the null that a measure is held against, and verdicts with it.

Untrained networks of the same architecture, each layer rescaled to the norm that it has in the network that is looked
at. Without biases, as they start, relu networks are homogeneous: rescaling a layer multiplies the activations of all
layers from there on. Scale-free measures stay as they are, so that a null is measured once per architecture and data;
raw CMNI is a sum over layers, each of which is multiplied by the ratios of the norms up to it. Networks that are not
homogeneous are compared with untrained ones as they are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from mirrorjax.measures import Chosen
from mirrorjax.models.base import Network
from mirrorjax.population.members import Member
from mirrorjax.regimes import REGIMES, own_regime

VERSION = 1  # of the measures; raise it when one of them changes, so that nulls that were kept are measured anew
FIRST_SEED = 1 << 60  # of nulls, far from any member's
QUANTILE = 0.99  # beyond it a value is not the null's
SCALE_FREE = Chosen(lambda each: each.null == "scale-free")
PATTERNS = ("ssi", "ssi_last")  # of all units and of the last layer's: a mirror code may be of either
RAW = Chosen(lambda each: each.null == "rescaled")
ARCHITECTURE = ("regime", "model", "depth", "width", "activation", "encoding")
LATER = ("d_model", "heads")  # further ones, of no null from before they were there

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Null:
    """Records of untrained networks of one architecture, by column [seeds]."""

    architecture: Member
    columns: Columns

    @cached_property
    def network(self) -> Network:
        """One of this architecture."""
        return own_regime(self.architecture).network

    @cached_property
    def moments(self) -> dict[str, tuple[float, float]]:
        """Mean and standard deviation of each scale-free measure; a plugin's may not have been there yet."""
        known = [name for name in SCALE_FREE if name in self.columns]
        return {name: (float(self.columns[name].mean()), float(self.columns[name].std())) for name in known}

    @property
    def raw(self) -> list[str]:
        """Raw CMNI, of networks that have it: one whose units have either sign has none."""
        return [name for name in RAW if name in self.columns]

    def quantile(self, name: str, share: float = QUANTILE) -> float:
        """Of a measure; the .99 quantile unless told."""
        return float(np.quantile(self.columns[name], share))

    def z(self, records: Columns) -> dict[str, np.ndarray]:
        """(measured - mean)/sd, as `NAME_z`, of members of this architecture [members]; NaN if it never varies."""
        scores = {name: _standard(np.asarray(records[name]), *own) for name, own in self.moments.items()}
        for name in self.raw:
            scores[name] = _standard(np.asarray(records[name]), *self.rescaled_moments(name, records))
        return {f"{name}_z": values for name, values in scores.items()}

    def pattern(self, records: Columns) -> np.ndarray:
        """The larger z of SSI, of all units or of the last layer's [members]."""
        return np.fmax.reduce([_standard(np.asarray(records[name]), *self.moments[name]) for name in PATTERNS])

    @cached_property
    def pattern_quantile(self) -> float:
        """What `pattern` of one in a hundred of these is beyond: the larger of two chances is held against its own."""
        return float(np.nanquantile(self.pattern(self.columns), QUANTILE))

    def rescaled_moments(self, name: str, records: Columns) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of raw CMNI over the null's networks, with each member's layer norms [members].

        It is linear in the products of a member's norms, so that the null's mean and covariance over layers suffice.
        """
        depth = len(self.network.sites)
        hidden = sum(site.size for site in self.network.sites if site.kind == "rate")
        layers = depth if name == "cmni_hidden" else depth + 1
        units = hidden if name == "cmni_hidden" else hidden + self.network.outputs
        scores = np.stack([self.columns[part] for part in (*_numbered("mne_layer", depth), "mne_output")][:layers])
        gain, own = self._gain(self.columns)[:layers], self._gain(records)[:layers]
        parts = scores / gain / units
        deviation = np.einsum("lm,lk,km->m", own, np.atleast_2d(np.cov(parts, ddof=0)), own)
        return own.T @ parts.mean(-1), np.sqrt(np.maximum(deviation, 0.0))

    def _gain(self, records: Columns) -> np.ndarray:
        """What the norms of the layers up to each one multiply activations by [layers and outputs, networks]."""
        names = (*_numbered("norm_layer", len(self.network.sites)), "norm_output")
        norms = np.stack([records[name] for name in names])
        return np.cumprod(norms if self.network.homogeneous else np.ones_like(norms), axis=0)


def _numbered(name: str, depth: int) -> list[str]:
    return [f"{name}_{layer}" for layer in range(1, depth + 1)]


def architecture_of(member: Member) -> Member:
    """What a null depends on, of a member's settings; all else as by default.

    Of the regime that is how the hidden weights start: regimes that start alike share their nulls.
    """
    own = Member(**{name: getattr(member, name) for name in (*ARCHITECTURE, *LATER)})
    return replace(own, regime=REGIMES[member.regime].initialises_as)


def null_members(architecture: Member, seeds: int) -> list[Member]:
    """Untrained networks of an architecture, with seeds that no member has."""
    return [replace(architecture, seed=FIRST_SEED + number) for number in range(seeds)]


def _standard(values: np.ndarray, mean: np.ndarray | float, spread: np.ndarray | float) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (values - mean) / spread
    return np.where(np.asarray(spread) > 0, z, np.nan)


class Nulls:
    """The nulls of a population's members, by their architecture."""

    def __init__(self, members: list[Member], by_architecture: Mapping[Member, Null]):
        self.by_architecture, self.count = dict(by_architecture), len(members)
        self.places: dict[Member, list[int]] = {each: [] for each in self.by_architecture}
        for place, member in enumerate(members):
            self.places[architecture_of(member)].append(place)

    def calibrated(self, records: Columns) -> dict[str, np.ndarray]:
        """Columns of z beside a checkpoint's records, and verdicts where there is a TR [members].

        `mirror` is 1 for a network whose SSI, of all units or of the last layer's, is beyond the .99 quantile of the
        null's larger one, whose TR has an interval above zero, and that helps in rescue more often than on the same
        boards without distress; 0 for others, and NaN where TR was not asked for. An undefined TR is none above zero.
        `mirror_code` is the same without regard to what the network does.
        """
        columns: dict[str, np.ndarray] = {}
        for architecture, places in self.places.items():
            null = self.by_architecture[architecture]
            own = {name: np.asarray(values)[places] for name, values in records.items()}
            found = null.z(own)
            if "tr_low" in own:
                found["mirror_code"] = mirror_code(own, null)
                found["mirror"] = verdict(own, null)
            for name, values in found.items():
                columns.setdefault(name, np.full(self.count, np.nan))[places] = values
        return columns


def verdict(records: Columns, null: Null) -> np.ndarray:
    """Whether networks have a mirror code [members]: 1, 0, or NaN where there is no patching."""
    helps = records["rescue_accuracy"] > records["help_unasked"]
    code = mirror_code(records, null)
    return np.where(helps | np.isnan(code), code, 0.0)


def mirror_code(records: Columns, null: Null) -> np.ndarray:
    """The verdict without its behaviour [members]."""
    patched = np.isfinite(records["units_mirror_1"])
    found = (null.pattern(records) > null.pattern_quantile) & (np.nan_to_num(records["tr_low"], nan=-1.0) > 0)
    return np.where(patched, found.astype(float), np.nan)


def summary(nulls: Mapping[Member, Null]) -> dict[str, list]:
    """A table with a row for each architecture and measure: its seeds, mean, deviation and quantiles."""
    table: dict[str, list] = {}
    for architecture, null in nulls.items():
        for name in (*null.moments, *null.raw):
            values = null.columns[name]
            row = {each: getattr(architecture, each) for each in (*ARCHITECTURE, *LATER)}
            row |= {"measure": name, "seeds": len(values), "mean": float(values.mean()), "sd": float(values.std())}
            row |= {f"q{round(100 * q):02d}": null.quantile(name, q) for q in (0.01, 0.05, 0.5, 0.95, 0.99)}
            for key, value in row.items():
                table.setdefault(key, []).append(value)
    return table
