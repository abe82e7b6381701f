"""A planted collapse is not refuted, a planted failure is, and on the wrong clock nothing collapses."""

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.report.words.findings import verdict
from mirrorjax.statistics.time_collapse import TimeCollapse, TimeCondition, fallen, time_collapse

EPOCHS = np.array([1.0, 2, 3, 5, 7, 10, 15, 20])
RATES = (2e-5, 4e-5, 1e-4)


def curve(epoch: np.ndarray) -> np.ndarray:
    return epoch / 7 * np.exp(1 - epoch / 7)


def conditions(seed: int, shift: float = 0.0, clock_of_truth: str = "epoch", seeds: int = 12) -> list[TimeCondition]:
    """Curves over epochs (or over steps) with one offset a network; the last rate is shifted at epoch 7 alone."""
    chance, made = np.random.default_rng(seed), []
    for rate in RATES:
        steps = EPOCHS * 0.6144 / rate
        truth = curve(EPOCHS if clock_of_truth == "epoch" else steps * 4e-5 / 0.6144)
        own = truth + 0.05 * chance.standard_normal((seeds, 1)) + 0.01 * chance.standard_normal((seeds, len(EPOCHS)))
        if rate == RATES[-1]:
            own[:, EPOCHS == 7] += shift
        clocks = {"epoch": EPOCHS[None], "step": steps[None]}
        made.append(TimeCondition(f"lr {rate}", own, clocks, np.arange(seeds)))
    return made


def test_a_planted_collapse_is_not_refuted_and_not_one_in_steps():
    planted = conditions(0)
    collapse = time_collapse(planted, "epoch")
    assert not collapse.refuted and collapse.spread < collapse.expected[1]
    np.testing.assert_array_equal(collapse.places, EPOCHS)
    steps = time_collapse(planted, "step")
    assert steps.refuted and steps.spread > 5 * collapse.spread
    assert "collapse not refuted" in verdict(collapse, "CMNI") and "collapse refuted" in verdict(steps, "CMNI")


def test_what_collapses_in_steps_fails_in_epochs():
    planted = conditions(1, clock_of_truth="step")
    assert time_collapse(planted, "epoch").refuted
    assert not time_collapse(planted, "step").refuted


def test_a_failure_is_named_with_its_place():
    collapse = time_collapse(conditions(2, shift=0.3), "epoch")
    assert collapse.refuted
    place, one, other = collapse.widest
    assert collapse.places[place] == 7 and 2 in (one, other)
    apart = collapse.means[2, place] - collapse.means[0, place]
    assert apart == pytest.approx(0.3, abs=4 * 0.05 * np.sqrt(2 / 12))
    assert "rates differ most at paper epoch 7" in verdict(collapse, "CMNI")


@pytest.mark.statistical
def test_without_a_difference_one_in_twenty_is_refuted():
    """Of 100 planted collapses more than 13 refuted has probability < .001 at a level of .05."""
    refuted = sum(time_collapse(conditions(100 + seed, seeds=5), "epoch").refuted for seed in range(100))
    assert refuted <= 13


def test_networks_with_the_same_seed_are_permuted_together():
    """A seed's own offset is common to all rates: a small shift shows against what is left."""
    chance = np.random.default_rng(3)
    offset, noise = 0.5 * chance.standard_normal((12, 1)), 0.01
    made = [
        TimeCondition(
            f"{place}",
            curve(EPOCHS) + offset + 0.05 * place + noise * chance.standard_normal((12, len(EPOCHS))),
            {"epoch": EPOCHS[None]},
            np.arange(12),
        )
        for place in range(2)
    ]
    assert time_collapse(made, "epoch").refuted
    strangers = [made[0], TimeCondition("1", made[1].values, made[1].clocks, np.arange(12) + 100)]
    assert not time_collapse(strangers, "epoch").refuted


def test_matching_on_the_excess_error():
    """A measure that is a function of the error alone collapses on it, and not on epochs when rates learn unlike."""
    chance, made = np.random.default_rng(4), []
    for place, speed in enumerate((0.1, 0.2)):
        error = np.exp(-speed * EPOCHS) * np.exp(0.02 * chance.standard_normal((10, 1)))
        values = 1 - error + 0.02 * chance.standard_normal((10, 1))
        made.append(
            TimeCondition(
                f"{place}", values, {"epoch": EPOCHS[None], "excess error": fallen(error)}, np.arange(10) + place
            )
        )
    assert time_collapse(made, "epoch").refuted
    matched = time_collapse(made, "excess error")
    assert not matched.missing and not matched.refuted
    assert "excess error 0." in verdict(matched, "accuracy")


def test_a_clock_of_the_error_never_runs_backwards():
    clock = fallen(np.array([[0.5, 0.2, 0.3, 0.1, -0.01]]))
    np.testing.assert_allclose(np.exp(-clock), [[0.5, 0.2, 0.2, 0.1, 0.1]])


def test_networks_without_all_values_are_left_out():
    planted = conditions(5)
    planted[0].values[3, 4] = np.nan
    planted[1].values[:, 2] = np.nan
    collapse = time_collapse(planted, "epoch")
    assert collapse.networks == (11, 12, 12) and 3.0 not in collapse.places


def missing(collapse: TimeCollapse) -> str:
    assert not collapse.refuted and "nothing can be said" in verdict(collapse, "CMNI")
    return collapse.missing


def test_what_cannot_be_tested_says_why():
    one, two, *_ = conditions(6)
    apart = TimeCondition("late", two.values, {"epoch": EPOCHS[None] + 100}, two.seeds)
    assert "no stretch in common" in missing(time_collapse([one, apart], "epoch"))
    single = TimeCondition("single", two.values[:1], two.clocks, two.seeds[:1])
    assert "single has fewer than two networks" in missing(time_collapse([one, single], "epoch"))
    with pytest.raises(InputError, match="two or more"):
        time_collapse([one], "epoch")
