"""Do assemblies of one's own and of another's distress become one, while an object's stays apart?

    python analysis/assembly_map.py [FOLDER] [--seeds 16] [--neurons 1000]

Brains of assembly calculus (`mirrorjax/regimes/brain.py`, `empathy.py`) over dose (how much synapses grow in an
episode) and veil (share of the other's neurons that are one's own): no gradient, no acts. Prints the map's three phases
and writes one row a brain, and the map, into FOLDER (results/assembly_map). Brains of one seed are the same in all
cells, so that dose 1, where nothing is learnt, is the null of its column.
"""

import argparse
from pathlib import Path
from statistics import NormalDist

import jax
import jax.numpy as jnp
import numpy as np
import pyarrow as pa
from jaxtyping import Array, Float32, UInt32
from pyarrow import csv
from rich.console import Console
from rich.table import Table

from mirrorjax.measures import label
from mirrorjax.regimes.empathy import DENSITY, EPISODES, at_rest, born, lived, measures
from mirrorjax.report.chart.figure import save, static_figure, static_style

DOSES = (1.0, 1.0625, 1.125, 1.1875, 1.25, 1.3125, 1.375, 1.5, 1.75)
VEILS = tuple(i / 8 for i in range(9))
MOMENTS = 10  # of an episode
FIRING = 1.6  # √n times this many neurons may fire in an area
FORMED, COLLAPSED = 0.1, 0.75  # an overlap beyond the null's by so much; of self and object from here on
_TOGETHER = 8  # brains that live side by side: 28 MB each
_PANELS = ("overlap_frog_toad", "overlap_frog_object", "ssi")


def life(
    seed: UInt32[Array, ""], dose: Float32[Array, ""], veil: Float32[Array, ""], n: int, k: int
) -> dict[str, jax.Array]:
    """What one brain makes of self, other and object, after each person and feeling once."""
    stream = (seed, jnp.uint32(n))

    def moment(number: Array, state: tuple) -> tuple:
        return lived(*state, number, veil, dose, stream, MOMENTS)

    fibres, _ = jax.lax.fori_loop(0, MOMENTS * len(EPISODES), moment, (born(stream, n), at_rest(k)))
    return measures(fibres, veil, stream, k)


def brains(seeds: int, n: int) -> pa.Table:
    """One row a brain: its seed, dose and veil, and its measures."""
    k = firing(n)
    dose, veil, seed = (each.ravel() for each in np.meshgrid(DOSES, VEILS, np.arange(seeds), indexing="ij"))
    given = jnp.asarray(seed, jnp.uint32), jnp.asarray(dose, jnp.float32), jnp.asarray(veil, jnp.float32)
    found = jax.jit(lambda each: jax.lax.map(lambda one: life(*one, n, k), each, batch_size=_TOGETHER))(given)
    columns = {name: np.asarray(values, float) for name, values in found.items()}
    return pa.table({"dose": dose, "veil": veil, "seed": seed, **columns})


def means(table: pa.Table, name: str) -> np.ndarray:
    """Of a measure over seeds [doses, veils]."""
    return np.asarray(table[name]).reshape(len(DOSES), len(VEILS), -1).mean(-1)


def phases(table: pa.Table) -> np.ndarray:
    """The phase of each cell [doses, veils]: `nothing`, `apart` or `collapsed`, which is no empathy."""
    other, thing = means(table, "overlap_frog_toad"), means(table, "overlap_frog_object")
    formed = np.maximum(other - other[0], thing - thing[0]) > FORMED
    return np.select([~formed, thing >= COLLAPSED], ["nothing", "collapsed"], "apart")


def firing(n: int) -> int:
    """k, the neurons of an area that may fire."""
    return round(FIRING * n**0.5)


def edge_of_collapse(n: int, k: int) -> float:
    """The dose at which a neuron of both parents is captured by one: 2(1 − kp/θ), θ the drive of the k-th neuron."""
    mean = 2 * k * DENSITY
    threshold = mean + NormalDist().inv_cdf(1 - k / n) * (mean * (1 - DENSITY)) ** 0.5
    return 2 * (1 - k * DENSITY / threshold)


def show(table: pa.Table, n: int) -> None:
    """Prints the phases, and empathy at each dose behind no veil and behind a full one."""
    printed = Table(
        title=f"Brains of {n:,} neurons an area; collapse is expected from dose {edge_of_collapse(n, firing(n)):.2f} on"
    )
    for head in ("dose", "without a veil", "behind a full one", "empathy", label("ssi"), "completion"):
        printed.add_column(head)
    found, empathy, ssi, whole = phases(table), *(means(table, name) for name in ("empathy", "ssi", "completion"))
    for row, dose in enumerate(DOSES):
        numbers = [f"{each[row, 0]:.2f} → {each[row, -1]:.2f}" for each in (empathy, ssi, whole)]
        printed.add_row(f"{dose:g}", found[row, 0], found[row, -1], *numbers)
    Console().print(printed)


def draw(table: pa.Table, n: int, folder: Path) -> None:
    """Maps of the overlaps and of SSI over veil and dose, with the edge of collapse and that of completion."""
    with static_style():
        made = static_figure(9.0, 3.4)
        for axes, name in zip(made.subplots(1, len(_PANELS)), _PANELS, strict=True):
            shown = axes.pcolormesh(VEILS, DOSES, means(table, name), cmap="cividis", vmin=0, vmax=1, shading="nearest")
            axes.contour(VEILS, DOSES, means(table, "overlap_frog_object"), [COLLAPSED], colors="white")
            axes.contour(VEILS, DOSES, means(table, "completion"), [0.5], colors="white", linestyles="dashed")
            axes.axhline(edge_of_collapse(n, firing(n)), color="red", linewidth=1, linestyle="dotted")
            axes.set(title=label(name), xlabel="veil", ylabel="dose")
        made.colorbar(shown, ax=axes)
        save(made, folder / "assembly_map")


def main(folder: Path, seeds: int, n: int) -> pa.Table:
    """Trains all brains, prints and draws the map; gives one row a brain."""
    folder.mkdir(parents=True, exist_ok=True)
    table = brains(seeds, n)
    csv.write_csv(table, folder / "assembly_map.csv")
    draw(table, n, folder)
    show(table, n)
    return table


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Self, other and object as assemblies, over dose and veil.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("results/assembly_map"))
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--neurons", type=int, default=1000)
    given = parser.parse_args()
    main(given.folder, given.seeds, given.neurons)
