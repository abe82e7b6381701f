"""Assemblies of brains that are shown the game: whoever they meet stands somewhere on a board.

A share of the neurons that a person fires, `context_share`, are those of the place one looks at and of the day
(`contexts.py`); each moment of an episode shows another training board. What a brain makes of a picture is read without
growth, for all pictures at once: they come to 4 situations in 288 contexts.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32, UInt8, UInt32

from mirrorjax.dataset.row import unpack
from mirrorjax.errors import InputError
from mirrorjax.models.base import Edit, Params, Shown, keep
from mirrorjax.population.members import MemberValues
from mirrorjax.randomness import Stream, substream
from mirrorjax.regimes.base import Numbers, Step, World
from mirrorjax.regimes.brains import contexts
from mirrorjax.regimes.brains.brain import Fibres, Fired, as_mask, fired, run, strength
from mirrorjax.regimes.brains.contexts import CONTEXTS, FELT, SITUATIONS, Context
from mirrorjax.regimes.brains.empathy import JOINS, READING, Share, at_rest, growth, identities, seen, wired
from mirrorjax.regimes.brains.persons import MOMENTS, AmongPersons, Brain, Mix, stream_of
from mirrorjax.regimes.descent import batch_numbers
from mirrorjax.regimes.pairs import token_column

FEWEST = 220  # neurons of an area, so that the sheet holds three persons and all contexts
_TOGETHER = 16  # stimuli that are read side by side
_READ = 100  # number of the draws for ties while they are read, the same for all


@dataclass(frozen=True)
class Repertoire(Mix):
    """MIX, with what fires there for every picture that there is."""

    inputs: ClassVar[int] = 100

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Nothing fires."""
        silence = jnp.zeros((len(SITUATIONS), CONTEXTS, -(-self.neurons // 8)), jnp.uint8)
        return super().init(key, width) | {"repertoire": silence}

    def run(self, params: Params, inputs: Float32[Array, "100 ..."], edit: Edit = keep) -> Shown:
        """What fires for a picture [100], or for a batch of them; as in the game, in whole numbers."""
        whole = jnp.round(inputs).astype(jnp.int32)
        at = contexts.of_picture(whole) if whole.ndim == 1 else jax.vmap(contexts.of_picture, in_axes=-1)(whole)
        fires = jnp.unpackbits(params["repertoire"][at], axis=-1, count=self.neurons).T.astype(jnp.float32)
        return Shown(jnp.zeros((0, *inputs.shape[1:])), {"mix": edit(self.sites[0], fires)})


@dataclass(frozen=True)
class OnBoards(AmongPersons):
    """What members of one program have in common."""

    settings: ClassVar[tuple[str, ...]] = (*AmongPersons.settings, "context_share")
    needs: ClassVar[tuple[str, ...]] = ("boards",)

    def __post_init__(self) -> None:
        """Raises an `InputError` where a sheet of so many neurons does not hold all that there is to see."""
        if self.neurons < FEWEST:
            raise InputError(
                f"regime.neurons is {self.neurons}; allowed where regime.stimuli=boards: at least {FEWEST}"
            )

    @property
    def network(self) -> Repertoire:
        """What is read of it."""
        return Repertoire(self.neurons)

    @property
    def reading(self) -> int:
        """Bytes of a member's strengths, as numbers, while it is read."""
        return 4 * len(JOINS[self.areas]) * self.neurons**2

    def world(self, data: World) -> World:
        """The rows to learn from."""
        return World(train=data.train, held=())

    def draw(self, values: MemberValues, step: Step) -> Numbers:
        """The number of the moment's row."""
        return batch_numbers(values, step, 1)

    def update(
        self, state: Brain, values: MemberValues, step: Step, drawn: Numbers, train: UInt32[Array, "rows 2"]
    ) -> tuple[Brain, bool]:
        """One moment, on one board."""
        rows = train[drawn]

        def shown(who: Int32[Array, ""], feeling: Int32[Array, ""]) -> dict[str, Fired]:
            row = unpack(rows[0])
            columns = jnp.stack([row.frog_column, row.toad_column, token_column(rows[0], jnp.flip(rows[0]))])
            person = jnp.stack([identities(values.veil_neurons, self.firing)[name] for name in contexts.WHO])[who]
            context = contexts.of_row(rows[0], columns[who])
            sheet = placed(fired(person), context, values.context_share, self.firing)
            return {"identity": sheet, "feeling": feelings(feeling, self.firing)}

        return self.lived(state, values, step, shown), True

    def policy(self, state: Brain, values: MemberValues, train: Any) -> Params:
        """What fires for persons out of any context, as without boards; and for every situation in every context."""
        beta = growth(values.dose, MOMENTS)
        strong = {fibre: strength(synapses, beta) for fibre, synapses in self.read(state, beta).items()}
        known = repertoire(strong, values.veil_neurons, values.context_share, stream_of(values), self.firing)
        return super().policy(state, values, train) | {"repertoire": known}

    def show(
        self, params: Params, values: MemberValues, pictures: Float32[Array, "100 batch"], edit: Edit = keep
    ) -> Shown:
        """What fires for each picture."""
        return self.network.run(params, pictures, edit)

    def score(self, params: Params, values: MemberValues, held: tuple) -> dict[str, Float32[Array, ""]]:
        """As without boards, but for SSI, which is measured on matched ones."""
        return {name: value for name, value in super().score(params, values, held).items() if name != "ssi"}


def placed(who: Fired, context: Context, share: Share, k: int) -> Fired:
    """A person, or nobody, in a context: of its k neurons the first (1 − c)k, and c·k of the place and the day.

    Neuron j of a context tells of feature j mod 5; each of its values has a neuron of its own, behind three persons'.
    """
    of_context = jnp.round(share * k).astype(jnp.int32)
    number = jnp.arange(k, dtype=jnp.int32)
    value = context[number % len(context)]
    told = 3 * k + max(contexts.SIZES) * number + value
    on = jnp.where(number < k - of_context, who.on, 0.0)
    return Fired(jnp.concatenate([who.neurons, told]), jnp.concatenate([on, (number < of_context).astype(jnp.float32)]))


def feelings(feeling: Int32[Array, ""], k: int) -> Fired:
    """The neurons that stand for a feeling, by its place in FEELINGS."""
    return fired(feeling * k + jnp.arange(k, dtype=jnp.int32))


def repertoire(
    fibres: Fibres, veil: Share, share: Share, stream: Stream, k: int
) -> UInt8[Array, "situations contexts bytes"]:
    """What fires in MIX for every situation in every context, a bit a neuron; `fibres` may be strengths."""
    n = next(iter(fibres.values())).shape[0]
    felt, anybody = jnp.asarray(FELT), jnp.asarray([bool(who) for who, _ in SITUATIONS], jnp.float32)
    persons = jnp.stack([identities(veil, k)[who or "frog"] for who, _ in SITUATIONS])
    others, kind = jnp.asarray([who not in ("", "frog") for who, _ in SITUATIONS]), wired(fibres)
    draws = substream(stream, jnp.uint32(_READ))

    def one(number: Int32[Array, ""]) -> UInt8[Array, " bytes"]:
        situation, context = number // CONTEXTS, contexts.context_of(number % CONTEXTS)
        sheet = placed(Fired(persons[situation], jnp.full(k, anybody[situation])), context, share, k)
        shown = seen({"identity": sheet, "feeling": feelings(felt[situation], k)}, kind, others[situation])
        _, firing = run(fibres, {**shown, **at_rest(k, kind)}, JOINS[kind], 0.0, draws, READING, learns=False)
        return jnp.packbits(as_mask(firing["mix"], n) > 0)

    numbers = jnp.arange(len(SITUATIONS) * CONTEXTS, dtype=jnp.int32)
    return jax.lax.map(one, numbers, batch_size=_TOGETHER).reshape(len(SITUATIONS), CONTEXTS, -1)
