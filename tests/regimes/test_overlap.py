"""The distance by hand and along a rescaling, equality with `supervised` where λ is 0, and finetuning."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset.build import Dataset
from mirrorjax.dataset.sources import Sources
from mirrorjax.errors import InputError
from mirrorjax.models.mlp import MLP
from mirrorjax.population.members import PAPER_EPOCH, Member, stack_values
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import regime_of
from mirrorjax.regimes.rows.overlap import Overlap, view_distance
from mirrorjax.regimes.seats import is_apart
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.schema import Config
from mirrorjax.training.step import init_state, train

STEPS = 200
MEMBER = Member(width=8, learning_rate=1e-3)
EVEN = jnp.full(4, 0.25)

pytestmark = pytest.mark.usefixtures("compiled_quickly")
learning = cache(lambda regime: jax.jit(partial(train, regime)))


@pytest.fixture(scope="module")
def views() -> tuple[jax.Array, jax.Array]:
    own, noise = jax.random.normal(jax.random.key(0), (2, 3, 4))
    return own, own + 0.5 * noise


def test_two_units_by_hand():
    own, other = jnp.array([[1.0, 3.0], [0.0, 2.0]]), jnp.array([[1.0, 1.0], [0.0, 4.0]])
    even = jnp.array([0.5, 0.5])
    assert float(view_distance(own, other, even, 2, "mse")) == pytest.approx((0 + 0 + 4 + 4) / 4)
    variance = (np.var([1, 3, 1, 1]) + np.var([0, 2, 0, 4])) / 2
    assert float(view_distance(own, other, even, 2, "nmse")) == pytest.approx(2 / variance, rel=1e-5)
    second = jnp.array([0.0, 1.0])  # one row alone
    assert float(view_distance(own, other, second, 2, "mse")) == pytest.approx(4)


def test_it_is_blind_to_a_scale_but_its_gradient_shrinks_the_units(views):
    """D(αh) = D(h), and yet dD/dα = 2·D at 1, for the variance is held still; were it not, it would be 0."""

    def scaled(alpha):
        return view_distance(alpha * views[0], alpha * views[1], EVEN, 3, "nmse")

    at_one = float(scaled(1.0))
    assert float(scaled(3.0)) == pytest.approx(at_one, rel=1e-4)
    assert float(jax.grad(scaled)(1.0)) == pytest.approx(2 * at_one, rel=1e-4)

    def moving(alpha):
        own, other = (alpha * view for view in views)
        both = jnp.concatenate([own, other], axis=1)
        return jnp.mean((own - other) ** 2) / jnp.mean(jnp.var(both, axis=1))

    assert float(moving(1.0)) == pytest.approx(at_one, rel=1e-4)
    assert float(jax.grad(moving)(1.0)) == pytest.approx(0, abs=1e-5)


def test_rows_without_weight_and_padding_change_nothing(views):
    more = [jnp.pad(jnp.concatenate([view, 9 * jnp.ones((3, 2))], axis=1), ((0, 2), (0, 0))) for view in views]
    weights = jnp.concatenate([EVEN, jnp.zeros(2)])
    for kind in ("mse", "nmse"):
        known = float(view_distance(views[0], views[1], EVEN, 3, kind))
        assert float(view_distance(more[0], more[1], weights, 3, kind)) == pytest.approx(known, rel=1e-5)


def test_units_that_are_all_zero_have_a_distance_and_a_finite_gradient():
    def of(h):
        return view_distance(h, 2 * h, EVEN, 3, "nmse")

    assert float(of(jnp.zeros((3, 4)))) == 0
    assert np.isfinite(jax.grad(of)(jnp.zeros((3, 4)))).all()


def learner(dataset: Dataset, settings: Mapping[str, Any]):
    """A member's regime, values with the streams of an equal supervised one, and rows."""
    member = replace(MEMBER, **{"regime": "overlap", **settings})
    values = jax.tree.map(lambda x: x[0], stack_values([MEMBER], "", Sources.only(dataset)))
    own = {name: jnp.float32(getattr(member, name)) for name in ("overlap", "overlap_from")}
    return regime_of(program_of(member)), replace(values, **own), jnp.asarray(dataset.train)


def trained(dataset: Dataset, steps: int = STEPS, **settings: Any) -> dict[str, np.ndarray]:
    regime, values, rows = learner(dataset, settings)
    state = learning(regime)(init_state(regime, values), values, jnp.uint32(0), jnp.uint32(steps), rows)
    assert bool(state.alive)
    return jax.device_get(regime.policy(state.own, values, rows))


@pytest.fixture(scope="module")
def supervised(dataset: Dataset) -> dict[str, np.ndarray]:
    return trained(dataset, regime="supervised")


@pytest.mark.parametrize(
    "settings",
    [
        {"pair": "distress"},
        pytest.param({"pair": "object", "distance": "mse", "layers": "all"}, marks=pytest.mark.slow),
    ],
)
def test_where_lambda_is_zero_it_is_supervised(supervised, dataset: Dataset, settings: dict[str, Any]):
    found = trained(dataset, **settings)
    assert found.keys() == supervised.keys()
    for name, value in supervised.items():
        np.testing.assert_allclose(found[name], value, atol=1e-6)


def test_finetuning_goes_on_from_the_supervised_network(supervised, dataset: Dataset):
    """λ is 1 from the last step but one on."""
    begins = (STEPS - 2) * MEMBER.learning_rate / PAPER_EPOCH
    before, after = (
        trained(dataset, steps, pair="distress", overlap=1.0, overlap_from=begins) for steps in (STEPS - 2, STEPS)
    )
    same, name = trained(dataset, STEPS - 2, regime="supervised"), "hidden_2_kernel"
    np.testing.assert_allclose(before[name], same[name], atol=1e-6)
    assert np.abs(after[name] - supervised[name]).max() > 1e-5


def test_a_pull_brings_views_together(dataset: Dataset):
    apart = []
    for overlap in (0.0, 1.0):
        settings: dict[str, Any] = {"overlap": overlap, "pair": "distress"}
        regime, values, rows = learner(dataset, settings)
        assert isinstance(regime, Overlap)
        params = trained(dataset, **settings)
        apart.append(float(jax.jit(regime.apart)(params, values, rows[:512], jnp.full(512, 1 / 512))))
    assert apart[1] < 0.6 * apart[0]


def test_rows_that_are_their_own_exchange_have_no_distance(dataset: Dataset):
    rows = jnp.asarray(dataset.train[:4096])
    together = rows[~np.asarray(jax.vmap(is_apart)(rows))]
    regime, values, _ = learner(dataset, {})
    assert isinstance(regime, Overlap) and len(together)
    params = regime.policy(regime.init(values), values, None)
    weights = jnp.full(len(together), 1 / len(together))
    assert float(regime.apart(params, values, together, weights)) == 0


@pytest.mark.slow
def test_all_layers_are_the_mean_of_each(dataset: Dataset):
    deep = replace(MEMBER, regime="overlap", pair="distress")
    values = jax.tree.map(lambda x: x[0], stack_values([deep], "", Sources.only(dataset)))
    rows, weights = jnp.asarray(dataset.train[:64]), jnp.full(64, 1 / 64)
    one, two = (Overlap(MLP(width=8, depth=depth), pair="distress", layers="last") for depth in (1, 2))
    both = replace(two, layers="all")
    params = two.policy(two.init(values), values, None)
    first = {**params, "output_kernel": jnp.zeros((4, 8))}
    each = [float(regime.apart(given, values, rows, weights)) for regime, given in ((one, first), (two, params))]
    assert float(both.apart(params, values, rows, weights)) == pytest.approx(np.mean(each), rel=1e-5)


def test_its_settings_are_refused_elsewhere():
    config = Config(name="test")
    config.regime.pair = "distress"
    with pytest.raises(InputError, match=r"regime\.pair is distress: only regime=overlap looks at it"):
        validate(config)
    config.regime.name = "overlap"
    validate(config)
