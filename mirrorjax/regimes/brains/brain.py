"""Assembly calculus for one brain: areas in which few neurons fire, random fibres, and growth without a gradient.

C. Papadimitriou, S. Vempala, D. Mitropolsky, M. Collins, W. Maass, *Brain computation by assemblies of neurons*, PNAS
117:14464 (2020), as the authors' program has it: in one step every area that is driven chooses its winners from what
fired before, and synapses from what fired to the new winners grow by a factor 1 + β. Nothing is
scaled back: a synapse is known by how often it grew, which is a byte.
"""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float32, Int32, UInt8

from mirrorjax.randomness import Stream, substream, uniform, word

TIE = 1e-3  # a draw below it decides between equal drives; synapses of unequal growth differ by more

Fibre = tuple[str, str]  # from a source, a stimulus or an area, to an area
Fibres = dict[Fibre, UInt8[Array, "n n"]]  # synapses [from, to]: 0 where there is none, else 1 + how often it grew
Through = Sequence[Fibre]  # fibres that are open
Growth = Float32[Array, ""] | float  # β
Count = Int32[Array, ""] | int
MOST = 255  # beyond which a synapse grows no more


@struct.dataclass
class Fired:
    """Which neurons fire."""

    neurons: Int32[Array, " k"]  # indices, as many as may fire at most
    on: Float32[Array, " k"]  # 1 where the neuron does fire; all are 0 in a silent area


def silent(most: int) -> Fired:
    """No neuron of an area where `most` may fire."""
    return Fired(jnp.arange(most, dtype=jnp.int32), jnp.zeros(most, jnp.float32))


def fired(neurons: Int32[Array, " k"]) -> Fired:
    """All of these neurons."""
    return Fired(neurons, jnp.ones(neurons.shape, jnp.float32))


def as_mask(which: Fired, n: int) -> Float32[Array, " n"]:
    """1 for every neuron that fires, of an area of n."""
    return jnp.zeros(n, jnp.float32).at[which.neurons].max(which.on)


def part(which: Fired, share: float) -> Fired:
    """The first neurons of those that fire, a share of them; the rest is silent."""
    kept = jnp.arange(which.on.shape[0]) < round(share * which.on.shape[0])
    return Fired(which.neurons, jnp.where(kept, which.on, 0.0))


def gated(which: Fired, on: Float32[Array, ""]) -> Fired:
    """All that fires, or nothing: as `on` is 1 or 0."""
    return Fired(which.neurons, which.on * on)


def overlap(one: Fired, other: Fired) -> Float32[Array, ""]:
    """How many neurons fire in both, as a share of those that may."""
    same = one.neurons[:, None] == other.neurons[None, :]
    return jnp.sum(jnp.where(same, one.on[:, None] * other.on[None, :], 0.0)) / one.on.shape[0]


def strength(synapses: UInt8[Array, "..."] | Float32[Array, "..."], growth: Growth) -> Float32[Array, "..."]:
    """(1 + β)^c of synapses that have grown c times; 0 where there is none. Floats are strengths already."""
    if synapses.dtype == jnp.float32:
        return synapses
    times = jnp.maximum(synapses, 1).astype(jnp.float32) - 1
    return jnp.where(synapses > 0, jnp.exp(jnp.log1p(jnp.asarray(growth, jnp.float32)) * times), 0.0)


def connect(stream: Stream, fibres: Sequence[Fibre], n: int, density: float) -> Fibres:
    """A brain before it has learnt: each fibre a directed random graph G(n, p), each synapse a draw of its own."""
    pair = jnp.arange(n, dtype=jnp.uint32)[:, None] * jnp.uint32(n) + jnp.arange(n, dtype=jnp.uint32)[None, :]
    draws = {fibre: uniform(word(substream(stream, jnp.uint32(i)), pair)) for i, fibre in enumerate(fibres)}
    return {fibre: (drawn < density).astype(jnp.uint8) for fibre, drawn in draws.items()}


def winners(drive: Float32[Array, " n"], most: int, draws: Stream) -> Fired:
    """The neurons with most drive; equal ones by a draw. A neuron without any drive does not fire."""
    tie = TIE * uniform(word(draws, jnp.arange(drive.shape[0], dtype=jnp.uint32)))
    _, chosen = jax.lax.top_k(drive + tie, most)
    return Fired(chosen.astype(jnp.int32), (drive[chosen] > 0).astype(jnp.float32))


Firing = Mapping[str, Fired]  # by stimulus and area


Scales = Mapping[Fibre, Float32[Array, " n"]]  # by what the synapses onto each neuron are multiplied


def balanced(fibres: Fibres, growth: Growth) -> dict[Fibre, Float32[Array, " n"]]:
    """Homeostasis: the scales at which the synapses onto each neuron add up to their number, as before they grew."""
    return {fibre: _balance(synapses, growth) for fibre, synapses in fibres.items()}


def _balance(synapses: UInt8[Array, "n n"], growth: Growth) -> Float32[Array, " n"]:
    number = jnp.sum((synapses > 0).astype(jnp.float32), axis=0)
    return number / jnp.maximum(jnp.sum(strength(synapses, growth), axis=0), 1.0)


def step(
    fibres: Fibres,
    firing: Firing,
    through: Through,
    growth: Growth,
    draws: Stream,
    learns: bool = True,
    scales: Scales | None = None,
    plastic: Mapping[str, Float32[Array, ""]] | None = None,
) -> tuple[Fibres, dict[str, Fired]]:
    """One moment: every area at an end of a fibre chooses its winners at once, from what fired before.

    Fibres that are not open send nothing and keep their synapses; areas that no open fibre ends at, and stimuli, fire
    as before. The draws are for ties; a moment that does not learn only reads, and no synapse grows; onto an area that
    is 0 in `plastic` none grows either.
    """
    areas = list(dict.fromkeys(target for _, target in through))
    now = dict(firing)
    for number, area in enumerate(areas):
        sources = [fibre for fibre in through if fibre[1] == area]
        sent = [
            firing[source].on @ strength(fibres[source, area][firing[source].neurons], growth) for source, _ in sources
        ]
        drive = sum(
            sent if scales is None else (each * scales[fibre] for each, fibre in zip(sent, sources, strict=True))
        )
        now[area] = winners(jnp.asarray(drive), firing[area].neurons.shape[0], substream(draws, jnp.uint32(number)))
    if not learns:
        return dict(fibres), now
    taught = now if plastic is None else now | {area: gated(now[area], share) for area, share in plastic.items()}
    return {**fibres, **{fibre: _grown(fibres[fibre], firing[fibre[0]], taught[fibre[1]]) for fibre in through}}, now


def _grown(synapses: UInt8[Array, "n n"], before: Fired, after: Fired) -> UInt8[Array, "n n"]:
    where = before.neurons[:, None], after.neurons[None, :]
    both = (before.on[:, None] * after.on[None, :] > 0) & (synapses[where] > 0) & (synapses[where] < MOST)
    return synapses.at[where].add(both.astype(jnp.uint8), unique_indices=True)


def run(
    fibres: Fibres, firing: Firing, through: Through, growth: Growth, draws: Stream, steps: Count, learns: bool = True
) -> tuple[Fibres, dict[str, Fired]]:
    """Several moments with the same open fibres, each as `step` has it, with draws of its own."""

    def moment(number: Int32[Array, ""], state: tuple[Fibres, dict[str, Fired]]) -> tuple[Fibres, dict[str, Fired]]:
        return step(*state, through, growth, substream(draws, number.astype(jnp.uint32)), learns)

    return jax.lax.fori_loop(0, steps, moment, (dict(fibres), dict(firing)))
