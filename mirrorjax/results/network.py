"""One trained member, to be run, looked into and exported: `population.member(id)`."""

import json
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float32
from safetensors.numpy import save as as_safetensors

from mirrorjax.dataset.row import features
from mirrorjax.errors import InputError, printable
from mirrorjax.game.observation import OBSERVATION_SIZE, OWN_SYMBOL
from mirrorjax.machine.reading import NAME
from mirrorjax.machine.writing import replacing
from mirrorjax.measurement.probe import Probe
from mirrorjax.models import layers_by_units
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.regimes import own_regime
from mirrorjax.regimes.base import Regime
from mirrorjax.results.weights import STACKS
from mirrorjax.settings.allowed import check

SUFFIXES = (".safetensors", ".npz")
_RULES = {  # settings that a member's network is made of, by the columns of members.parquet
    "regime": "regime.name", "model": "model.name", "width": "model.width", "depth": "model.depth",
    "activation": "model.activation", "encoding": "model.encoding",
}  # fmt: skip
_LARGEST_CELL, _LARGEST_OWN = 9, 10**6  # of a picture's cells; and of its own symbol, energy, score and column


@dataclass(frozen=True)
class TrainedNetwork:
    """A member with its final weights, dropout off.

    Attributes:
        member_id: its identity.
        settings: its row of members.parquet.
        params: weights by name; kernels are [units, inputs], biases [units], all float32.
    """

    member_id: str
    settings: dict[str, Any]
    params: dict[str, np.ndarray]

    @cached_property
    def member(self) -> Member:
        """The settings that results of its age have; the others are as they always were."""
        known = {each.name for each in fields(Member)}
        return Member(**{name: value for name, value in self.settings.items() if name in known and value is not None})

    @cached_property
    def regime(self) -> Regime:
        """The static part, as wide as the member."""
        return own_regime(self.member).only("show")

    @cached_property
    def values(self) -> MemberValues:
        """Its settings as numbers; its streams are nobody's, for it is not trained any more."""
        return jax.tree.map(lambda each: each[0], stack_values([self.member], ""))

    @property
    def probe(self) -> Probe:
        """The member as measures see it."""
        return Probe(self.regime, {name: jnp.asarray(weight) for name, weight in self.params.items()}, self.values)

    def __repr__(self) -> str:
        return f"TrainedNetwork({self.describe()})"

    def describe(self) -> str:
        """The member in a line."""
        own = self.settings
        return f"{self.member_id}: {layers_by_units(own)}, rate {own['learning_rate']:g}, seed {own['seed']}"

    def run(self, boards: np.ndarray) -> np.ndarray:
        """Outputs [4, boards], in the order of `Action`; [4] for one picture.

        Args:
            boards: pictures [100, boards] or one picture [100], as `features` makes them, or packed rows [boards, 2],
                which are told by their type, uint32.

        Raises:
            InputError: they are neither, or hold what no picture can: NaN, or a number out of its range.
        """
        return self.run_with_activations(boards)[0]

    def run_with_activations(self, boards: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs [4, boards] and activations [units, boards], site by site.

        Args:
            boards: as in `run`; one picture gives [4] and [units].

        Raises:
            InputError: as `run`.
        """
        pictures = _pictures(np.asarray(boards))
        single = pictures.ndim == 1
        outputs, hidden = map(np.asarray, _shown(self.probe, pictures[:, None] if single else pictures))
        return (outputs[:, 0], hidden[:, 0]) if single else (outputs, hidden)

    def save(self, path: str | Path) -> Path:
        """Exports the weights, with the settings as metadata: whole or not at all.

        Args:
            path: `.safetensors` (metadata `member_id` and, as JSON, `settings`) or `.npz` (two more arrays of text of
                the same names; nothing is pickled).

        Raises:
            InputError: another suffix, or the file cannot be written.
        """
        path = Path(path)
        if path.suffix not in SUFFIXES:
            raise InputError(f"path: '{path.name}' ends in '{path.suffix}'; allowed: {', '.join(SUFFIXES)}")
        about = {"member_id": self.member_id, "settings": json.dumps(self.settings)}
        with replacing(path) as unfinished, unfinished.open("wb") as file:
            if path.suffix == ".safetensors":
                file.write(as_safetensors(self.params, about))
            else:
                arrays: dict[str, Any] = {**self.params, **{name: np.array(text) for name, text in about.items()}}
                np.savez(file, **arrays)
        return path


def fitting(member_id: str, settings: dict[str, Any], params: dict[str, np.ndarray], folder: Path) -> TrainedNetwork:
    """A member as a network; its settings are its row of members.parquet.

    Raises:
        InputError: its settings are none that a network can have, or the weights are of a network of other settings.
    """
    if not NAME.fits(member_id):  # files are named after it
        raise InputError(f"{folder / 'members.parquet'}: a member_id is {member_id[:80]!r}; allowed: {NAME.words}")
    shown = {name: printable(value) if isinstance(value, str) else value for name, value in settings.items()}
    network = TrainedNetwork(member_id, shown, params)
    for name, rule in _RULES.items():
        given = settings.get(name) or ("ordinal" if name == "encoding" else None)  # older results had no other
        check(rule, f"{folder / 'members.parquet'}: {name} of {member_id}", given)
    width = jax.ShapeDtypeStruct((), jnp.int32)
    own, found = (
        {name: f"{value.dtype} {list(value.shape)}" for name, value in each.items()}
        for each in (jax.eval_shape(network.regime.network.init, jax.random.key(0), width), params)
    )
    for name in {**own, **found}:
        if own.get(name) != found.get(name):
            given = f"{name} of {member_id} is {found.get(name, 'missing')}"
            size = f"width {settings['width']} and depth {settings['depth']}"
            raise InputError(f"{folder / STACKS}: {given}; of a member of {size} it is {own.get(name, 'none')}")
    return network


@jax.jit
def _shown(
    probe: Probe, pictures: Float32[Array, "100 boards"]
) -> tuple[Float32[Array, "4 boards"], Float32[Array, "units boards"]]:
    shown = probe.show(pictures)
    return shown.outputs, probe.row(shown)


def _pictures(boards: np.ndarray) -> np.ndarray:
    """Pictures [100] or [100, boards] float32, of those or of packed rows."""
    if boards.dtype == np.uint32 and boards.ndim == 2 and boards.shape[1] == 2:
        return np.asarray(jax.vmap(features, out_axes=-1)(jnp.asarray(boards)))
    if boards.dtype.kind in "if" and boards.ndim in (1, 2) and len(boards) == OBSERVATION_SIZE:
        for what, first, part, largest in (
            ("a cell", 0, boards[:OWN_SYMBOL], _LARGEST_CELL),
            ("own symbol, energy, score or column", OWN_SYMBOL, boards[OWN_SYMBOL:], _LARGEST_OWN),
        ):
            wrong = np.argwhere(~((part >= 0) & (part <= largest)))  # NaN is neither
            if len(wrong):
                place = (first + wrong[0][0], *wrong[0][1:])
                which = f"picture {place[1]}" if boards.ndim == 2 else "the picture"
                given = f"number {place[0]} of {which}, {what}, is {boards[place]:g}"
                raise InputError(f"boards: {given}; allowed: 0 to {largest:,}")
        return boards.astype(np.float32)
    allowed = "pictures [100] or [100, boards] of numbers, or packed rows [boards, 2] of uint32"
    raise InputError(f"boards: an array {list(boards.shape)} of {boards.dtype}; allowed: {allowed}")
