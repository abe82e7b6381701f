"""Planted values of the calibrated measures: what is to be found in the figures is known exactly."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mirrorjax.report.read.caused import CIRCUITS, CLASSES, KINDS, MODES, RATIOS, SETS, ablated
from mirrorjax.report.read.nulls import ARCHITECTURE
from tests.report.cases import Network, like_paper, write_population

EPOCHS = (0.0, 1.0, 2.0, 5.0, 7.0, 10.0, 20.0)
SEEDS = 6
ASKED = 4  # seeds 0 to 3 get the causal measures
DEAR_FROM = 10  # paper epoch from which on they are recorded
CALIBRATED = ("cmni", "cmni_hidden", "mni_star", "ssi", "ssi_last", "d_prime_mni", "cross_decoding")


def with_battery(network: Network, epoch: float) -> dict[str, float]:
    """Like the paper, with the observational measures and, of the first seeds and late, the causal ones."""
    values = like_paper(network, epoch)
    asked = network.seed < ASKED and epoch >= DEAR_FROM
    values |= {"excess_error": float(np.exp(-0.2 * epoch))}
    return values | observed(network, epoch, values["cmni_hidden"]) | caused(network, asked)


def observed(network: Network, epoch: float, cmni_hidden: float) -> dict[str, float]:
    """Rising from 0; the z of every measure is the seed; composition is -.001 · seed, value coding .002."""
    risen = min(epoch / 20, 1.0)
    raw = {
        "mni_star": 0.01 * risen,
        "ssi": -0.02,  # never above zero
        "ssi_last": -0.02,
        "d_prime_mni": 0.5 * risen,
        "cross_decoding": 0.1 * risen,
        "rescue_accuracy": 0.4 * risen**2,
        "help_unasked": 0.1,
        "cmni_matched": cmni_hidden + 0.001 * network.seed,
        "cmni_social": cmni_hidden + 0.001 * network.seed - 0.002,
    }
    return raw | {f"{name}_z": float(network.seed) for name in CALIBRATED}


def caused(network: Network, asked: bool) -> dict[str, float]:
    """Seed 0 has no mirror unit, and TR is defined for seeds 1 and 2; nobody has a Frog-only unit."""
    seed = network.seed
    found = {f"intact_{kind}": 0.75 for kind in KINDS}
    for mode in MODES:
        for kind in KINDS:
            for chosen in SETS:
                found[ablated(chosen, mode, kind)] = found[ablated(chosen, mode, kind, at_random=True)] = -0.05
            found[ablated("mirror", mode, kind)] = -0.1 * seed if seed else np.nan
            found[ablated("frog_only", mode, kind)] = found[ablated("frog_only", mode, kind, True)] = np.nan
    found |= dict.fromkeys(RATIOS, 0.25 if seed else np.nan)
    found |= {"tr": {1: 0.5, 2: 1.5}.get(seed, np.nan), "tr_low": 0.1, "tr_high": 2.0, "mirror": float(seed == 2)}
    found |= {f"units_{kind}_1": 1.0 for kind in CLASSES} | {"units_mirror_1": float(seed)}
    hubs = dict(zip(CIRCUITS, (1.0, float(seed), 0.0), strict=True))
    found |= {f"circuits_{kind}": count if network.depth == 2 else np.nan for kind, count in hubs.items()}
    return found if asked else dict.fromkeys(found, np.nan)


def write_nulls(folder: Path, networks: list[Network]) -> None:
    """Nulls with mean 1 and deviation 2, whose .99 quantile is 6: a z of 2.5."""
    rows = []
    for depth, width, activation in sorted({(each.depth, each.width, each.activation) for each in networks}):
        settings = dict(zip(ARCHITECTURE, ("supervised", "mlp", depth, width, activation, "ordinal"), strict=True))
        rows += [settings | {"measure": name, "seeds": 64, "mean": 1.0, "sd": 2.0, "q99": 6.0} for name in CALIBRATED]
    pq.write_table(pa.Table.from_pylist(rows), folder / "nulls.parquet")


def write_calibrated(folder: Path) -> Path:
    """A population of 2×17 and 3×5, six seeds each, of which four are asked for what their units cause."""
    capacities = ((2, 17), (3, 5))
    networks = [Network(seed, *capacity, values=with_battery) for capacity in capacities for seed in range(SEEDS)]
    made = write_population(folder, networks, EPOCHS)
    write_nulls(made, networks)
    return made
