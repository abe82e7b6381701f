"""Streamed statistics against all activations at once, in float64 numpy and scipy."""

import warnings

import numpy as np
import pytest
from scipy import stats

from mirrorjax.dataset.build import answers
from mirrorjax.dataset.row import row_keys
from mirrorjax.measurement.stream import GROUPS, PIECE, TRUTHS, UNIONS, WIDE_PIECE, measured_rows, moments
from tests.measurement.cases import in_union, measured, some_weights
from tests.measurement.conftest import WIDTHS

MEMBERS = range(len(WIDTHS))


def expected_moments(values: np.ndarray) -> dict[str, np.ndarray]:
    """Of [rows, units]; undefined where a unit does not vary."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # scipy's, for units that do not vary
        skewness, kurtosis = stats.skew(values), stats.kurtosis(values)
    return {"mean": values.mean(0), "variance": values.var(0), "skewness": skewness, "kurtosis": kurtosis}


def close(found: np.ndarray, expected: np.ndarray, scale: np.ndarray | float, limit: float) -> bool:
    both = np.isnan(found) & np.isnan(expected)
    return bool((both | (np.abs(found - expected) <= limit * scale)).all())


@pytest.mark.parametrize("union", UNIONS)
@pytest.mark.parametrize("member", MEMBERS)
def test_moments(found, on_test, member, union):
    """Float32 activations of size up to 30, and float32 sums of 800 terms, about a pivot.

    Seen: 3e-8 of the largest activation (mean), 2e-6 of the variance, 2e-6 and 4e-6 of skewness and kurtosis.
    """
    full = on_test[member]
    values = full.units[full.masks[union]]
    assert len(values) == in_union(found.counts, union) > 100
    own = moments(found.statistics, found.counts, union)
    expected = expected_moments(values)
    own = {name: getattr(own, name)[member][found.exists[member]] for name in expected}
    size = np.abs(values).max()
    assert close(own["mean"], expected["mean"], size, 2e-7)
    assert close(own["variance"], expected["variance"], np.maximum(expected["variance"], 1e-6 * size**2), 2e-5)
    assert close(own["skewness"], expected["skewness"], 1 + np.abs(expected["skewness"]), 2e-5)
    assert close(own["kurtosis"], expected["kurtosis"], 1 + np.abs(expected["kurtosis"]), 4e-5)


def test_dead_and_constant_units_have_no_shape(found):
    """Unit 3 is never active, unit 4 always .3."""
    for union in UNIONS:
        own = moments(found.statistics, found.counts, union)
        np.testing.assert_allclose(own.mean[0, 2:4], [0, 0.3], rtol=1e-6)
        np.testing.assert_allclose(own.variance[0, 2:4], [0, 0], rtol=0, atol=1e-12)
        assert np.isnan(own.skewness[0, 2:4]).all() and np.isnan(own.kurtosis[0, 2:4]).all()
        assert own.mean[0, 2] == 0 and own.variance[0, 2] == 0


def test_constant_networks_have_no_shape_at_all(dataset):
    """Whatever the constants and however they are rounded in sums."""
    members = [some_weights(24, 2, 24, seed) for seed in range(3)]
    for seed, member in enumerate(members):
        member["hidden_1_kernel"][:] = 0
        member["hidden_1_bias"][:] = np.random.default_rng(seed).uniform(0.01, 20, 24)
    constant = measured(members, [24] * 3, dataset.test, dataset.validation[:1300])
    for union in UNIONS:
        own = moments(constant.statistics, constant.counts, union)
        assert (own.variance <= 1e-10 * own.mean**2).all()
        assert np.isnan(own.skewness).all() and np.isnan(own.kurtosis).all()


def test_padding_does_not_count(found, networks, dataset):
    """As compiled, units beyond a member's width are zero everywhere, and the unpadded network measures the same."""
    for union in UNIONS:
        own = moments(found.statistics, found.counts, union)
        for member in MEMBERS:
            assert not own.mean[member][~found.exists[member]].any()
    bare = {name: value[:17, : (100 if "1" in name else 17)] if value.ndim == 2 else value[:17]
            for name, value in networks[0].items()}  # fmt: skip
    unpadded = measured([bare], [17], dataset.test, dataset.validation[:1300])
    for union in UNIONS:
        one, other = (
            moments(unpadded.statistics, unpadded.counts, union),
            moments(found.statistics, found.counts, union),
        )
        np.testing.assert_allclose(one.mean[0], other.mean[0][found.exists[0]], rtol=1e-5, atol=1e-6)


def test_where_the_rows_stand_does_not_matter(networks, dataset, on_test):
    """The rows of a group that come last have a pivot of their own like all others."""
    both = answers(dataset.test)["scenario"] == 3
    test = np.concatenate([dataset.test[~both], dataset.test[both]])
    late = measured(networks[1:2], [12], test, dataset.validation[:600])
    assert late.statistics.pivot[..., GROUPS.index("both")].any()
    full = on_test[1]
    expected = expected_moments(full.units[full.masks["both"]])
    own = moments(late.statistics, late.counts, "both")
    chosen = late.exists[0]
    np.testing.assert_allclose(own.mean[0][chosen], expected["mean"], rtol=1e-5, atol=1e-5)
    assert close(own.variance[0][chosen], expected["variance"], 1e-9 + expected["variance"], 2e-5)
    assert close(own.kurtosis[0][chosen], expected["kurtosis"], 1 + np.abs(expected["kurtosis"]), 4e-5)


def test_a_group_without_rows(networks, dataset):
    """Nothing is measured of it, and the others do not change."""
    toad = answers(dataset.test)["scenario"] == 2
    found = measured(networks[1:2], [12], dataset.test[~toad], dataset.validation[:600])
    complete = measured(networks[1:2], [12], dataset.test, dataset.validation[:600])
    group = [GROUPS.index("toad_4"), GROUPS.index("toad_other")]
    assert not found.statistics.power_sums[..., group].any() and not found.counts.groups[group].any()
    assert np.isnan(moments(found.statistics, found.counts, "toad").mean).all()
    for union in ("none", "frog", "both"):
        one, other = (moments(m.statistics, m.counts, union) for m in (found, complete))
        assert np.array_equal(one.mean, other.mean) and np.array_equal(one.variance, other.variance)


def test_an_accelerators_pieces_say_the_same(networks, dataset, compiled_quickly):
    """To rounding: the same rows are summed in another order."""
    whole = networks[1:2], [12], dataset.test, dataset.validation[:600]
    few, many = (measured(*whole, piece=piece) for piece in (PIECE, WIDE_PIECE))
    assert np.array_equal(few.statistics.confusion, many.statistics.confusion)
    for name, score in few.statistics.scores.items():
        np.testing.assert_allclose(score, many.statistics.scores[name], rtol=1e-5)
    for union in UNIONS:
        one, other = (moments(each.statistics, each.counts, union) for each in (few, many))
        np.testing.assert_allclose(one.mean, other.mean, rtol=1e-5, atol=1e-6)
        assert close(one.variance, other.variance, 1e-9 + one.variance, 2e-5)


def test_groups_by_what_the_picture_shows(found, dataset, on_test):
    """The filter keeps the rows that show a 5 (about 55 % of frog) or a 4 (all of toad)."""
    masks = on_test[0].masks
    assert {name: in_union(found.counts, name) for name in UNIONS} == {name: mask.sum() for name, mask in masks.items()}
    assert found.counts.groups.sum() == len(dataset.test) == 2000
    assert 0.45 < masks["frog_filtered"].sum() / masks["frog"].sum() < 0.65  # of 629 rows of few hundred boards
    assert (masks["toad_filtered"] == masks["toad"]).all()


def test_pieces_hold_every_row_once(dataset):
    """And the rows of each group are in pieces of their own, in the order that they came in."""
    rows, counts = measured_rows(dataset.test, dataset.validation[:600])
    most = -(-2000 // PIECE) + len(GROUPS)
    assert rows.test.shape == (most, PIECE, 2) and rows.held.rows.shape == (1, -(-600 // PIECE), PIECE, 2)
    group, words = np.asarray(rows.group), np.asarray(rows.test)
    assert np.array_equal(np.asarray(rows.truth) == -1, group == -1)
    first = np.asarray(rows.first_piece)
    assert (group[first[-1] :] == -1).all()
    seen = []
    for number, count in enumerate(counts.groups):
        own = group[first[number] : first[number + 1]].ravel()
        assert (own[:count] == number).all() and (own[count:] == -1).all() and len(own) - count < PIECE
        seen.append(words[first[number] : first[number + 1]].reshape(-1, 2)[:count])
    keys = [row_keys(part) for part in (np.concatenate(seen), dataset.test)]
    assert np.array_equal(np.sort(keys[0]), np.sort(keys[1]))
    places = np.argsort(keys[1])[np.searchsorted(np.sort(keys[1]), row_keys(seen[0]))]
    assert (np.diff(places) > 0).all()
    padding = rows.held.weight.size - 600
    assert np.asarray(rows.held.weight).ravel().tolist() == [1.0] * 600 + [0.0] * padding


@pytest.mark.parametrize("member", MEMBERS)
def test_confusion(found, dataset, on_test, member):
    full, right = on_test[member], answers(dataset.test)
    truth = np.select([right["help_kind"] == 1, right["help_kind"] == 2], [3, 4], right["label"].astype(int))
    expected = np.zeros((len(TRUTHS), 4), int)
    np.add.at(expected, (truth, full.outputs.argmax(1)), 1)
    assert np.array_equal(found.statistics.confusion[member], expected)
    assert np.array_equal(found.counts.truths, expected.sum(1)) and (found.counts.truths > 0).all()


@pytest.mark.parametrize("member", MEMBERS)
def test_squared_error_and_penalty(found, networks, dataset, on_validation, member):
    validation = dataset.validation[:1300]
    full = on_validation[member]
    labels = np.eye(4)[answers(validation)["label"]]
    error = ((full.outputs - labels) ** 2).mean(1).sum()
    scores = {name: score[member] for name, score in found.statistics.scores.items()}
    np.testing.assert_allclose(scores["squared_error"], error, rtol=1e-5)  # float32 sum of 1,300 terms
    kernels = [networks[member][f"hidden_{layer}_kernel"].astype(float) for layer in (1, 2)]
    np.testing.assert_allclose(scores["penalty"], sum((k**2).sum() for k in kernels), rtol=1e-5)


def test_the_best_constant_answer(found, dataset):
    labels = np.eye(4)[answers(dataset.validation[:1300])["label"]]
    expected = ((labels - labels.mean(0)) ** 2).mean()
    assert found.constant_mse == pytest.approx(expected, rel=1e-5) and found.best_mse == 0
    assert found.counts.validation == 1300


def test_the_penalty_is_of_hidden_kernels_only(dataset):
    one, other = some_weights(8, 1, 8, 0), some_weights(8, 1, 8, 0)
    for name in ("hidden_1_bias", "output_kernel", "output_bias"):
        other[name] = other[name] + 1
    both = measured([one, other], [8, 8], dataset.test[:600], dataset.validation[:600])
    scores = both.statistics.scores
    assert scores["penalty"][0] == scores["penalty"][1] > 0
    assert scores["squared_error"][0] != scores["squared_error"][1]
