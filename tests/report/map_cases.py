"""Maps of the theory's knobs with a planted boundary: what is to be found in their cells is known exactly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.report.cases import Network, like_paper, write_population

EPOCHS = (0.0, 1.0, 2.0, 5.0, 10.0, 25.0)
DEAR_FROM = 5.0  # paper epoch from which on verdicts are recorded
KNOBS = {  # at the paper's values
    "congruence": 0.0,
    "dependency": 1.0,
    "scroll": 1.0,
    "edge": 1.0,
    "veil_symbol": 0.0,
    "veil_role": 0.0,
    "mask": 1.0,
    "shuffled": 0.0,
    "skies": 6.0,
    "obstacle_rate": 0.075,
    "obstacle_width": 4.0,
    "boards": None,
    "data_seed": 0,
    "encoding": "ordinal",
}


@dataclass
class KnobNetwork(Network):
    """A network of a map; `seeds` of them are in its cell."""

    knobs: dict[str, Any] = field(default_factory=dict)
    seeds: int = 8

    @property
    def member_id(self) -> str:
        import hashlib

        words = (self.seed, self.depth, self.width, self.learning_rate, sorted(self.knobs.items(), key=str))
        return hashlib.sha256(repr(words).encode()).hexdigest()[:16]

    def knob(self, name: str) -> Any:
        return self.knobs.get(name, KNOBS[name])


def mirrors(network: KnobNetwork, epoch: float) -> int:
    """How many of a cell's networks are mirror networks: all at D = 1 and I = 1, none at the paper's I = 0."""
    logit = 10 * (network.knob("veil_symbol") * network.knob("dependency") - 0.35)
    return round(network.seeds * min(epoch / 25, 1.0) / (1 + np.exp(-logit)))


def planted(network: Network, epoch: float) -> dict[str, float]:
    """The first seeds of a cell are its mirror networks; SSI is the seed in hundredths, and a half more for these."""
    assert isinstance(network, KnobNetwork)
    is_mirror = network.seed < mirrors(network, epoch)
    asked = epoch >= DEAR_FROM
    found = like_paper(network, epoch)
    found |= {
        "ssi_last": 0.01 * network.seed + 0.5 * is_mirror,
        "mni_star": 0.02 * is_mirror,
        "cross_decoding_social": 0.1 * is_mirror + 0.001 * network.seed,
        "rescue_accuracy": network.knob("dependency") * min(epoch / 25, 1.0),
        "excess_error": 0.5 * np.exp(-epoch / 10),
        "tr": (1.0 if is_mirror else 0.1) if asked else np.nan,
        "mirror": float(is_mirror) if asked else np.nan,
        "mirror_code": float(network.seed < mirrors(network, epoch) + 1) if asked else np.nan,
    }
    return found


def write_map(
    folder: Path, networks: Sequence[KnobNetwork], epochs: Sequence[float] = EPOCHS, old: bool = False
) -> Path:
    """Writes a population with the columns of the knobs.

    Args:
        old: as before there were any but congruence, dependency and shuffled.
    """
    made = write_population(folder, networks, epochs, units_at=())
    table = pq.read_table(made / "members.parquet")
    kept = ("congruence", "dependency", "shuffled")
    for name in KNOBS:
        place = table.schema.get_field_index(name)
        table = table.remove_column(place) if place >= 0 else table
        if not old or name in kept:
            table = table.append_column(name, pa.array([network.knob(name) for network in networks]))
    if not old:
        measured = [0.044 * network.knob("dependency") for network in networks]
        table = table.append_column("measured_dependency", pa.array(measured))
        hidden = [float(network.knob("veil_symbol")) for network in networks]
        table = table.append_column("identity_hidden", pa.array(hidden))
        boards = [network.knob("boards") or 640_000 for network in networks]
        table = table.append_column("train_boards", pa.array(boards))
    pq.write_table(table, made / "members.parquet")
    return made


def veil_map(side: int = 9, seeds: int = 8, more: dict[str, Sequence[Any]] | None = None) -> list[KnobNetwork]:
    """Dependency × veil, of symbols and roles together, and further knobs as slices."""
    levels = np.linspace(0, 1, side).round(4).tolist()
    further = more or {}
    networks = []
    for dependency, veil, *rest in product(levels, levels, *further.values()):
        knobs = {"dependency": dependency, "veil_symbol": veil, "veil_role": veil}
        knobs |= dict(zip(further, rest, strict=True))
        networks += [KnobNetwork(seed, values=planted, knobs=knobs, seeds=seeds) for seed in range(seeds)]
    return networks
