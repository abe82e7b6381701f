"""KL divergences of fifty-bin histograms against numpy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.measurement.histograms import BINS, PAIRS, PSEUDO_COUNT, divergences, histograms
from mirrorjax.measurement.stream import PIECE, MeasuredRows, measured_rows
from mirrorjax.models.mlp import MLP
from tests.measurement.cases import Plain, in_union
from tests.measurement.conftest import WIDTHS
from tests.networks import probe_of

_jitted = jax.jit(lambda probe, rows: divergences(histograms(probe, rows)))


def _divergences(params, width: int, rows: MeasuredRows):
    return _jitted(probe_of(params, MLP(width=24, depth=2), width), rows)


def own_units(found: dict, width: int) -> dict[str, np.ndarray]:
    """Without padding."""
    exists = np.concatenate([np.arange(24) < width, np.arange(24) < width, np.ones(4, bool)])
    return {name: np.asarray(value)[exists] for name, value in found.items()}


def by_numpy(full: Plain, pair: tuple[str, str]) -> np.ndarray:
    """D(p ‖ q) in nats per unit; bins over the range of all test rows, half a count more in each."""
    result = []
    for values in full.units.T:

        def density(name, values=values):
            count, _ = np.histogram(values[full.masks[name]], bins=50, range=(values.min(), values.max()))
            return (count + 0.5) / (count + 0.5).sum()

        p, q = (density(name) for name in pair)
        result.append(np.sum(p * np.log(p / q)))
    return np.array(result)


def test_constants():
    assert (BINS, PSEUDO_COUNT) == (50, 0.5)
    assert {"none", "frog", "toad", "both"} >= {name for pair in PAIRS.values() for name in pair}
    assert all(f"kl_{p}_{q}" == name for name, (p, q) in PAIRS.items()) and len(PAIRS) == 4


@pytest.mark.parametrize("member", [1, 2])
def test_divergences_against_numpy(networks, dataset, on_test, member):
    """Seen: 2e-7. A row at the edge of a bin may fall to its other side in float32: one such moves a unit by 1e-3."""
    rows, _ = measured_rows(dataset.test, dataset.validation[:600])
    found = own_units(_divergences(networks[member], WIDTHS[member], rows), WIDTHS[member])
    full = on_test[member]
    assert found.keys() == PAIRS.keys()
    for name, pair in PAIRS.items():
        expected = by_numpy(full, pair)
        off = np.abs(found[name] - expected)
        assert (off < 2e-6).mean() > 0.9 and off.max() < 2e-3, name
        assert expected.max() > 0.1  # something to measure


def test_of_equal_distributions_is_zero(networks, dataset):
    """The same rows as every scenario: exactly zero. Dead and constant units too."""
    piece = dataset.test[:PIECE]
    test = jnp.asarray(np.stack([piece] * 4))
    group = jnp.asarray(np.repeat([0, 1, 3, 5], PIECE).reshape(4, PIECE), jnp.int32)
    rows = MeasuredRows(
        test=test, first_piece=jnp.asarray([0, 1, 2, 2, 3, 3, 4]), group=group, truth=jnp.zeros_like(group),
        held=None,
    )  # fmt: skip
    for number, width in enumerate(WIDTHS):
        found = _divergences(networks[number], width, rows)
        assert all((np.asarray(value) == 0).all() for value in found.values())


def test_dead_units_and_padding_have_none(networks, dataset):
    """A unit that is the same in all rows has all of them in one bin; only the pseudo-counts' weight is left."""
    rows, counts = measured_rows(dataset.test, dataset.validation[:600])
    found = _divergences(networks[0], 17, rows)
    for name, (p, q) in PAIRS.items():
        n, m = in_union(counts, p), in_union(counts, q)
        ends = [(n + 0.5) / (n + 25), (m + 0.5) / (m + 25)]
        rest = [0.5 / (n + 25), 0.5 / (m + 25)]
        expected = ends[0] * np.log(ends[0] / ends[1]) + 49 * rest[0] * np.log(rest[0] / rest[1])
        for unit in (2, 3, 20):  # dead, constant, padding
            assert float(found[name][unit]) == pytest.approx(expected, abs=1e-5)
