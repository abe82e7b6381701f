"""What a network, a regime or a measure has to keep to, checked: run it over your own as the tests do over all.

A check raises an `AssertionError` that says which promise is broken. It takes seconds, most of them of the compiler.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax.serialization import from_state_dict, to_state_dict
from jax.typing import ArrayLike

from mirrorjax.dataset.build import Dataset, DatasetSpec, build
from mirrorjax.dataset.knobs import PAPER
from mirrorjax.dataset.pairs import build_pairs
from mirrorjax.dataset.sources import Sources
from mirrorjax.measurement.battery.boards import Boards, boards_of
from mirrorjax.measurement.battery.caused import caused
from mirrorjax.measurement.battery.nulls import SCALE_FREE
from mirrorjax.measurement.battery.observed import observed
from mirrorjax.measurement.needs import fits
from mirrorjax.measurement.probe import Probe
from mirrorjax.measurement.stream import MeasuredRows, measure, measured_rows
from mirrorjax.models.base import Edit, Network, Params, Shown, Site, Units, along_batch, keep, padding
from mirrorjax.population.members import Member, MemberValues, stack_values
from mirrorjax.regimes.base import HeldOut, Regime, World, whole
from mirrorjax.training.data import Data
from mirrorjax.training.step import TrainState, init_state, train

NARROW, WIDE = 5, 8  # a member's units, and those of a program that it is padded to
_EXAMPLES = 6
_ROUNDING = 1e-5  # of activations of order one, that are summed up in another order
_SETTINGS = {"learning_rate": 1e-3, "batch_size": 8}
_STEPS = 4
_SEEDS = 48  # untrained networks that a null is of, and a third as many beside it


def check_network(network: Callable[[int], Network]) -> None:
    """Checks the promises of `models.base.Network`.

    Args:
        network: makes one for so many units as compiled.
    """
    narrow, wide = network(NARROW), network(WIDE)
    assert network(WIDE) == wide and hash(network(WIDE)) == hash(wide), "equal networks share a compiled program"
    own, padded = (jax.jit(each.init)(jax.random.key(0), NARROW) for each in (narrow, wide))
    assert own.keys() == padded.keys(), "a parameter has one name at all widths"
    for name, value in own.items():
        rest = np.array(padded[name])
        corner = tuple(map(slice, value.shape))
        assert np.array_equal(rest[corner], value), f"{name}: padding changes an initial weight"
        rest[corner] = 0
        assert not rest.any(), f"{name}: padding is not zero"
    inputs = jax.random.uniform(jax.random.key(1), (wide.inputs, _EXAMPLES))
    plain = _run(narrow, own, inputs)
    as_padded = _run(wide, padded, inputs, padding(NARROW))
    _close(as_padded.outputs, plain.outputs, "padding changes the outputs")
    for site, other in zip(narrow.sites, wide.sites, strict=True):
        units = np.array(as_padded.units[other.name])
        assert units.shape == (other.size, _EXAMPLES), f"{other.name}: {units.shape} are not its units, then the batch"
        _close(units[: site.size], plain.units[site.name], f"{site.name}: padding changes a unit")
        assert not units[site.size :].any(), f"{other.name}: a unit beyond the member's own is not zero"
    one = _run(narrow, own, jnp.asarray(np.asarray(inputs)[:, 0]))
    _close(one.outputs, np.asarray(plain.outputs)[:, 0], "one example is not what it is in a batch")
    _check_edits(narrow, own, inputs, plain)
    assert all(np.ndim(norm) == 0 for norm in narrow.norms(own).values()), "a norm is one number"
    if narrow.homogeneous:
        _check_homogeneous(narrow, own, inputs, plain)


def _check_edits(network: Network, params: Params, inputs: jax.Array, plain: Shown) -> None:
    """Each site is edited once, in causal order; what is shown is what the rest of the network sees."""
    for number, edited in enumerate(network.sites):
        called: list[str] = []

        def edit(site: Site, units: Units, called: list[str] = called, edited: Site = edited) -> Units:
            called.append(site.name)
            return units + along_batch(_shift(site), units) if site == edited else units

        shown = _run(network, params, inputs, edit)
        assert called == [site.name for site in network.sites], f"edits are asked at {called}"
        for before in network.sites[:number]:
            _close(shown.units[before.name], plain.units[before.name], f"{edited.name} acts on {before.name} before it")
        before_edit = np.asarray(plain.units[edited.name])
        after_edit = before_edit + np.asarray(_shift(edited))[:, None]
        _close(shown.units[edited.name], after_edit, f"{edited.name}: shown before its edit")
        behind = [*(shown.units[site.name] for site in network.sites[number + 1 :]), shown.outputs]
        without = [*(plain.units[site.name] for site in network.sites[number + 1 :]), plain.outputs]
        assert any(not np.allclose(a, b) for a, b in zip(behind, without, strict=True)), (
            f"nothing sees the edit of {edited.name}"
        )


def _shift(site: Site) -> jax.Array:
    """1, 2, 3 …: what all units of a site have in common, LayerNorm does not see."""
    return jnp.arange(1, site.size + 1, dtype=jnp.float32)


def _check_homogeneous(network: Network, params: Params, inputs: jax.Array, plain: Shown) -> None:
    doubled = {name: value * 2 if value.ndim > 1 else value for name, value in jax.device_get(params).items()}
    for name, units in _run(network, doubled, inputs).units.items():
        before, after = np.asarray(plain.units[name]), np.asarray(units)
        factor = (before * after).sum() / (before * before).sum()
        _close(after / factor, before, f"{name}: is not multiplied when kernels are; not homogeneous")


def check_regime(regime: Callable[[int], Any]) -> None:
    """Checks the promises of `regimes.base.Regime`, and that its networks can be measured.

    Args:
        regime: makes one whose network has so many units as compiled, and whose batch holds 8 rows.
    """
    narrow, wide, again = (whole(regime(width)) for width in (NARROW, WIDE, WIDE))
    assert again == wide and hash(again) == hash(wide), "equal regimes share a compiled program"
    members = [Member(seed=seed, width=NARROW, **_SETTINGS) for seed in range(3)]
    _check_usual(wide, members[0])
    dataset = _dataset("pairs" in wide.needs)
    values = stack_values(members, "", Sources.only(dataset))
    rows, _ = measured_rows(dataset.test, dataset.validation[:256])
    world = _world(wide, dataset, rows.held)
    start = _started(wide, values)
    after = _trained(wide, start, values, world, 0, _STEPS)
    assert np.asarray(after.alive).all(), "a member is not well after a few updates"
    assert np.array_equal(jax.vmap(wide.steps)(after.own), [_STEPS] * len(members)), "updates are not counted"
    before, params = (_policies(wide, each, values, world) for each in (start, after))
    assert any(not np.array_equal(before[name], params[name]) for name in params), "training moves nothing"
    first = jax.tree.map(lambda x: x[:1], values)
    alone = _trained(wide, _started(wide, first), first, world, 0, _STEPS)
    _same(alone, jax.tree.map(lambda x: x[:1], after), "a member alone is another one than in a population")
    unpadded = _trained(narrow, _started(narrow, values), values, world, 0, _STEPS)
    for name, value in _policies(narrow, unpadded, values, world).items():
        _close(params[name][tuple(map(slice, value.shape))], value, f"{name}: padding changes what is learnt")
    half = _trained(wide, start, values, world, 0, _STEPS // 2)
    restored = cast(TrainState, from_state_dict(half, jax.tree.map(np.asarray, to_state_dict(half))))
    resumed = _trained(wide, restored, values, world, _STEPS // 2, _STEPS)
    _same(resumed, after, "resumed training is another one", exactly=True)
    if "boards" in wide.needs:
        boards = boards_of(dataset, 64, 64)
        for number in range(2):
            probe = Probe(wide.only("show"), *jax.tree.map(lambda x, at=number: x[at], (params, values)))
            found = jax.jit(observed)(probe, boards) | jax.jit(caused)(probe, boards, jnp.zeros(probe.count))[0]
            assert all(np.isfinite(each).all() for each in found.values()), "a measure of boards is no number"
    if "rows" in wide.needs:
        _check_measured(wide, dataset, start, params, values, world, rows)
    else:
        scores = jax.jit(jax.vmap(wide.score, (0, 0, None)))(params, values, world.held)
        assert scores and not any(np.isinf(each).any() for each in scores.values()), "without rows its score is all"
        assert any(np.isfinite(each).all() for each in scores.values()), "nothing is known of what it did"


def _check_usual(regime: Regime, member: Member) -> None:
    """What it says besides its contract, or leaves as it usually is."""
    for name in ("passes", "rows", "row_passes"):
        count = getattr(regime, name)
        assert count is None or (isinstance(count, int) and count > 0), f"{name} is {count}: a whole number from 1 on"
    assert regime.reading >= 0, f"reading is {regime.reading}: bytes"
    assert regime.shown_as().network == regime.network, "what is shown alike is shown to the same network"
    values = jax.tree.map(lambda x: x[0], stack_values([member], ""))
    told = jax.eval_shape(lambda values: regime.told(regime.init(values)), values)
    assert all(each.shape == () for each in told.values()), "what a state tells is one number a column"
    assert {*regime.rows_as(member)} <= {*PAPER}, f"rows_as names no knob; knobs are {', '.join(PAPER)}"


def _check_measured(
    wide: Regime,
    dataset: Dataset,
    start: TrainState,
    params: Params,
    values: MemberValues,
    world: World,
    rows: MeasuredRows,
) -> None:
    given = wide.put(jax.tree.map(lambda x: x[0], start.own), {name: value[0] for name, value in params.items()})
    back = wide.policy(given, jax.tree.map(lambda x: x[0], values), world.train)
    put = {name: value[0] for name, value in params.items()}
    _same(back, put, "the policy is not what was put", exactly=not wide.reads_out)
    probe = Probe(wide.only("show"), back, jax.tree.map(lambda x: x[0], values))
    boards = boards_of(dataset, 128, 64)
    jax.jit(caused)(probe, boards, jnp.zeros(probe.count))
    jax.jit(lambda probe: measure(probe, rows))(Probe(wide.only("score"), back, probe.values))
    _check_untrained(wide, dataset, boards)


def _check_untrained(regime: Regime, dataset: Dataset, boards: Boards) -> None:
    """Networks that have learnt nothing are like others that have not: their mean z is about 0."""
    dataset = replace(dataset, train=dataset.train[:1000])  # a read-out need not be good
    members = [Member(seed=seed, width=NARROW, **_SETTINGS) for seed in range(_SEEDS + _SEEDS // 3)]
    values = stack_values(members, "", Sources.only(dataset))
    world = _world(regime, dataset, None)

    def columns(values: MemberValues) -> dict[str, jax.Array]:
        params = regime.policy(regime.init(values), values, world.train)
        return observed(Probe(regime.only("show"), params, values), boards)

    found = jax.jit(lambda values: jax.lax.map(columns, values))(values)
    for name in set(SCALE_FREE) & found.keys():
        null, others = np.split(np.asarray(found[name], float), [_SEEDS])
        if null.std() > 0:
            z = (others - null.mean()) / null.std()
            limit = 4.5 * np.sqrt(1 / len(others) + 1 / len(null))  # standard errors of a difference of two means
            assert abs(z.mean()) < limit, f"{name}: mean z of untrained networks is {z.mean():.2f}"


def check_measure(measure: Callable[..., Mapping[str, ArrayLike]], probe: Probe, boards: Boards | None = None) -> None:
    """Checks that a measure of responses is blind to a unit's scale, its place and padding.

    Args:
        measure: a function `Responses -> columns`.
        probe: a member to measure.
        boards: matched boards; None are some of a small dataset.
    """
    from mirrorjax.dataset.matched import CONDITIONS
    from mirrorjax.measurement.battery.responses import of_activations, responses

    assert fits(measure, probe.network), "the network has not what the measure needs; give another probe"
    pictures = (boards or boards_of(_dataset(), 128, 64)).anywhere
    found = jax.device_get(jax.jit(responses, static_argnums=2)(probe, pictures, tuple(CONDITIONS)))
    order = np.random.default_rng(0).permutation(len(found.layer))
    size = 1 + np.arange(len(found.layer), dtype=np.float32)[:, None]

    columns_of = jax.jit(lambda *shown: measure(of_activations(*shown)))

    def seen(change: Callable[[np.ndarray], np.ndarray], layer: np.ndarray) -> dict[str, np.ndarray]:
        hidden = {name: change(units) for name, units in found.hidden.items()}
        return {name: np.asarray(each) for name, each in columns_of(hidden, found.outputs, layer).items()}

    plain = seen(lambda units: units, found.layer)
    assert plain and all(np.ndim(value) == 0 for value in plain.values()), "a column is one number a member"
    changes = {
        "the scale of units": seen(lambda units: units * size, found.layer),
        "the order of units": seen(lambda units: units[order], found.layer[order]),
        "padding": seen(
            lambda units: np.concatenate([units, np.zeros_like(units[:2])]),
            np.concatenate([found.layer, found.layer[-1:], found.layer[-1:]]),
        ),
    }
    for what, columns in changes.items():
        for name, value in plain.items():
            np.testing.assert_allclose(columns[name], value, rtol=1e-3, atol=1e-4, err_msg=f"{name} sees {what}")


@functools.partial(jax.jit, static_argnums=(0, 3))
def _run(network: Network, params: Params, inputs: jax.Array, edit: Edit = keep) -> Shown:
    return network.run(params, inputs, edit)


_SPEC = DatasetSpec(turns=30_000, games=64, burn_in=256, test_rows=400)


@functools.cache
def _dataset(paired: bool = False) -> Dataset:
    return replace(_dataset(), pairs=build_pairs(_dataset(), _SPEC)) if paired else build(_SPEC)


def _world(regime: Regime, dataset: Dataset, held: HeldOut | None) -> World:
    pairs = dataset.pairs and jnp.asarray(dataset.pairs.train)
    return regime.world(World(jnp.asarray(dataset.train), held, pairs, Data.of(dataset).sample))


@functools.partial(jax.jit, static_argnums=0)
def _started(regime: Regime, values: MemberValues) -> TrainState:
    return jax.vmap(lambda values: init_state(regime, values))(values)


@functools.partial(jax.jit, static_argnums=0)
def _policies(regime: Regime, state: TrainState, values: MemberValues, world: World) -> Params:
    return jax.vmap(regime.policy, (0, 0, None))(state.own, values, world.train)


@functools.partial(jax.jit, static_argnums=0)
def _trained(
    regime: Regime, state: TrainState, values: MemberValues, world: World, start: ArrayLike, stop: ArrayLike
) -> TrainState:
    def of_member(state: TrainState, values: MemberValues) -> TrainState:
        return train(regime, state, values, jnp.uint32(start), jnp.uint32(stop), world.train)

    return jax.vmap(of_member)(state, values)


def _close(one: ArrayLike, other: ArrayLike, what: str) -> None:
    np.testing.assert_allclose(one, other, rtol=_ROUNDING, atol=_ROUNDING, err_msg=what)


def _same(one: object, other: object, what: str, exactly: bool = False) -> None:
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.array_equal(a, b) or (not exactly and np.allclose(a, b, rtol=1e-4, atol=_ROUNDING)), what
