"""Every registered network, regime and measure keeps its contract, and so do others that a user might write."""

from dataclasses import replace
from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.machine.compiler import Compiler
from mirrorjax.measurement.battery.observed import OF_RESPONSES
from mirrorjax.models import MODELS
from mirrorjax.models.base import Edit, Params, Shown, keep
from mirrorjax.models.mlp import MLP
from mirrorjax.models.transformer import Transformer
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.regimes import REGIMES, regime_of
from mirrorjax.regimes.base import Regime, Usual, whole
from mirrorjax.testing import check_measure, check_network, check_regime
from mirrorjax.training.loop import Schedule
from tests.measurement.battery.cases import small_boards, untrained
from tests.networks import probe_of
from tests.training.cases import epochs, population_of
from tests.unlike import DeltaRule, Residual

pytestmark = pytest.mark.usefixtures("compiled_quickly")
NETWORKS = MODELS | {"residual": Residual, "transformer": partial(Transformer, d_model=4)}


@pytest.mark.parametrize(
    "name", ["mlp", *(pytest.param(name, marks=pytest.mark.slow) for name in sorted({*NETWORKS} - {"mlp"}))]
)
def test_a_network_keeps_its_contract(name: str):
    check_network(lambda width: NETWORKS[name](width=width))


@pytest.mark.slow
@pytest.mark.nightly
def test_so_does_a_transformer_whose_stream_is_looked_at():
    check_network(lambda width: Transformer(width=width, d_model=4, depth=2, signed=True))


@pytest.mark.parametrize("activation", ["tanh", "identity"])
def test_so_does_one_with_another_activation(activation: str):
    check_network(lambda width: MLP(width=width, depth=3, activation=activation))


def regime_at(name: str, width: int) -> Regime:
    small = {"neurons": 100, "parallel_games": 4, "horizon": 8, "turns_of": "chain"}
    program = replace(program_of(Member(width=width, **small)), width=width, batch=8)
    network = (Residual if name == "delta_rule" else MLP)(width=width)
    return {**REGIMES, "delta_rule": DeltaRule}[name].of(network, program)


# One whenever somebody runs the tests, those in CI that differ in what they are built of, and all with time.
OF_CI = {"reinforcement", "delta_rule"}
MARKS = {
    name: [] if name == "assembly" else [pytest.mark.slow, *([] if name in OF_CI else [pytest.mark.nightly])]
    for name in (*REGIMES, "delta_rule")
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=marks) for name, marks in MARKS.items()])
def test_a_regime_keeps_its_contract(name: str):
    check_regime(lambda width: regime_at(name, width))


def test_what_a_regime_leaves_out_is_as_usual():
    """Ours are made of `Usual`; another's is given it, and keeps what it says itself."""
    assert all(Usual in regime.__mro__ for regime in REGIMES.values())
    ours, theirs = regime_at("supervised", 8), regime_at("delta_rule", 8)
    assert whole(ours) is ours
    same = whole(theirs)
    assert same == whole(regime_at("delta_rule", 8)) and hash(same) == hash(whole(theirs)) and same != theirs
    assert isinstance(same, DeltaRule) and str(same) == str(theirs) and type(same.only("show")) is type(same)
    assert (same.passes, same.rows, same.row_passes, same.reading) == (1, None, None, 0)
    assert same.told(None) == {} and same.rows_as(Member()) == {}
    assert same.shown_as() is same and whole(Slow(MLP(), 8)).passes == 5


def test_what_only_shows_is_compiled_once_for_regimes_that_show_alike():
    """A population's programs for boards serve its nulls, which are of the regime that it initialises as."""
    for name in ("supervised", "contrastive", "overlap", "imitation", "predictive"):
        member = Member(regime=name, dependency=0.5 if name == "supervised" else 0.0)
        shown, null = (
            regime_of(program_of(each)).only("show").shown_as() for each in (member, Member(regime="supervised"))
        )
        assert shown == null and hash(shown) == hash(null), name
    hebbian = regime_of(program_of(Member(regime="imitation", plasticity="hebbian"))).only("show")
    assert hebbian.shown_as() is hebbian, "its acts are drawn by softmax"


class Slow(DeltaRule):
    """A batch goes through its network five times."""

    passes: ClassVar[int] = 5


@pytest.mark.parametrize(
    ("says", "broken"),
    [
        ({"rows": 0}, "rows is 0: a whole number"),
        ({"told": lambda self, state: {"size": jnp.zeros(3)}}, "one number a column"),
        ({"rows_as": staticmethod(lambda member: {"hue": 1.0})}, "rows_as names no knob"),
    ],
    ids=["rows", "told", "rows_as"],
)
def test_a_regime_that_says_something_else_is_told(says: dict, broken: str):
    kind = type("Strange", (DeltaRule,), says)
    with pytest.raises(AssertionError, match=broken):
        check_regime(lambda width: kind(Residual(width=width), 8))


@pytest.mark.parametrize("name", OF_RESPONSES)
def test_a_measure_keeps_its_contract(name: str):
    network = MLP(width=8, depth=2)
    check_measure(OF_RESPONSES[name], probe_of(untrained(network), network), small_boards())


class PaddedBiases(MLP):
    """Its padding is not zero."""

    def init(self, key: jax.Array, width: jax.Array) -> Params:
        return {name: value + 0.1 for name, value in super().init(key, width).items()}


class Deaf(MLP):
    """Its second site is shown edited, but nothing sees it."""

    def run(self, params: Params, inputs: jax.Array, edit: Edit = keep) -> Shown:
        shown = super().run(params, inputs, lambda site, units: edit(site, units) if site.name == "hidden_1" else units)
        return replace(shown, units=shown.units | {"hidden_2": edit(self.sites[1], shown.units["hidden_2"])})


class NoRelu(MLP):
    """It is called homogeneous, and is not."""

    homogeneous = property(lambda self: True)


@pytest.mark.parametrize(
    ("network", "broken"),
    [
        (lambda width: PaddedBiases(width=width), "padding is not zero"),
        (lambda width: Deaf(width=width), "nothing sees the edit of hidden_2"),
        (lambda width: NoRelu(width=width, activation="tanh"), "not homogeneous"),
    ],
    ids=["padding", "edit", "homogeneous"],
)
def test_a_broken_network_is_told(network, broken: str):
    with pytest.raises(AssertionError, match=broken):
        check_network(network)


def test_a_measure_that_sees_the_scale_is_told():
    network = MLP(width=8, depth=2)
    with pytest.raises(AssertionError, match="sees the scale of units"):
        check_measure(
            lambda found: {"size": jnp.mean(found.hidden["xF"])}, probe_of(untrained(network), network), small_boards()
        )


@pytest.mark.slow
def test_a_population_of_another_kind_is_trained_and_measured(monkeypatch: pytest.MonkeyPatch):
    """Its own score is a column; what it has not is none: losses of a regression, circuits of two layers."""
    monkeypatch.setitem(REGIMES, "delta_rule", DeltaRule)
    monkeypatch.setitem(MODELS, "residual", Residual)
    kind = Member(regime="delta_rule", model="residual", width=5, learning_rate=1e-2)
    members = [replace(kind, seed=seed) for seed in range(3)]
    population = population_of(members, boards=small_boards(), compiler=Compiler())
    (end,) = epochs(40, rate=1e-2)
    first, last = population.run(Schedule((0.0, end), units_at=(end,)))
    assert last.records["step"].tolist() == [40] * 3
    assert (last.records["surprise"] < first.records["surprise"]).all()
    assert {"accuracy", "cmni", "ssi", "rescue_accuracy", "tr", "norm_layer_3"} <= last.records.keys()
    assert not {"val_loss", "circuits_none"} & last.records.keys()
    assert last.records["units"].tolist() == [9] * 3, "rates and outputs, not the stream"
    assert last.units is not None and set(last.units["layer"]) == {1, 2, 3, 4}
    weights, index = population.weights()
    assert np.array_equal(weights["part-0/write"].shape, (3, 8, 100))
    assert index["members"][population.ids[0]]["shapes"]["read"] == [5, 5]
