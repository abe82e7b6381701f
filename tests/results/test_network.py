"""A member as a network: the forward pass of training, its activations, and its export."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from safetensors import safe_open

from mirrorjax.dataset.row import features
from mirrorjax.errors import InputError
from mirrorjax.member.policy import member_policy
from mirrorjax.models.base import Params
from mirrorjax.models.mlp import MLP
from mirrorjax.regimes.supervised import Supervised
from mirrorjax.results.find import find_network, how_it_ended
from mirrorjax.results.network import TrainedNetwork
from mirrorjax.results.read import Results
from mirrorjax.results.store import Store
from tests.tracking.cases import ids, member_columns, record_columns

REGIME = Supervised(MLP(width=6, depth=3, activation="tanh"))
ROWS = np.array([[0, 15 | 16 << 5], [1 << 15, 15 | 20 << 5 | 3 << 13 | 2 << 17], [7, 31 | 2 << 5 | 9 << 13]], np.uint32)


@jax.jit
def _initial(seed: jax.Array) -> Params:
    return REGIME.network.init(jax.random.key(seed), jnp.int32(6))


def weights(seed: int) -> dict[str, np.ndarray]:
    """With biases, so that a bias that is lost is seen."""
    params = _initial(seed)
    random = np.random.default_rng(seed)
    return {
        name: np.asarray(value) + (0.3 * random.normal(size=value.shape).astype(np.float32) if "bias" in name else 0)
        for name, value in params.items()
    }


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Three members with weights; the highest CMNI is the second's, and the third has diverged."""
    store = Store.create(tmp_path / "sweep" / "aaaa")
    store.write_manifest({"status": "done"})
    columns = member_columns(3) | {"width": np.full(3, 6), "depth": np.full(3, 3), "activation": ["tanh"] * 3}
    store.write_members(columns)
    store.write_records(0, record_columns(3, 0) | {"cmni": np.array([0.9, 0.1, 0.1])})
    store.write_records(1, record_columns(3, 100) | {"cmni": np.array([0.001, 0.002, 0.5])})
    stacked = {f"mlp/{name}": np.stack([weights(seed)[name] for seed in range(3)]) for name in weights(0)}
    store.write_weights(stacked, {"members": {id: {"group": "mlp", "row": row} for row, id in enumerate(ids(3))}})
    store.mark_done()
    return tmp_path / "sweep"


@pytest.fixture
def network(results: Path) -> TrainedNetwork:
    (population,) = Results.open(results).populations
    return population.member(ids(3)[1][:8])


def test_a_member_is_what_was_stored(network: TrainedNetwork):
    assert network.member_id == ids(3)[1]
    assert network.settings["depth"] == 3 and network.settings["seed"] == 1
    assert network.regime == REGIME
    assert all(np.array_equal(network.params[name], value) for name, value in weights(1).items())
    assert network.describe() == f"{ids(3)[1]}: 3×6, rate 0.0001, seed 1"


def test_it_runs_as_in_training(network: TrainedNetwork):
    pictures = jax.jit(jax.vmap(features, out_axes=-1))(jnp.asarray(ROWS))
    shown = jax.jit(REGIME.network.run)(weights(1), pictures)
    own_outputs, own_hidden = network.run_with_activations(ROWS)
    assert own_outputs.shape == (4, 3) and own_hidden.shape == (18, 3)
    assert np.abs(np.diff(own_outputs, axis=1)).min() > 1e-4, "the rows are different ones"
    # compiled as a whole, products may be fused otherwise than one by one
    np.testing.assert_allclose(own_outputs, shown.outputs, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(own_hidden, np.concatenate([*shown.units.values()]), rtol=1e-5, atol=1e-6)


def test_rows_and_their_pictures_are_the_same(network: TrainedNetwork):
    pictures = np.asarray(jax.jit(jax.vmap(features, out_axes=-1))(jnp.asarray(ROWS)))
    for given in (pictures, pictures.astype(np.int8), pictures.astype(np.float64)):
        assert np.array_equal(network.run(given), network.run(ROWS))
    outputs, hidden = network.run_with_activations(pictures[:, 1])
    assert outputs.shape == (4,) and hidden.shape == (18,)
    np.testing.assert_allclose(outputs, network.run(ROWS)[:, 1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "boards",
    [np.zeros((3, 100)), np.zeros((100, 2, 2)), np.zeros((100, 2), np.uint32)[:, :1], np.full(100, "x"), np.zeros(99)],
    ids=["transposed", "three axes", "uint32 pictures", "text", "99 numbers"],
)
def test_other_arrays_are_refused(network: TrainedNetwork, boards: np.ndarray):
    with pytest.raises(InputError, match=r"boards: an array \[.*\] of .*; allowed: pictures \[100\]"):
        network.run(boards)


def test_export_to_safetensors(network: TrainedNetwork, tmp_path: Path):
    path = network.save(tmp_path / "member.safetensors")
    with safe_open(path, framework="numpy") as file:
        names = file.keys()
        stored = {name: file.get_tensor(name) for name in names}
        about = file.metadata()
    assert set(stored) == set(network.params)
    assert all(
        np.array_equal(stored[name], value) and stored[name].dtype == np.float32
        for name, value in network.params.items()
    )
    assert json.loads(about["settings"]) == network.settings and about["member_id"] == network.member_id


def test_export_to_npz_has_no_pickle(network: TrainedNetwork, tmp_path: Path):
    path = network.save(str(tmp_path / "member.npz"))
    with np.load(path, allow_pickle=False) as file:
        assert set(file.files) == {*network.params, "settings", "member_id"}
        assert all(np.array_equal(file[name], value) for name, value in network.params.items())
        assert json.loads(str(file["settings"])) == network.settings
    assert [found.name for found in tmp_path.iterdir() if found.is_file()] == ["member.npz"]


@pytest.mark.parametrize("name", ["member.pt", "member", "member.npz.gz"])
def test_other_suffixes_are_refused(network: TrainedNetwork, tmp_path: Path, name: str):
    with pytest.raises(InputError, match=r"path: .*; allowed: .safetensors, .npz"):
        network.save(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_folder_that_is_not_there_is_an_input_error(network: TrainedNetwork, tmp_path: Path):
    with pytest.raises(InputError, match="cannot be written"):
        network.save(tmp_path / "nowhere" / "member.npz")


def test_the_default_member_has_the_highest_last_cmni_of_those_that_did_not_diverge(results: Path):
    assert find_network(results)[1].member_id == ids(3)[1]
    assert find_network(results, ids(3)[0])[1].member_id == ids(3)[0]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (["diverged"] * 3, r"sweep: all 3 networks have diverged; --member ID takes one all the same$"),
        (["diverged"] * 2 + ["training"], r"sweep: 2 of 3 networks have diverged, and no other has a CMNI; --member"),
    ],
)
def test_where_all_have_diverged_it_is_said(results: Path, status: list[str], said: str):
    columns = record_columns(3, 200) | {"status": status, "cmni": np.full(3, np.nan)}
    Store(results / "aaaa").write_records(2, columns)
    with pytest.raises(InputError, match=said):
        find_network(results)
    population, network = find_network(results, ids(3)[0])
    assert how_it_ended(population, network.member_id).startswith("It has diverged, at epoch ")


def test_of_a_network_that_has_not_diverged_nothing_is_said(results: Path):
    assert how_it_ended(*(lambda found: (found[0], found[1].member_id))(find_network(results))) == ""


def test_an_unfinished_population_has_no_default(results: Path):
    (results / "aaaa" / "DONE").unlink()
    with pytest.raises(InputError, match="no finished population with records"):
        find_network(results)


def test_what_is_not_there_is_named(results: Path):
    with pytest.raises(InputError, match="member zz: none in"):
        Results.open(results).populations[0].member("zz")
    (results / "aaaa" / "weights.safetensors").unlink()
    with pytest.raises(InputError, match="no final weights"):
        find_network(results, ids(3)[0])


def test_a_member_plays(results: Path):
    policy = member_policy(results)
    outputs, hidden = policy.run(np.ones(100, np.float32))
    assert outputs.shape == (4,) and [layer.shape for layer in hidden] == [(6,)] * 3
    assert np.array_equal(np.concatenate(hidden), policy.network.run_with_activations(np.ones(100))[1])
    assert policy.describe() == policy.network.describe()
