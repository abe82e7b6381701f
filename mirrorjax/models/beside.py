"""Two networks of one kind that are trained, stored and exported as one: the first is measured, the second plays on."""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
from jaxtyping import Array, Float32, Int32

from mirrorjax.models.base import Edit, Network, Params, Shown, Site, keep

_SECOND, _KEY = "toad/", 2  # before the names of its parameters; of its initial weights


@dataclass(frozen=True)
class Beside:
    """A network, and another of its kind whose parameters stand beside its own; all that it is and does is the first's.

    Attributes:
        first: both are as it is.
    """

    settings: ClassVar[tuple[str, ...]] = ()

    first: Network

    def __getattr__(self, name: str) -> Any:
        """What else the first has."""
        if name.startswith("__") or name == "first":
            raise AttributeError(name)
        return getattr(self.first, name)

    def __str__(self) -> str:
        return f"two of {self.first}"

    @property
    def inputs(self) -> int:
        """Numbers that each is given."""
        return self.first.inputs

    @property
    def outputs(self) -> int:
        """Numbers that each answers with."""
        return self.first.outputs

    @property
    def sites(self) -> tuple[Site, ...]:
        """Of the first."""
        return self.first.sites

    @property
    def homogeneous(self) -> bool:
        """As each is."""
        return self.first.homogeneous

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Both, of different keys; the first is as it were alone."""
        return joined(self.first.init(key, width), self.first.init(jax.random.fold_in(key, _KEY), width))

    def run(self, params: Params, inputs: Float32[Array, "inputs ..."], edit: Edit = keep) -> Shown:
        """The first."""
        return self.first.run(params, inputs, edit)

    def decayed(self, params: Params) -> list[jax.Array]:
        """Of the first."""
        return self.first.decayed(params)

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """Of the first."""
        return self.first.norms(params)


def joined(first: Params, second: Params) -> Params:
    """The parameters of both."""
    return {**first, **{f"{_SECOND}{name}": value for name, value in second.items()}}


def parted(params: Params) -> tuple[Params, Params]:
    """The parameters of the first, and of the second."""
    second = {name.removeprefix(_SECOND): value for name, value in params.items() if name.startswith(_SECOND)}
    return {name: value for name, value in params.items() if not name.startswith(_SECOND)}, second
