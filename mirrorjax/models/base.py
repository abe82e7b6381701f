"""What a network is to whoever trains, measures or edits it: sites of units, one run, and one hook on the units."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeGuard

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float32, Int32

Params = dict[str, jax.Array]
Units = jax.Array  # float32 [units, *batch] of one site, for one example or a batch


@dataclass(frozen=True)
class Site:
    """A place in a network whose units are looked at and may be edited."""

    name: str  # the key of its units in `Shown`
    size: int  # units as compiled: the member's own, and behind them padding, which is always zero
    # `rate`: each unit has a level of its own, and CMNI's differences of means say something; `signed`: directions of
    # no privileged sign, as of a residual stream; `spikes`: 0 or 1
    kind: Literal["rate", "signed", "spikes"] = "rate"
    padded: bool = True  # whether a narrower member has fewer of them; else all members of a program have all

    def count(self, width: Int32[Array, ""] | int) -> Int32[Array, ""] | int:
        """How many units a member of this width has."""
        return width if self.padded else self.size

    def own(self, width: Int32[Array, ""] | int) -> Bool[Array, " units"]:
        """Which units a member of this width has."""
        return jnp.arange(self.size) < self.count(width)


Edit = Callable[[Site, Units], Units]  # a site's units -> what the rest of the network sees in their place


def keep(site: Site, units: Units) -> Units:
    """The edit that changes nothing."""
    return units


def padding(width: Int32[Array, ""] | int) -> Edit:
    """The edit that silences the units that a member of this width does not have."""

    def edit(site: Site, units: Units) -> Units:
        return units * along_batch(site.own(width).astype(jnp.float32), units)

    return edit


def in_turn(first: Edit, second: Edit) -> Edit:
    """The edit that does one after the other."""
    return lambda site, units: second(site, first(site, units))


def along_batch(values: jax.Array, units: Units) -> jax.Array:
    """Values of a site's units [units], with the batch axes that the units have."""
    return jnp.expand_dims(values, tuple(range(1, units.ndim)))


@struct.dataclass
class Shown:
    """What a network makes of its inputs, each unit as the rest of the network sees it."""

    outputs: Float32[Array, "outputs ..."]  # none, [0, batch], of a network that does not act
    units: dict[str, Units]  # by the site's name; a network may show more, by other names


@dataclass(frozen=True)
class ReadOut:
    """The affine map that a network's outputs are of something that it shows, by its names in the parameters."""

    kernel: str
    bias: str
    of: Site  # what is read; need not be a site, as long as `Shown.units` has it
    inputs_first: bool = False  # whether the kernel is [units, outputs]

    def params(self, kernel: Float32[Array, "outputs units"], bias: Float32[Array, " outputs"]) -> Params:
        """The parameters of such a map."""
        return {self.kernel: kernel.T if self.inputs_first else kernel, self.bias: bias}


class Network(Protocol):
    """A network of one member, as compiled. Frozen and hashable: whatever is in it forces a program of its own.

    Attributes:
        settings: the names of the member's settings that it is made of, its fields.
        inputs: numbers that it is given.
        outputs: numbers that it answers with; 0 if it does not act.
        sites: in causal order: no site depends on a later one.
        homogeneous: whether multiplying the parameters that a norm is of multiplies the units behind them by the same;
            then untrained networks can be held against any network at its own norms.

    What one may have besides is in `Besides`; more of some kinds is in `Layered` and `Recurrent`.
    """

    settings: ClassVar[tuple[str, ...]]

    @property
    def inputs(self) -> int: ...

    @property
    def outputs(self) -> int: ...

    @property
    def sites(self) -> tuple[Site, ...]: ...

    @property
    def homogeneous(self) -> bool: ...

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Initial parameters of a member of this width; padding is zero, and changes no other weight."""
        ...

    def run(self, params: Params, inputs: Float32[Array, "inputs ..."], edit: Edit = keep) -> Shown:
        """One example [inputs] or a batch [inputs, batch]; `edit` is called once at each site."""
        ...

    def decayed(self, params: Params) -> list[jax.Array]:
        """The kernels that an L2 penalty is on."""
        ...

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """The Frobenius norm of the kernel into each site, as `layer_N` (N from 1), and of that into the `output`."""
        ...


@dataclass(frozen=True)
class Besides:
    """What a network may have besides its contract, by these names; where it has not, it is as here.

    Attributes:
        held: how many numbers of an example a run holds, by which memory is planned; None: those of its sites.
        read_out: by which `predictive` reads acts out of it anew; None: of the last site, by that regime's names.
        input_kernel: the parameter by which its inputs are multiplied before all else, so that agents can learn on
            scaled ones; None: they learn on inputs as they are.
        output_kernel: the parameter by which its outputs are made, small at first in agents; None: it is as it is.
        activation: of its units.
    """

    held: int | None = None
    read_out: ReadOut | None = None
    input_kernel: str | None = None
    output_kernel: str | None = None
    activation: str = ""


def besides(network: Any) -> Besides:
    """What a network has besides its contract."""
    found: dict[str, Any] = {each.name: getattr(network, each.name, each.default) for each in fields(Besides)}
    return Besides(**found)


class Affine(NamedTuple):
    """What a layer does to the one before it: kernel @ h + bias."""

    kernel: Float32[Array, "units inputs"]
    bias: Float32[Array, " units"]


class Layered(Network, Protocol):
    """A network each of whose sites is an activation of an affine map of the site before it, as circuits take it."""

    def layers(self, params: Params) -> list[Affine]:
        """The map into each site, and into the outputs."""
        ...

    def activate(self, drive: Units) -> Units:
        """The units of a site, from their drive."""
        ...


def is_layered(network: Any) -> TypeGuard[Layered]:
    """Whether a network is one of affine maps and activations."""
    return hasattr(network, "layers") and hasattr(network, "activate")


class Recurrent(Network, Protocol):
    """A network that remembers an episode; `run` shows it the first of one, where it remembers nothing."""

    def nothing(self, batch: tuple[int, ...] = ()) -> Units:
        """The memory at the start of an episode [units, *batch]."""
        ...

    def drive(self, params: Params, inputs: Float32[Array, "inputs ..."]) -> jax.Array:
        """What inputs do to a memory, whatever it is: for all times of an episode at once."""
        ...

    def remember(self, params: Params, memory: Units, drive: jax.Array, edit: Edit = keep) -> Units:
        """The memory then, as edited."""
        ...

    def read(self, params: Params, memory: Units) -> Float32[Array, "outputs ..."]:
        """The outputs, of what is remembered."""
        ...


def is_recurrent(network: Any) -> TypeGuard[Recurrent]:
    """Whether a network remembers an episode."""
    return hasattr(network, "remember")
