"""The numbers on the dashboard, against NumPy on the same columns."""

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from mirrorjax.tracking.keys import HISTOGRAMS, QUANTITIES, SECTIONS, STATISTICS, WITHOUT_PANEL, key, old_name
from mirrorjax.tracking.metrics import FINAL_KEYS, MAX_KEYS, population_metrics
from tests.tracking.cases import record_columns


def histogram(metrics: dict, name: str) -> tuple[np.ndarray, np.ndarray]:
    counts, edges = metrics[key(name, "histogram")]
    return counts, edges


def test_values():
    records = record_columns(200, 3)
    metrics = population_metrics(records, {"model_steps_per_second": 1e5})
    for name in ("val_loss", "cmni", "cmni_hidden", "accuracy", "recall_help_rescue"):
        values = np.asarray(records[name], np.float64)[:-1]  # the last network has diverged
        assert metrics[key(name, "median")] == np.median(values)
        assert metrics[key(name, "mean")] == np.mean(values)
        assert metrics[key(name, "q05")] == np.quantile(values, 0.05)
        assert metrics[key(name, "q95")] == np.quantile(values, 0.95)
    counts, edges = histogram(metrics, "cmni")
    assert counts.sum() == 199
    assert (edges[0], edges[-1]) == (records["cmni"][:-1].min(), records["cmni"][:-1].max())
    assert metrics["loss/share_diverged"] == 1 / 200
    assert metrics["speed/model_steps_per_second"] == 1e5


def test_the_robust_share_counts_a_member_only_with_both():
    records = {"cmni": np.array([0.005, 0.0049, 0.006, np.nan]), "val_loss": np.array([0.05, 0.05, 0.06, 0.05])}
    assert population_metrics(records)["cmni/share_robust"] == 0.25


def test_a_diverged_network_is_neither_robust_nor_learnt():
    both = {"cmni": np.full(2, 0.1), "val_loss": np.full(2, 0.01), "mirror": np.ones(2), "excess_error": np.zeros(2)}
    metrics = population_metrics({**both, "status": np.array(["training", "diverged"])})
    shares = ("cmni/share_robust", "verdict/share_learnt", "loss/share_diverged", "verdict/share_mirror")
    assert [metrics[name] for name in shares] == [0.5, 0.5, 0.5, 1]


@pytest.mark.parametrize("name", QUANTITIES)
def test_every_order_parameter_has_its_band(name: str):
    metrics = population_metrics({name: np.arange(21.0)})
    given = [metrics[key(name, statistic)] for statistic in ("q05", "median", "mean", "q95")]
    assert given == [1, 10, 10, 19]


def test_verdicts_are_of_those_that_have_learnt():
    error = np.array([0.1, 0.2, 0.49, 0.3, 0.5, np.nan])  # the last two have not
    metrics = population_metrics({"mirror": np.array([1.0, 0, 0, np.nan, 1, 1]), "excess_error": error})
    low, high = proportion_confint(1, 3, method="wilson")
    assert metrics["verdict/share_learnt"] == pytest.approx(4 / 6)
    assert metrics["verdict/share_mirror"] == pytest.approx(1 / 3)
    assert metrics["verdict/share_mirror_low"] == pytest.approx(low, rel=1e-12)
    assert metrics["verdict/share_mirror_high"] == pytest.approx(high, rel=1e-12)


@pytest.mark.parametrize(
    ("mirror", "error"), [([np.nan, np.nan], [0.1, 0.1]), ([1.0, 0.0], [1.2, np.nan])], ids=["not asked", "not learnt"]
)
def test_no_verdict(mirror: list[float], error: list[float]):
    metrics = population_metrics({"mirror": np.array(mirror), "excess_error": np.array(error)})
    assert [name for name in metrics if name.startswith("verdict/")] == ["verdict/share_learnt"]


def test_every_key_has_a_section_and_an_old_name_of_its_own():
    everything = dict.fromkeys((*QUANTITIES, "mirror"), np.ones(4)) | record_columns(4)
    keys = population_metrics(everything, {"model_steps_per_second": 1.0})
    assert {name.partition("/")[0] for name in keys} == set(SECTIONS)
    old = [old_name(name) for name in keys]
    assert len(set(old)) == len(old)
    assert {name.partition("/")[0] for name in old} == {"pop", "verdict"}
    seen = [name for name in keys if name not in WITHOUT_PANEL]
    of_quantities = [name for name in seen if any(name == key(each, "median") for each in QUANTITIES)]
    assert len(of_quantities) == len(QUANTITIES), "one panel a quantity"
    assert len(keys) - len(seen) == len(QUANTITIES) * (len(STATISTICS) - 1) + 2
    assert set(seen) - set(of_quantities) == {
        *(key(each, "histogram") for each in HISTOGRAMS),
        *("loss/share_diverged", "cmni/share_robust", "verdict/share_learnt", "verdict/share_mirror"),
        "speed/model_steps_per_second",
    }


def test_what_is_not_finite_is_left_out():
    records = {"cmni": np.array([np.nan, 0.2, np.inf]), "accuracy": np.full(3, np.nan)}
    metrics = population_metrics(records)
    assert metrics["cmni/cmni_mean"] == 0.2
    assert not [key for key in metrics if "accuracy" in key]


@pytest.mark.parametrize("values", [np.full(300, 0.1), np.array([0.1, np.nextafter(0.1, 1)]), np.array([0.0])])
def test_a_histogram_of_values_that_hardly_differ(values: np.ndarray):
    counts, edges = histogram(population_metrics({"cmni": values}), "cmni")
    assert counts.sum() == len(values)
    assert np.all(np.diff(edges) > 0)


def test_the_number_of_keys_is_bounded():
    calibrated = {name: np.ones(4) for name in ("cmni_z", "mni_star", "ssi", "ssi_last", "cross_decoding_social")}
    rest = {name: np.ones(4) for name in ("rescue_accuracy", "tr", "mirror")}
    played = {name: np.ones(4) for name in QUANTITIES if name.startswith("play_")}
    extra = {f"extra_{number}": 1.0 for number in range(100)}
    metrics = population_metrics({**record_columns(4), **calibrated, **rest, **played}, extra)
    assert len(metrics) + 2 + FINAL_KEYS == MAX_KEYS == 107, "with epoch and step"


def test_agents_have_keys_of_their_own_in_place_of_those_of_a_loss():
    own = ("return_own", "return_partner", "help_share", "stalls", "entropy", "kl")
    records = {name: np.arange(21.0) for name in (*QUANTITIES, "mirror", *own) if name != "val_loss"}
    metrics = population_metrics({**records, "status": np.full(21, "training")}, {"model_steps_per_second": 1.0})
    assert {name: metrics[f"reinforcement/{name}_median"] for name in own} == dict.fromkeys(own, 10)
    assert sum(name.startswith("reinforcement/") for name in metrics) == len(own)
    assert len(metrics) + 2 + FINAL_KEYS <= MAX_KEYS
