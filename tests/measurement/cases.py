"""Networks with weights of their own, and what a measurement should find of them, the plain way in float64."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.coordinates import coordinates
from mirrorjax.dataset.knobs import PAPER, Knobs
from mirrorjax.dataset.row import features
from mirrorjax.measurement.probe import Probe
from mirrorjax.measurement.records import Measured
from mirrorjax.measurement.stream import (
    GROUPS,
    PIECE,
    UNIONS,
    MeasuredRows,
    RowCounts,
    Statistics,
    measure,
    measured_rows,
)
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import Member, stack_values
from mirrorjax.regimes.supervised import Supervised

Weights = dict[str, np.ndarray]


def in_union(counts: RowCounts, name: str) -> int:
    """Test rows of a scenario, filtered or not (a name in UNIONS)."""
    return int(sum(counts.groups[GROUPS.index(group)] for group in UNIONS[name]))


def some_weights(width: int, depth: int, compiled: int, seed: int) -> Weights:
    """Normal weights about as large as trained ones, with biases; padded to the compiled width."""
    draw = np.random.default_rng(seed)
    sizes = [100, *[width] * depth, 4]
    padded = [100, *[compiled] * depth, 4]
    weights = {}
    for layer, name in enumerate([*(f"hidden_{i + 1}" for i in range(depth)), "output"]):
        own, full = (sizes[layer + 1], sizes[layer]), (padded[layer + 1], padded[layer])
        kernel = np.zeros(full, np.float32)
        kernel[: own[0], : own[1]] = draw.normal(0, 1 / np.sqrt(own[1]), own)
        bias = np.zeros(full[0], np.float32)
        bias[: own[0]] = draw.normal(0, 0.3, own[0])
        weights |= {f"{name}_kernel": kernel, f"{name}_bias": bias}
    return weights


def stacked(members: list[Weights]) -> Weights:
    return {name: np.stack([member[name] for member in members]) for name in members[0]}


@jax.jit
def _over_members(probes: Probe, rows: MeasuredRows) -> Statistics:
    return jax.vmap(measure, in_axes=(0, None))(probes, rows)


def measured(
    members: list[Weights],
    widths: list[int],
    test: np.ndarray,
    validation: np.ndarray,
    l2: tuple[float, ...] = (),
    piece: int = PIECE,
) -> Measured:
    """What the package makes of networks with these weights (relu)."""
    rows, counts = measured_rows(test, validation, piece=piece)
    depth = sum(name.startswith("hidden") for name in members[0]) // 2
    compiled = members[0]["hidden_1_bias"].shape[-1]
    network = MLP(width=compiled, depth=depth)
    values = stack_values([Member(width=width) for width in widths], "")
    statistics = _over_members(Probe(Supervised(network), jax.tree.map(jnp.asarray, stacked(members)), values), rows)
    factors = np.array(l2 or [0.01] * len(members))
    (known,) = coordinates(validation, [Knobs(**{name: jnp.float32(value) for name, value in PAPER.items()})])
    scale = known.constant_mse, known.best_mse
    return Measured(jax.device_get(statistics), counts, network, np.array(widths), factors, *scale)


class Plain(NamedTuple):
    """All activations of one network, without padding, and what its rows are; float64."""

    units: np.ndarray  # [rows, hidden units and outputs]
    outputs: np.ndarray  # [rows, 4]
    masks: dict[str, np.ndarray]  # by scenario, filtered and not


def plain(weights: Weights, width: int, rows: np.ndarray) -> Plain:
    """Forward in numpy; the scenarios' rows by what is seen in the picture."""
    pictures = np.asarray(jax.jit(jax.vmap(features))(jnp.asarray(rows))).astype(float)
    depth = sum(name.startswith("hidden") for name in weights) // 2
    h, units, columns = pictures, [], 100
    for layer in range(1, depth + 1):
        kernel = weights[f"hidden_{layer}_kernel"][:width, :columns].astype(float)
        h = np.maximum(h @ kernel.T + weights[f"hidden_{layer}_bias"][:width].astype(float), 0)
        units.append(h)
        columns = width
    outputs = h @ weights["output_kernel"][:, :width].astype(float).T + weights["output_bias"].astype(float)
    scenario, cells = answers(rows)["scenario"], pictures[:, 32:64]
    masks = {name: scenario == i for i, name in enumerate(("none", "frog", "toad", "both"))}
    masks["frog_filtered"] = masks["frog"] & (cells == 5).any(1)
    masks["toad_filtered"] = masks["toad"] & (cells == 4).any(1)
    assert masks.keys() == UNIONS.keys()
    return Plain(np.concatenate([*units, outputs], axis=1), outputs, masks)


def counts_of(groups: dict[str, int]) -> RowCounts:
    """Made-up counts of test rows by group, for scores worked out by hand."""
    number = np.array([groups[name] for name in GROUPS])
    return RowCounts(groups=number, truths=np.array([number.sum(), 0, 0, 0, 0]), validation=1)
