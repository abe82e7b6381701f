"""The transformer: known answers, the last block's short cut, and what is exported, run again in NumPy."""

import json
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.game.observation import OWN_ENERGY
from mirrorjax.models.attention import Heads, attend, attend_from_last, mixed, normal, scored
from mirrorjax.models.base import Params, Site, Units
from mirrorjax.models.encoding import encoded
from mirrorjax.models.transformer import READ, TOKENS, Transformer
from mirrorjax.population.members import Member
from mirrorjax.results.network import TrainedNetwork
from mirrorjax.settings.allowed import validate
from mirrorjax.settings.axes import AxesConfig
from mirrorjax.settings.groups import ModelConfig
from mirrorjax.settings.schema import Config, PopulationConfig

pytestmark = pytest.mark.usefixtures("compiled_quickly")

SMALL, DEEP = (Transformer(width=5, depth=depth, d_model=4) for depth in (1, 2))
LAYOUTS = {  # d, H, L, ff, and parameters: 46d + L(4d² + 9d + 2d·ff + ff) + 6d + 4
    "tf_tiny": (12, 1, 1, 31, 2_087),
    "tf_small": (16, 2, 1, 73, 4_413),
    "tf_two": (16, 2, 2, 32, 5_284),
    "tf_medium": (32, 4, 1, 128, 14_372),
    "tf_large": (64, 4, 2, 256, 103_300),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_parameters(layout):
    d, heads, depth, width, parameters = layout
    network = Transformer(width=width, depth=depth, d_model=d, heads=heads)
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.int32(width))
    assert sum(each.size for each in shapes.values()) == parameters


def drawn(network: Transformer, seed: int = 0) -> Params:
    """Weights none of which is zero, nor a scale one."""
    shapes = jax.eval_shape(network.init, jax.random.key(0), jnp.int32(network.width))
    draw = np.random.default_rng(seed)
    size = {".w": 1.0}
    return {
        name: jnp.asarray(size.get(name[-2:], 0.0) + 0.4 * draw.normal(size=each.shape), jnp.float32)
        for name, each in shapes.items()
    }


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Six boards, the last one veiled."""
    draw = np.random.default_rng(1)
    rows = np.zeros((100, 6), np.float32)
    rows[:32], rows[64:96] = draw.integers(1, 3, (32, 6)), 3 * draw.integers(0, 2, (32, 6))
    for board in range(6):
        frog, toad = draw.choice(32, 2, replace=False)
        rows[32 + frog, board], rows[32 + toad, board] = (4, draw.choice([5, 9])) if board < 5 else (4.5, 4.5)
    rows[OWN_ENERGY] = draw.integers(0, 20, 6)
    return rows


RUN = jax.jit(lambda params, inputs: SMALL.run(params, inputs))


def test_without_places_no_permutation_of_the_cells_is_seen(pictures):
    params, order = drawn(SMALL), np.random.default_rng(2).permutation(32)
    moved = np.concatenate([*(pictures[start : start + 32][order] for start in (0, 32, 64)), pictures[96:]])
    placed = RUN(params, pictures).outputs
    assert np.abs(placed - RUN(params, moved).outputs).max() > 1e-3
    params["pos_embed.W_pos"] = jnp.zeros_like(params["pos_embed.W_pos"])
    np.testing.assert_allclose(RUN(params, pictures).outputs, RUN(params, moved).outputs, atol=1e-5)


def test_without_queries_and_keys_all_tokens_are_attended_to_alike(pictures):
    params = drawn(SMALL)
    for name in params:
        if name.endswith(("W_Q", "W_K", "b_Q")):
            params[name] = jnp.zeros_like(params[name])
    pattern = RUN(params, pictures).units["blocks.0.attn.hook_pattern"]
    np.testing.assert_allclose(pattern, np.full((2, TOKENS, 6), 1 / 33), rtol=1e-5)


def some_heads() -> tuple[Heads, jax.Array]:
    draw = np.random.default_rng(3)
    shapes = [(2, 4, 2)] * 3 + [(2, 2)] * 2
    made = [jnp.asarray(0.4 * draw.normal(size=shape), jnp.float32) for shape in shapes]  # what they give is of order 1
    return Heads(*made), jnp.asarray(draw.normal(size=(4, TOKENS, 3)), jnp.float32)


def test_the_last_token_alone_is_given_what_it_is_given_among_all():
    heads, tokens = some_heads()
    (every, looked), (last, at) = (jax.jit(each)(heads, tokens) for each in (attend, attend_from_last))
    np.testing.assert_allclose(last[:, :, 0], every[:, :, -1], rtol=0, atol=1e-6)
    np.testing.assert_allclose(at[:, 0], looked[:, -1], rtol=0, atol=1e-6)


def test_attention_and_norm_have_the_slopes_of_what_they_compute():
    """Against sums and means left to the compiler, whose derivatives are its own."""

    def plainly(heads: Heads, x: jax.Array) -> jax.Array:
        centred = x - x.mean(0, keepdims=True)
        x = centred / jnp.sqrt((centred**2).mean(0, keepdims=True) + 1e-5)
        q, k, v = (jnp.einsum("hdk,dtb->hktb", each, x) for each in (heads.W_Q, heads.W_K, heads.W_V))
        q, v = q + heads.b_Q[:, :, None, None], v + heads.b_V[:, :, None, None]
        pattern = jax.nn.softmax(jnp.einsum("hkib,hkjb->hijb", q, k) / np.sqrt(2), axis=2)
        return jnp.einsum("hijb,hkjb->hkib", pattern, v)

    heads, tokens = some_heads()
    weight = jnp.asarray(np.random.default_rng(4).normal(size=(2, 2, TOKENS, 3)), jnp.float32)
    ours, theirs = (
        jax.jit(jax.grad(lambda heads, x, of=of: jnp.sum(weight * of(heads, x)), (0, 1)))(heads, tokens)
        for of in (lambda heads, x: attend(heads, normal(x))[0], plainly)
    )
    for one, other in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


def test_queries_score_tokens_and_mix_them():
    draw = np.random.default_rng(5)
    u, x, p = (jnp.asarray(draw.normal(size=shape), jnp.float32) for shape in ((2, 4, 3), (4, 6, 3), (2, 6, 3)))
    scores, mixture = jax.jit(lambda u, x, p: (scored(u, x), mixed(p, x)))(u, x, p)
    np.testing.assert_allclose(scores, np.einsum("qfb,ftb->qtb", u, x), atol=1e-5)
    np.testing.assert_allclose(mixture, np.einsum("qtb,ftb->qfb", p, x), atol=1e-5)


def test_a_veiled_code_is_embedded_as_the_mean_of_two(pictures):
    params, veiled = drawn(SMALL), pictures[:, :1].copy()
    at = 32 + np.flatnonzero(veiled[32:64, 0])[0]
    shown, embedded = {}, jax.jit(SMALL._embedded)
    for code in (4, 4.5, 5):
        veiled[at] = code
        shown[code] = np.asarray(embedded(params, veiled))
    np.testing.assert_allclose(shown[4.5], (shown[4] + shown[5]) / 2, atol=1e-6)
    assert np.abs(shown[4] - shown[5]).max() > 0.01


def test_one_hot_codes_are_the_same_to_it(pictures):
    params, codes = drawn(SMALL), jax.jit(lambda pictures: encoded(pictures, "one_hot"))(pictures)
    told = jax.jit(replace(SMALL, inputs=len(codes))._embedded)(params, codes)
    np.testing.assert_array_equal(told, jax.jit(SMALL._embedded)(params, pictures))


def test_members_side_by_side_are_as_each_alone(pictures):
    members = [drawn(SMALL, seed) for seed in range(3)]
    stacked = jax.tree.map(lambda *each: jnp.stack(each), *members)
    together = jax.jit(jax.vmap(SMALL.run, (0, None)))(stacked, pictures).outputs
    for own, found in zip(members, together, strict=True):
        np.testing.assert_allclose(found, RUN(own, pictures).outputs, rtol=0, atol=1e-5)


def test_its_own_activations_in_their_own_place_change_nothing(pictures):
    network, params = replace(SMALL, signed=True), drawn(SMALL)
    own = jax.jit(network.run)(params, pictures)

    def instead(site: Site, units: Units) -> Units:
        return own.units[site.name]

    again = jax.jit(lambda params, inputs: network.run(params, inputs, instead))(params, pictures)
    np.testing.assert_allclose(again.outputs, own.outputs, rtol=0, atol=1e-6)
    kinds = {site.name.partition(".")[2].partition(".")[2]: site.kind for site in network.sites}
    assert kinds.pop("mlp.hook_post") == "rate" and set(kinds.values()) == {"signed"}


def test_a_unit_has_no_size_of_its_own(pictures):
    """Twice as strong, with half the weights behind it, it says the same."""
    params = drawn(SMALL)
    size = jnp.asarray([2, 0.5, 3, 1, 7], jnp.float32)
    sized = params | {
        "blocks.0.mlp.W_in": params["blocks.0.mlp.W_in"] * size[None],
        "blocks.0.mlp.b_in": params["blocks.0.mlp.b_in"] * size,
        "blocks.0.mlp.W_out": params["blocks.0.mlp.W_out"] / size[:, None],
    }
    np.testing.assert_allclose(RUN(sized, pictures).outputs, RUN(params, pictures).outputs, atol=1e-5)


def test_heads_divide_a_token():
    with pytest.raises(InputError, match=r"model\.d_model is 10; allowed: a multiple of model\.heads, 4"):
        Transformer(d_model=10, heads=4)


REFUSED = {
    "heads=4": ({"heads": 4}, r"model\.heads is 4: only model=transformer looks at it; allowed here: 2"),
    "odd": ({"name": "transformer", "d_model": 15}, r"model\.d_model is 15; allowed: a multiple of model\.heads, 2"),
    "permuted": (
        {"name": "transformer", "encoding": "permuted"},
        r"model\.encoding is permuted: model\.name is transformer, .*; allowed here: one_hot, ordinal",
    ),
}


@pytest.mark.parametrize(("model", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_together_is_refused(model, problem: str):
    with pytest.raises(InputError, match=problem):
        validate(Config(name="x", model=ModelConfig(**model)))


def test_a_mask_is_refused_where_it_is_an_axis_too():
    masks: Any = AxesConfig(mask=[1.0, 0.5])
    config = Config(name="x", model=ModelConfig(name="transformer"), population=PopulationConfig(axes=masks))
    with pytest.raises(
        InputError, match=r"regime\.mask is 0\.5: .*not told its symbol and column.*; allowed here: 1\.0"
    ):
        validate(config)


def in_numpy(w: dict[str, np.ndarray], picture: np.ndarray, depth: int) -> np.ndarray:
    """The four outputs for one picture [100], from an exported file: every token through every block."""

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * w[f"{name}.w"] + w[f"{name}.b"]

    ground, players, flies = picture[:32], picture[32:64], picture[64:96]
    shares = np.stack([np.maximum(0, 1 - np.abs(players - code)) for code in range(4, 10)], -1)
    shown = np.column_stack(
        [2 - ground, ground - 1, 1 - shares.sum(-1), shares, 1 - flies / 3, flies / 3],
    )
    stat = picture[97] / 20 * w["embed.W_stat"][0] + w["embed.b_stat"]
    x = np.concatenate([shown @ w["embed.W_E"], stat[None]]) + w["pos_embed.W_pos"]
    for block in (f"blocks.{number}" for number in range(depth)):
        n = norm(x, f"{block}.ln1")
        q, k, v = (
            np.einsum("td,hdk->htk", n, w[f"{block}.attn.W_{each}"]) + w[f"{block}.attn.b_{each}"][:, None]
            for each in "QKV"
        )
        scores = np.einsum("htk,hsk->hts", q, k) / np.sqrt(q.shape[-1])
        pattern = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        x = x + np.einsum("hts,hsk,hkd->td", pattern, v, w[f"{block}.attn.W_O"]) + w[f"{block}.attn.b_O"]
        post = np.maximum(norm(x, f"{block}.ln2") @ w[f"{block}.mlp.W_in"] + w[f"{block}.mlp.b_in"], 0)
        x = x + post @ w[f"{block}.mlp.W_out"] + w[f"{block}.mlp.b_out"]
    return norm(x, "ln_final")[-1] @ w["unembed.W_U"] + w["unembed.b_U"]


def test_an_exported_network_is_run_again_in_numpy(pictures, tmp_path):
    kind = Member(model="transformer", width=5, depth=2, d_model=4)
    params = {name: np.asarray(value) for name, value in drawn(DEEP).items()}
    network = TrainedNetwork("0123456789abcdef", vars(kind), params)
    with np.load(network.save(tmp_path / "network.npz")) as file:
        exported = dict(file)
    assert json.loads(str(exported.pop("settings")))["d_model"] == 4
    exported.pop("member_id")
    assert exported["blocks.1.attn.W_Q"].shape == (2, 4, 2) and exported["blocks.1.attn.W_O"].shape == (2, 2, 4)
    # a bias of keys moves all scores alike: whatever it is, outputs are the same
    wide = {name: value.astype(float) for name, value in exported.items()}
    found = network.run(pictures)
    for board in range(6):
        np.testing.assert_allclose(found[:, board], in_numpy(wide, pictures[:, board], 2), rtol=0, atol=1e-5)


def test_outputs_are_read_where_it_says(pictures):
    params, read = drawn(SMALL), SMALL.read_out
    shown = RUN(params, pictures)
    assert read.of.name == READ and params[read.kernel].shape == (read.of.size, 4)
    outputs = np.asarray(params[read.kernel]).T @ shown.units[READ] + np.asarray(params[read.bias])[:, None]
    np.testing.assert_allclose(shown.outputs, outputs, atol=1e-5)
    other = read.params(jnp.ones((4, 4)), jnp.zeros(4))
    np.testing.assert_allclose(
        RUN(params | other, pictures).outputs, np.tile(shown.units[READ].sum(0), (4, 1)), atol=1e-5
    )
