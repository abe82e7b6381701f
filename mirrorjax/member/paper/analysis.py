"""All that the tables, the figures and `inspect` say of one trained member, measured once."""

from dataclasses import dataclass, replace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np

from mirrorjax.dataset.build import Dataset
from mirrorjax.job.folders import compile_cache
from mirrorjax.machine.compiler import keep_programs
from mirrorjax.measurement.battery.boards import Boards, boards_of
from mirrorjax.measurement.battery.caused import caused, named
from mirrorjax.measurement.battery.circuits import dominant_output, paths
from mirrorjax.measurement.battery.classes import CLASSES
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.probe import Probe, site_places
from mirrorjax.measurement.records import Measured, record
from mirrorjax.measurement.stream import UNIONS, Moments, measure, measured_rows, moments
from mirrorjax.member.paper.hubs import CIRCUITS, DOMINANT, Hub, choose_hubs
from mirrorjax.models.base import Layered
from mirrorjax.regimes import own_regime
from mirrorjax.results.network import TrainedNetwork
from mirrorjax.results.read import Population
from mirrorjax.settings.schema import Config, MeasurementConfig
from mirrorjax.training.data import Data

ROLES = ("insensitive", "mirror", "differentiating", "mirror and differentiating", "other response")


@dataclass(frozen=True)
class Analysis:
    """One member at its end. U hidden units, layer by layer; n units a layer."""

    network: TrainedNetwork  # the member
    record: dict[str, Any]  # its measures on the test and validation rows, by column
    scenarios: dict[str, Moments]  # moments per hidden unit [U] in each scenario, filtered and not (`UNIONS`)
    mns: np.ndarray  # mirror neuron score of each hidden unit [U], as CMNI takes it
    # layer, number: of each hidden unit [U], both from 1
    layer: np.ndarray
    number: np.ndarray
    # the battery's columns of hidden units [U]: class, rms, d′, p, δ, and of the second layer its hubs
    units: dict[str, np.ndarray]
    battery: dict[str, np.ndarray]  # the battery's other columns: ablation, patching, counts of classes and circuits
    role: np.ndarray  # of each hidden unit [U], into `ROLES`
    hubs: list[Hub]  # one a circuit; empty for a depth other than two
    # path contributions [n, n, 4] by circuit (source, hub, output); empty for another depth
    contributions: dict[str, np.ndarray]

    @property
    def depth(self) -> int:
        """Hidden layers."""
        return len(self.network.regime.sites)

    @property
    def kernels(self) -> list[np.ndarray]:
        """The kernel into each layer, and into the outputs [to, from], of a layered network."""
        layered = cast(Layered, self.network.regime.network)
        return [np.asarray(layer.kernel) for layer in layered.layers(self.network.probe.params)]

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

    `kind` is an index into `CLASSES` [U]; d′ are of own and of the partner's distress [U].
    """
    mirror = kind == CLASSES.index("mirror")
    uneven = np.maximum(d_frog, d_toad) > 2 * np.minimum(d_frog, d_toad)
    return np.select(
        [mirror & uneven, mirror, kind == CLASSES.index("toad only"), kind == CLASSES.index("none")],
        [ROLES.index(name) for name in ("mirror and differentiating", "mirror", "differentiating", "insensitive")],
        default=ROLES.index("other response"),
    )


_measure, _battery = jax.jit(measure), jax.jit(caused)


@jax.jit
def _contributions(probe: Probe, boards: Boards) -> dict[str, jax.Array]:
    before = probe.show(boards.of_rescue("x0"))
    return {each.name: paths(probe, before, probe.show(boards.of_rescue(each.condition))) for each in CIRCUITS}


def analyse(population: Population, network: TrainedNetwork) -> Analysis:
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


def analyse_on(network: TrainedNetwork, config: Config, dataset: Dataset) -> Analysis:
    """The same with a dataset at hand; see `analyse`."""
    member = network.member
    probe = replace(network.probe, regime=own_regime(member).only("score"))
    asked = config.measurement
    data = Data.of(dataset, test_rows=asked.test_rows, validation_rows=asked.validation_rows)
    rows, counts = measured_rows(data.test, *data.validation)
    stacked = jax.tree.map(lambda values: np.asarray(values)[None], _measure(probe, rows))
    found = Measured(stacked, counts, probe.network, np.array([member.width]), np.array([member.l2]))
    scores = found.scores[0, : probe.count]

    def of_hidden(union: str) -> Moments:
        whole = moments(stacked, counts, union)
        return Moments(**{name: values[0, : probe.count] for name, values in vars(whole).items()})

    boards = boards_of(dataset, asked.boards, asked.rescue_boards)
    columns, units = jax.tree.map(np.asarray, _battery(probe, boards, jnp.asarray(scores, jnp.float32)))
    of_member = named({name: values[None] for name, values in columns.items()})
    contributions: dict[str, np.ndarray] = {}
    hubs: list[Hub] = []
    if fits(paths, probe.network):
        contributions = jax.tree.map(np.asarray, _contributions(probe, boards))
        second = {name: values[probe.sites[0].size :] for name, values in units.items()}
        hubs = choose_hubs(second | {DOMINANT: np.asarray(dominant_output(probe))}, second["unique_weight"] > 0)
    return Analysis(
        network=network,
        record={name: values[0] for name, values in record(found).items()},
        scenarios={union: of_hidden(union) for union in UNIONS},
        mns=scores,
        layer=probe.site,
        number=site_places(probe.sites) + 1,
        units=units,
        battery={name: values[0] for name, values in of_member.items()},
        role=roles(units["unit_class"], units["d_prime_frog"], units["d_prime_toad"]),
        hubs=hubs,
        contributions=contributions,
    )
