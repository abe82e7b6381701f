"""Whether a map factors, against planted maps."""

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.statistics.separability import Separability, default_names, of_counts

F, G = np.linspace(0.2, 0.95, 6), np.linspace(0.15, 1, 5)
MAPS = {
    "constant": np.full((6, 5), 0.4),
    "f only": np.repeat(F[:, None], 5, axis=1),
    "g only": np.repeat(G[None], 6, axis=0),
    "f times g": np.outer(F, G),
    "full": 0.1 + 0.8 * (np.add.outer(F, G) > 1.2),
}


def counted(shares: np.ndarray, networks: int, seed: int = 0, draws: int = 400) -> Separability:
    trials = np.full(shares.shape, networks)
    return of_counts(np.random.default_rng(seed).binomial(trials, shares), trials, draws=draws)


@pytest.mark.parametrize("name", MAPS)
def test_planted_maps(name):
    """The planted form is beaten by little at most, and by none with fewer parameters."""
    found = counted(MAPS[name], 256)
    aic = {each.name: each.aic for each in found.candidates}
    assert list(aic) == list(MAPS)
    simpler = [each for each in found.candidates if each.aic < aic[name]]
    parameters = {each.name: each.parameters for each in found.candidates}
    assert parameters == {"constant": 1, "f only": 6, "g only": 5, "f times g": 10, "full": 30}
    assert all(aic[name] - each.aic < 4 and each.parameters > parameters[name] for each in simpler)
    if name == "full":
        assert found.best == "full" and found.interaction_p == pytest.approx(1 / 401)
        assert found.rank_one_share.high < found.share_if_product.low
    else:
        assert found.interaction_p > 0.01
        assert found.rank_one_share.high == 1.0
        assert found.share_if_product.low <= found.rank_one_share.value <= found.share_if_product.high


def test_factors_of_a_product():
    found = counted(MAPS["f times g"], 4096)
    np.testing.assert_allclose(found.f, F, atol=0.03)
    np.testing.assert_allclose(found.g, G / G.max(), atol=0.03)


@pytest.mark.statistical
def test_level_of_the_interaction_test():
    """Exactly products are refused at the test's level, and the share's interval holds the share of 1."""
    repeats = 40
    found = [counted(np.outer(F[::2], G[::2]), 16, seed, draws=99) for seed in range(repeats)]
    refused = sum(each.interaction_p < 0.2 for each in found)
    assert abs(refused / repeats - 0.2) < 4 * np.sqrt(0.2 * 0.8 / repeats)
    assert np.mean([each.rank_one_share.high >= 0.999 for each in found]) > 0.8
    # what a rank-1 map shows with this noise is less than 1, and the maps' own values lie where it says
    inside = [each.share_if_product.holds(each.rank_one_share.value) for each in found]
    assert np.mean(inside) > 0.95 - 4 * np.sqrt(0.95 * 0.05 / repeats)


def test_rank_one_share_of_a_known_map():
    found = counted(np.array([[0.6, 0.0], [0.0, 0.2]]), 4096)
    assert found.rank_one_share.value == pytest.approx(0.9, abs=0.02)
    assert found.rank_one_share.low < 0.9 < found.rank_one_share.high
    assert found.interaction_p == pytest.approx(1 / 401)


def test_shares_of_nought_and_one_and_names():
    successes = np.array([[0, 0, 0], [0, 0, 0], [0, 8, 8]])
    names = ("constant", "g without I", "g without D", "product of D and I", "full")
    found = of_counts(successes, np.full((3, 3), 8), names)
    assert [each.name for each in found.candidates] == list(names)
    assert all(np.isfinite(each.log_likelihood) for each in found.candidates)
    assert found.best == "product of D and I" and found.interaction_p > 0.5
    nothing = of_counts(np.zeros((3, 3)), np.full((3, 3), 8), default_names("D", "I"))
    assert nothing.best == "constant" and nothing.candidates[1].name == "D only"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: of_counts(np.zeros((1, 3)), np.ones((1, 3))), "map"),
        (lambda: of_counts(np.zeros((2, 3)), np.zeros((2, 3))), "trials"),
        (lambda: of_counts(np.full((2, 3), 2), np.ones((2, 3))), "successes"),
        (lambda: of_counts(np.zeros((2, 3)), np.ones((2, 3)), ["a"]), "names"),
    ],
)
def test_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
