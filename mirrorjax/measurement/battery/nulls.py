"""What the cheap measures say of networks that have learnt nothing: the null of z and of verdicts.

Untrained networks of the same architecture with each layer rescaled to trained norms. Without biases, as they start,
a relu network is homogeneous: rescaling its layers multiplies all activations of a layer and leaves every scale-free
measure as it is, so that these are computed once per architecture and boards. Raw CMNI follows the norms: its parts
by layer are kept, to be multiplied by those of the network that is looked at.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.measurement.battery.cheap import Boards, cheap
from mirrorjax.regimes.supervised import Supervised

VERSION = 1  # of the measures: raise it when one of them changes
FIRST_SEED = 1 << 30  # of nulls, far from any member's
QUANTILE = 0.99  # beyond it a value is not the null's


@dataclass(frozen=True)
class Null:
    """Values of untrained networks by measure [seeds]."""

    values: Mapping[str, np.ndarray]

    def z(self, name: str, measured: np.ndarray) -> np.ndarray:
        """(measured - mean)/sd of the null; NaN where the null never varies."""
        values = self.values[name]
        spread = values.std()
        return (measured - values.mean()) / spread if spread > 0 else np.full(np.shape(measured), np.nan)

    def quantile(self, name: str) -> float:
        """The .99 quantile."""
        return float(np.quantile(self.values[name], QUANTILE))


def untrained(regime: Supervised, true_width: int, boards: Boards, seeds: int) -> Null:
    """Measures untrained networks.

    Args:
        regime: their architecture.
        true_width: their units a layer.
        boards: matched boards.
        seeds: how many; disjoint from those of all members.
    """
    width = jnp.int32(true_width)

    @jax.jit
    def all_of(keys: jax.Array) -> dict[str, jax.Array]:
        return jax.lax.map(lambda key: cheap(regime, regime.init(key, width), width, boards), keys)

    keys = jax.vmap(jax.random.key)(FIRST_SEED + jnp.arange(seeds))
    return Null({name: np.asarray(values) for name, values in all_of(keys).items()})


def kept(folder: Path, regime: Supervised, true_width: int, boards: Boards, boards_hash: str, seeds: int) -> Null:
    """The null from a file, or measured and put there.

    Args:
        folder: of all nulls.
        regime, true_width, boards, seeds: as in `untrained`.
        boards_hash: of their content.
    """
    about = {
        "version": VERSION, "boards": boards_hash, "seeds": seeds, "width": true_width,
        "model": regime.model, "depth": regime.depth, "activation": regime.activation,
    }  # fmt: skip
    name = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    path = folder / f"null-{name}.npz"
    if path.exists():
        with np.load(path, allow_pickle=False) as found:
            return Null(dict(found))
    null = untrained(regime, true_width, boards, seeds)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".tmp.npz")
    np.savez(unfinished, **null.values)
    unfinished.replace(path)
    return null
