"""Encodings lose nothing of a picture, and only the ordinal one is what the paper has."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.game.state import Symbol
from mirrorjax.models import network_of
from mirrorjax.models.encoding import ENCODINGS, encoded
from mirrorjax.population.members import Member
from mirrorjax.population.plan import program_of
from mirrorjax.training.memory import own_size

pytestmark = pytest.mark.usefixtures("compiled_quickly")


@pytest.fixture
def pictures() -> np.ndarray:
    """Fifty boards [100, 50] with players, one of them veiled."""
    random = np.random.default_rng(0)
    found = np.zeros((100, 50), np.float32)
    found[:32] = random.integers(1, 3, (32, 50))
    found[32:64] = random.choice([0, 4, 4.5, *range(5, 10)], (32, 50))
    found[64:96] = 3 * random.integers(0, 2, (32, 50))
    found[97] = random.integers(0, 19, 50)
    return found


def test_ordinal_is_the_picture(pictures: np.ndarray):
    assert np.array_equal(encoded(jnp.asarray(pictures), "ordinal"), pictures)


def test_permuted_exchanges_the_codes_of_players(pictures: np.ndarray):
    found = np.asarray(encoded(jnp.asarray(pictures), "permuted"))
    rest = np.delete(np.arange(100), np.arange(32, 64))
    assert np.array_equal(found[rest], pictures[rest])
    pairs = {(float(a), float(b)) for a, b in zip(pictures[32:64].ravel(), found[32:64].ravel(), strict=True)}
    whole = {a: b for a, b in pairs if a == int(a)}
    assert len(pairs) == len(whole) + 1 == 8 and sorted(whole) == sorted(whole.values()) == [
        0,
        *map(int, sorted(Symbol)),
    ]
    assert all(a != b for a, b in whole.items() if a)
    assert dict(pairs)[4.5] == (whole[4] + whole[5]) / 2


def test_one_hot_can_be_read_back(pictures: np.ndarray):
    found = np.asarray(encoded(jnp.asarray(pictures), "one_hot"))
    assert len(found) == ENCODINGS["one_hot"].size == 260
    ground, codes, flies, own = found[:32], found[32:224].reshape(6, 32, 50), found[224:256], found[256:]
    assert np.array_equal(ground + 1, pictures[:32]) and np.array_equal(3 * flies, pictures[64:96])
    assert np.array_equal(np.einsum("kcb,k->cb", codes, np.arange(4, 10)), pictures[32:64])
    veiled = pictures[32:64] == 4.5
    assert (codes[:2, veiled] == 0.5).all() and set(np.unique(codes[:, ~veiled])) == {0.0, 1.0}
    assert np.array_equal(own, pictures[96:])


@pytest.mark.parametrize("name", list(ENCODINGS))
def test_a_network_has_as_many_inputs(name: str):
    member = Member(encoding=name)
    params = jax.jit(network_of(member).init)(jax.random.key(0), 17)
    assert params["hidden_1_kernel"].shape == (17, ENCODINGS[name].size)
    assert own_size(program_of(member), member.width)[1] == sum(value.size for value in params.values())
