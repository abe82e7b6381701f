"""All that the tables, the figures and `inspect` say of one trained member, measured once."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.knobs import PAPER, Knobs
from mirrorjax.dataset.matched import CONDITIONS
from mirrorjax.materials import compile_cache, measured_row_counts
from mirrorjax.measurement.activations import UNIONS, MeasuredRows, Moments, measure, measured_rows, moments
from mirrorjax.measurement.battery.boards import Boards, boards_of
from mirrorjax.measurement.battery.circuits import dominant_output, paths
from mirrorjax.measurement.battery.classes import CLASSES
from mirrorjax.measurement.battery.dear import dear, named
from mirrorjax.measurement.battery.responses import forward
from mirrorjax.measurement.cmni import mirror_neuron_score
from mirrorjax.measurement.records import Measured, record
from mirrorjax.paper.hubs import CIRCUITS, DOMINANT, Hub, choose_hubs
from mirrorjax.regimes.supervised import Params, Supervised
from mirrorjax.runtime import keep_programs
from mirrorjax.settings.schema import Config, MeasurementConfig
from mirrorjax.tracking.network import Network
from mirrorjax.tracking.results import Population

ROLES = ("insensitive", "mirror", "differentiating", "mirror and differentiating", "other response")


@dataclass(frozen=True)
class Analysis:
    """One member at its end. U hidden units, layer by layer; n units a layer.

    Attributes:
        network: the member.
        record: its measures on the test and validation rows, by column.
        scenarios: moments per hidden unit [U] in each scenario, filtered and not (`UNIONS`).
        mns: mirror neuron score of each hidden unit [U], as CMNI takes it.
        layer, number: of each hidden unit [U], both from 1.
        units: the battery's columns of hidden units [U]: class, rms, d′, p, δ, and of the second layer its hubs.
        battery: the battery's other columns: ablation, patching, counts of classes and circuits.
        role: of each hidden unit [U], into `ROLES`.
        hubs: one a circuit; empty for a depth other than two.
        contributions: path contributions [n, n, 4] by circuit (source, hub, output); empty for another depth.
    """

    network: Network
    record: dict[str, Any]
    scenarios: dict[str, Moments]
    mns: np.ndarray
    layer: np.ndarray
    number: np.ndarray
    units: dict[str, np.ndarray]
    battery: dict[str, np.ndarray]
    role: np.ndarray
    hubs: list[Hub]
    contributions: dict[str, np.ndarray]

    @property
    def depth(self) -> int:
        """Hidden layers."""
        return int(self.network.settings["depth"])

    def of_layer(self, layer: int, *roles: str) -> np.ndarray:
        """Numbers, from 1, of a layer's units with one of these roles."""
        chosen = np.isin(self.role, [ROLES.index(role) for role in roles])
        return self.number[(self.layer == layer) & chosen]

    @property
    def classes(self) -> list[str]:
        """The battery's class of each hidden unit."""
        return [CLASSES[int(kind)] for kind in self.units["unit_class"]]

    @property
    def alive(self) -> np.ndarray:
        """Which hidden units are ever above zero on matched boards [U]."""
        return self.units["unique_weight"] > 0


def roles(kind: np.ndarray, d_frog: np.ndarray, d_toad: np.ndarray) -> np.ndarray:
    """Each unit's role in the paper's tables, an index into `ROLES`.

    Mirror: of class mirror. Differentiating: of class toad only. Mirror and differentiating: of class mirror, with one
    d′ more than twice the other, so that it answers to both and still tells who it is. Insensitive: of class none.
    The classes that the paper has no word for (suppressed, frog only, opposed) are another response.

    Args:
        kind: an index into `CLASSES` [U].
        d_frog, d_toad: d′ of own and of the partner's distress [U].
    """
    mirror = kind == CLASSES.index("mirror")
    uneven = np.maximum(d_frog, d_toad) > 2 * np.minimum(d_frog, d_toad)
    return np.select(
        [mirror & uneven, mirror, kind == CLASSES.index("toad only"), kind == CLASSES.index("none")],
        [ROLES.index(name) for name in ("mirror and differentiating", "mirror", "differentiating", "insensitive")],
        default=ROLES.index("other response"),
    )


@partial(jax.jit, static_argnums=0)
def _measure(regime: Supervised, params: Params, rows: MeasuredRows, knobs: Knobs):
    return measure(regime, params, jnp.int32(regime.width), rows, knobs)


@partial(jax.jit, static_argnums=0)
def _battery(
    regime: Supervised, params: Params, boards: Boards, scores: jax.Array
) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    return dear(regime, params, jnp.int32(regime.width), boards, scores)


@partial(jax.jit, static_argnums=0)
def _contributions(regime: Supervised, params: Params, boards: Boards) -> dict[str, jax.Array]:
    def layers(condition: str) -> jax.Array:
        pictures = boards.rescue[list(CONDITIONS).index(condition)]
        _, hidden = forward(regime, params, jnp.int32(regime.width), pictures)
        return hidden.reshape(2, regime.width, -1)

    before = layers("x0")
    return {
        each.name: paths(params, regime.activation, before, layers(each.condition)).contribution for each in CIRCUITS
    }


def analyse(population: Population, network: Network) -> Analysis:
    """Measures a member on the test rows of its dataset, as training did, and on matched boards of the hold-out.

    Raises:
        InputError: the config or the dataset is another one now.
    """
    config = population.stored_config()
    if not config.measurement.boards:
        config = replace(config, measurement=replace(config.measurement, boards=MeasurementConfig().boards))
    dataset = population.dataset()
    keep_programs(compile_cache(config))
    with jax.default_matmul_precision(config.runtime.precision):
        return analyse_on(network, config, dataset)


def analyse_on(network: Network, config: Config, dataset: Dataset) -> Analysis:
    """The same with a dataset at hand; see `analyse`."""
    own, regime = network.settings, network.regime
    knobs = {name: own.get(name, paper) for name, paper in PAPER.items()}  # of validation rows, as in training
    regime = replace(regime, knobs=knobs != PAPER)
    params = {name: jnp.asarray(values) for name, values in network.params.items()}
    test, validation = measured_row_counts(config, len(dataset.test), len(dataset.validation))
    rows, counts = measured_rows(dataset.test[:test], dataset.validation[:validation])
    statistics = _measure(regime, params, rows, Knobs(**{name: jnp.float32(value) for name, value in knobs.items()}))
    stacked = jax.tree.map(lambda values: np.asarray(values)[None], statistics)
    width, depth = regime.width, regime.depth
    found = Measured(stacked, counts, depth, width, np.array([width]), np.array([own["l2"]]))
    hidden = slice(0, depth * width)

    def of_hidden(union: str) -> Moments:
        whole = moments(stacked, counts, union)
        return Moments(*(getattr(whole, name)[0, hidden] for name in ("mean", "variance", "skewness", "kurtosis")))

    scenarios = {union: of_hidden(union) for union in UNIONS}
    scores = mirror_neuron_score(*(scenarios[name].mean for name in ("none", "frog_filtered", "toad_filtered")))
    boards = boards_of(dataset, config.measurement.boards, config.measurement.rescue_boards)
    columns, units = jax.tree.map(np.asarray, _battery(regime, params, boards, jnp.asarray(scores, jnp.float32)))
    of_member = named({name: values[None] for name, values in columns.items()})
    contributions: dict[str, np.ndarray] = {}
    hubs: list[Hub] = []
    if depth == 2:
        contributions = jax.tree.map(np.asarray, _contributions(regime, params, boards))
        second = {name: values[width:] for name, values in units.items()}
        hubs = choose_hubs(second | {DOMINANT: np.asarray(dominant_output(params))}, second["unique_weight"] > 0)
    return Analysis(
        network=network,
        record={name: values[0] for name, values in record(found).items()},
        scenarios=scenarios,
        mns=scores,
        layer=np.repeat(np.arange(1, depth + 1), width),
        number=np.tile(np.arange(1, width + 1), depth),
        units=units,
        battery={name: values[0] for name, values in of_member.items()},
        role=roles(units["unit_class"], units["d_prime_frog"], units["d_prime_toad"]),
        hubs=hubs,
        contributions=contributions,
    )
