"""Do assemblies of one's own and of another's distress become one, and does an object's stay apart?

A brain of three areas is shown persons and what they feel: oneself (Frog), another (Toad) and an object, each in
distress and calm. PERSON and EMOTION project together into MIX; Gonier et al. (arXiv 2312.07579) call such a merge
JOIN. A share of the neurons that stand for the other are one's own: the *veil*. Persons share an area, or self and
others have one each (`apart`). `brain.py` has the dynamics.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float32, Int32

from mirrorjax.randomness import Stream, substream
from mirrorjax.regimes.brains.brain import (
    Fibre,
    Fibres,
    Fired,
    Firing,
    Scales,
    connect,
    fired,
    gated,
    overlap,
    part,
    run,
    silent,
    step,
)

DENSITY = 0.05  # of the random fibres
READING = 5  # moments without growth, after which MIX is read
COMPLETED_FROM = 0.4  # share of an assembly that is fired to see whether the rest comes back

_SOURCES = {  # of each area, by how persons have areas
    "shared": {
        "person": ("identity", "person"), "emotion": ("feeling", "emotion"), "mix": ("person", "emotion", "mix"),
    },
    "apart": {
        "self": ("identity", "self"), "other": ("another", "other"), "emotion": ("feeling", "emotion"),
        "mix": ("self", "other", "emotion", "mix"),
    },
}  # fmt: skip
JOINS: dict[str, tuple[Fibre, ...]] = {
    kind: tuple((source, area) for area, sources in own.items() for source in sources) for kind, own in _SOURCES.items()
}
JOIN = JOINS["shared"]
WHO = ("frog", "toad", "object")
FEELINGS = ("distress", "calm")
EPISODES = tuple((who, feeling) for who in WHO for feeling in FEELINGS)  # in the order in which they are learnt
_GRAPH, _GROWING, _READING = range(3)  # streams of a brain

Share = Float32[Array, ""]


def growth(dose: Share, moments: int) -> Float32[Array, ""]:
    """β, such that a synapse that grows in every moment of an episode ends `dose` times as strong.

    Curves over the dose fall together for episodes of all lengths, over β they do not.
    """
    return jnp.exp(jnp.log(dose) / moments) - 1


def identities(veil: Share, k: int) -> dict[str, Int32[Array, " k"]]:
    """The neurons that stand for each; the first round(veil · k) of the other's are one's own."""
    own = jnp.arange(k, dtype=jnp.int32)
    shared = own < jnp.round(veil * k).astype(jnp.int32)
    return {"frog": own, "toad": jnp.where(shared, own, k + own), "object": 2 * k + own}


def stimuli(who: Int32[Array, ""], feeling: Int32[Array, ""], veil: Share, k: int) -> dict[str, Fired]:
    """What is shown: a place in WHO and one in FEELINGS."""
    persons = jnp.stack([identities(veil, k)[name] for name in WHO])
    return {"identity": fired(persons[who]), "feeling": fired(feeling * k + jnp.arange(k, dtype=jnp.int32))}


def wired(fibres: Iterable[Fibre]) -> str:
    """How persons have areas in a brain of these fibres: `shared`, or `apart`."""
    return "apart" if ("self", "mix") in fibres else "shared"


def seen(now: dict[str, Fired], kind: str, another: Bool[Array, ""]) -> dict[str, Fired]:
    """Stimuli as areas have them: OTHER is silent unless it is `another` who is met, SELF fires for everybody."""
    if kind == "shared":
        return now
    return now | {"another": gated(now["identity"], another.astype(jnp.float32))}


def at_rest(k: int, kind: str = "shared") -> dict[str, Fired]:
    """All areas silent."""
    return {area: silent(k) for area in _SOURCES[kind]}


def born(stream: Stream, n: int, kind: str = "shared") -> Fibres:
    """A brain that has learnt nothing; it depends on its stream alone."""
    return connect(substream(stream, jnp.uint32(_GRAPH)), JOINS[kind], n, DENSITY)


def lived(
    fibres: Fibres, areas: Firing, moment: Int32[Array, ""], veil: Share, dose: Share, stream: Stream, moments: int
) -> tuple[Fibres, dict[str, Fired]]:
    """One moment of one's life: episodes one after the other, of `moments` each, from silence.

    Moments are numbered from 0; those beyond the last episode begin again with the first.
    """
    k = areas["mix"].neurons.shape[0]

    def shown(who: Int32[Array, ""], feeling: Int32[Array, ""]) -> dict[str, Fired]:
        return stimuli(who, feeling, veil, k)

    return lived_as(shown, fibres, areas, moment, growth(dose, moments), stream, moments)


def lived_as(
    shown: Callable[[Int32[Array, ""], Int32[Array, ""]], dict[str, Fired]],
    fibres: Fibres,
    areas: Firing,
    moment: Int32[Array, ""],
    beta: Share,
    stream: Stream,
    moments: int,
    scales: Scales | None = None,
) -> tuple[Fibres, dict[str, Fired]]:
    """The same of other stimuli: `shown` gives those of a place in WHO and one in FEELINGS."""
    episode = (moment // moments) % len(EPISODES)
    begins = moment % moments == 0
    awake = {name: replace(which, on=jnp.where(begins, 0.0, which.on)) for name, which in areas.items()}
    who, kind = episode // len(FEELINGS), wired(fibres)
    now = seen(shown(who, episode % len(FEELINGS)), kind, who > 0)
    plastic = {"self": (who == 0).astype(jnp.float32)} if kind == "apart" else None
    draws = substream(substream(stream, jnp.uint32(_GROWING)), moment.astype(jnp.uint32))
    fibres, after = step(fibres, {**now, **awake}, JOINS[kind], beta, draws, scales=scales, plastic=plastic)
    return fibres, {area: after[area] for area in areas}


def read(fibres: Fibres, veil: Share, beta: Float32[Array, ""], stream: Stream, k: int) -> Fired:
    """What fires in MIX in each of EPISODES, read without growth; the leading axis is over these."""

    def one(episode: Int32[Array, ""]) -> Fired:
        who, kind = episode // len(FEELINGS), wired(fibres)
        shown = seen(stimuli(who, episode % len(FEELINGS), veil, k), kind, who > 0)
        draws = substream(substream(stream, jnp.uint32(_READING)), episode.astype(jnp.uint32))
        return run(fibres, {**shown, **at_rest(k, kind)}, JOINS[kind], beta, draws, READING, learns=False)[1]["mix"]

    return jax.lax.map(one, jnp.arange(len(EPISODES), dtype=jnp.int32))


def completion(fibres: Fibres, assembly: Fired, beta: Float32[Array, ""], stream: Stream) -> Float32[Array, ""]:
    """Share of an assembly of MIX that fires once a part of it was fired and MIX was left to itself."""
    draws = substream(substream(stream, jnp.uint32(_READING)), jnp.uint32(len(EPISODES)))
    seed = {"mix": part(assembly, COMPLETED_FROM)}
    return overlap(run(fibres, seed, (("mix", "mix"),), beta, draws, READING, learns=False)[1]["mix"], assembly)


def measures(mix: Float32[Array, "6 n"], k: int) -> dict[str, Float32[Array, ""]]:
    """What a brain has made of self, other and object.

    `overlap_*` are shares of neurons of MIX that fire for both, of distress unless they say calm; `empathy` is the
    overlap of self and other beyond those with the object: one assembly for everything is none.

    `mix` is 1 for each neuron of MIX that fires in each of EPISODES, of `k` that may fire.
    """
    at = dict(zip(EPISODES, mix, strict=True))
    both = {
        f"{one}_{other}{suffix}": jnp.sum(at[one, feeling] * at[other, feeling])  # whole numbers: differences are exact
        for one, other in (("frog", "toad"), ("frog", "object"), ("toad", "object"))
        for feeling, suffix in (("distress", ""), ("calm", "_calm"))
    }
    frog, toad, thing = (at[who, "distress"] - at[who, "calm"] for who in WHO)
    beyond_object = 2 * both["frog_toad"] - both["frog_object"] - both["toad_object"]
    return {
        **{f"overlap_{name}": value / k for name, value in both.items()},
        "empathy": beyond_object / (2 * k),
        "ssi": _cosine(frog, toad) - (_cosine(frog, thing) + _cosine(toad, thing)) / 2,
    }


def _cosine(one: Float32[Array, " n"], other: Float32[Array, " n"]) -> Float32[Array, ""]:
    """0 where one of them is nothing."""
    size = jnp.sqrt(jnp.sum(one * one) * jnp.sum(other * other))
    return jnp.sum(one * other) / jnp.maximum(size, 1e-6)
