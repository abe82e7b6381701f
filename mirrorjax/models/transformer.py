"""A transformer over the cells of a picture: pre-LN blocks without a mask, read out at the token of one's own state.

Tokens are the 32 cells and, last, the *stat* token, which is told the energy. A cell embeds its ground, player and
flies by weights: a veiled code between two symbols is the mean of both. Parameters, and what is shown, have the names
of TransformerLens, parameters its shapes too. Units, and whatever else is shown, are those of the stat token.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float32, Int32

from mirrorjax.errors import InputError
from mirrorjax.game.observation import OBSERVATION_SIZE, OWN_ENERGY, OWN_SYMBOL
from mirrorjax.game.state import WIDTH
from mirrorjax.models.attention import Heads, Tokens, affine, attend, attend_from_last, behind_norm, linear, normal
from mirrorjax.models.base import Edit, Params, ReadOut, Shown, Site, Units, along_batch, keep
from mirrorjax.models.encoding import ENCODINGS, encoded
from mirrorjax.models.mlp import ACTIVATIONS, glorot_rows, parameter_key

TOKENS = WIDTH + 1  # the cells, and the stat token behind them
FULL = 20.0  # the energy that the stat token is told as 1
EMBEDDED = 11  # rows of W_E: flat, rough; nobody, the six symbols; no fly, a fly
UNITS = "mlp.hook_post"
PLACES = ("attn.hook_z", "hook_resid_mid", UNITS, "hook_resid_post")  # of a block, in causal order
READ = "ln_final.hook_normalized"
_FEATURES = 8  # of a cell, as `one_hot` has them: rough, the six symbols, a fly


@dataclass(frozen=True)
class Transformer:
    """`depth` blocks of attention and MLP, and a linear layer of the last LayerNorm.

    Features come first and the batch last, as in `MLP`: tokens are [d, tokens, batch].
    """

    settings: ClassVar[tuple[str, ...]] = ("width", "depth", "activation", "d_model", "heads")

    width: int = 73  # units of each block's MLP as compiled, the true ones and the padding
    depth: int = 1  # blocks
    activation: str = "relu"  # a name in ACTIVATIONS
    d_model: int = 16  # numbers of a token
    heads: int = 2
    inputs: int = OBSERVATION_SIZE  # numbers that it is given: the paper's codes, or one-hot ones
    outputs: int = 4
    signed: bool = False  # whether what heads give and the residual stream are sites too

    def __post_init__(self):
        if self.d_model % self.heads:
            raise InputError(f"model.d_model is {self.d_model}; allowed: a multiple of model.heads, {self.heads}")

    def __str__(self) -> str:
        shape = f"depth {self.depth}, width {self.width}, {self.activation}"
        return f"transformer, {shape}, d_model {self.d_model}, heads {self.heads}"

    @property
    def sites(self) -> tuple[Site, ...]:
        """The units of each block's MLP; with `signed` also what its heads give, and the stream behind each part."""
        places = PLACES if self.signed else (UNITS,)
        return tuple(self._site(number, place) for number in range(self.depth) for place in places)

    def _site(self, block: int, place: str) -> Site:
        name = f"blocks.{block}.{place}"
        return Site(name, self.width) if place == UNITS else Site(name, self.d_model, "signed", padded=False)

    @property
    def homogeneous(self) -> bool:
        """LayerNorm takes the size out of what it is given."""
        return False

    @property
    def held(self) -> int:
        """Numbers of an example that a run holds: its tokens, and what all blocks but the last make of each of them."""
        of_block = TOKENS * (3 * self.d_model + self.width) + self.heads * TOKENS**2
        return 3 * TOKENS * self.d_model + (self.depth - 1) * of_block

    @property
    def read_out(self) -> ReadOut:
        """The outputs are a linear layer of the last LayerNorm, not of any site."""
        read = Site(READ, self.d_model, "signed", padded=False)
        return ReadOut("unembed.W_U", "unembed.b_U", read, inputs_first=True)

    def init(self, key: jax.Array, width: Int32[Array, ""]) -> Params:
        """Embeddings of variance 1/d, Glorot-uniform matrices of the true fans, LayerNorm 1 and 0, no biases.

        Embeddings are drawn uniformly: normal numbers are not the same to the last bit on all machines.
        """
        params: Params = {}
        for number, (name, sides) in enumerate(self._matrices(), 1):
            fans = [jnp.int32(width if side is None else side) for side in sides]
            rows, columns = (self.width if side is None else side for side in sides)
            embeds = name.startswith(("embed", "pos_embed"))
            limit = jnp.sqrt(3 / self.d_model if embeds else 6 / (fans[0] + fans[1]).astype(jnp.float32))
            matrix = glorot_rows(parameter_key(key, number), rows, columns, limit)
            own = (jnp.arange(rows)[:, None] < fans[0]) & (jnp.arange(columns)[None, :] < fans[1])
            params[name] = self._of_heads(name, jnp.where(own, matrix, 0.0))
        return params | {name: jnp.full(shape, 1.0 if ".w" in name else 0.0) for name, shape in self._vectors()}

    def run(self, params: Params, inputs: Float32[Array, "inputs ..."], edit: Edit = keep) -> Shown:
        """One example [inputs] or a batch [inputs, batch].

        By name it shows all PLACES of a block [units, batch], where heads look, `blocks.N.attn.hook_pattern` [heads,
        tokens, batch], and what the outputs are read from, READ [d, batch].
        """
        sites, units = {site.name: site for site in self.sites}, {}

        def at(name: str, x: Units) -> Units:
            """Tokens [units, tokens, batch], as the rest of the network sees them: the last one may be edited."""
            if name not in sites:
                units[name] = x[:, -1]
                return x
            units[name] = edit(sites[name], x[:, -1])
            return jnp.concatenate([x[:, :-1], units[name][:, None]], axis=1)

        x = self._embedded(params, inputs)
        for number in range(self.depth):
            with jax.named_scope(f"blocks.{number}"):  # the names are for profiles
                x = self._block(params, number, x, at)
        read = normal(x[:, -1])
        units[READ] = read * along_batch(params["ln_final.w"], read) + along_batch(params["ln_final.b"], read)
        return Shown(outputs=affine(params["unembed.W_U"], params["unembed.b_U"], units[READ]), units=units)

    def _embedded(self, params: Params, inputs: Float32[Array, "inputs ..."]) -> Tokens:
        """Each cell by what is on it and where it is, and the stat token by the energy."""
        shown = inputs if self.inputs == ENCODINGS["one_hot"].size else encoded(inputs, "one_hot")
        cells, energy = shown[: _FEATURES * WIDTH], shown[_FEATURES * WIDTH + OWN_ENERGY - OWN_SYMBOL]
        features = cells.reshape(_FEATURES, WIDTH, *inputs.shape[1:])
        ground, players, flies = (params["embed.W_E"][first:end] for first, end in ((0, 2), (2, 9), (9, EMBEDDED)))
        changes = jnp.concatenate([each[1:] - each[:1] for each in (ground, players, flies)])  # from an empty cell
        place = params["pos_embed.W_pos"][:WIDTH].T + (ground[0] + players[0] + flies[0])[:, None]
        stat = params["embed.b_stat"] + params["pos_embed.W_pos"][WIDTH]
        at_cells = linear(changes, features) + jnp.expand_dims(place, tuple(range(2, features.ndim)))
        at_stat = affine(params["embed.W_stat"], stat, energy[None] / FULL)
        return jnp.concatenate([at_cells, at_stat[:, None]], axis=1)

    def _block(self, params: Params, number: int, x: Tokens, at: Callable[[str, Units], Units]) -> Tokens:
        """The stream behind a block; behind the last one that of the stat token alone, which is all that is read."""
        name = f"blocks.{number}"
        own = {key.removeprefix(f"{name}."): value for key, value in params.items() if key.startswith(f"{name}.")}
        is_last = number == self.depth - 1
        z, pattern = (attend_from_last if is_last else attend)(_heads(own), normal(x))
        at(f"{name}.attn.hook_pattern", pattern)
        z = at(f"{name}.attn.hook_z", z.reshape(self.d_model, *z.shape[2:]))
        given = affine(own["attn.W_O"].reshape(self.d_model, self.d_model), own["attn.b_O"], z)
        x = at(f"{name}.hook_resid_mid", (x[:, -1:] if is_last else x) + given)
        to_units = behind_norm(own["mlp.W_in"], own["mlp.b_in"], own["ln2.w"], own["ln2.b"])
        post = at(f"{name}.{UNITS}", ACTIVATIONS[self.activation](affine(*to_units, normal(x))))
        return at(f"{name}.hook_resid_post", x + affine(own["mlp.W_out"], own["mlp.b_out"], post))

    def decayed(self, params: Params) -> list[jax.Array]:
        """The kernels into the units, as of `MLP`: a penalty on attention would have it collapse."""
        return [params[f"blocks.{number}.mlp.W_in"] for number in range(self.depth)]

    def norms(self, params: Params) -> dict[str, Float32[Array, ""]]:
        """Frobenius norms of the kernels into the units, and into the outputs."""
        kernels = {f"layer_{number}": kernel for number, kernel in enumerate(self.decayed(params), 1)}
        kernels["output"] = params["unembed.W_U"]
        return {name: jnp.sqrt(jnp.sum(kernel**2)) for name, kernel in kernels.items()}

    def _matrices(self) -> Iterator[tuple[str, tuple[int | None, int | None]]]:
        """Rows and columns of each, as it is drawn; None is the member's own width."""
        d = self.d_model
        yield "embed.W_E", (EMBEDDED, d)
        yield "embed.W_stat", (1, d)
        yield "pos_embed.W_pos", (TOKENS, d)
        for number in range(self.depth):
            yield from ((f"blocks.{number}.attn.{each}", (d, d)) for each in ("W_Q", "W_K", "W_V", "W_O"))
            yield f"blocks.{number}.mlp.W_in", (d, None)
            yield f"blocks.{number}.mlp.W_out", (None, d)
        yield "unembed.W_U", (d, self.outputs)

    def _vectors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Shapes of the biases, and of the scales and shifts of LayerNorm."""
        d, of_head = self.d_model, (self.heads, self.d_model // self.heads)
        norms = [f"blocks.{number}.{each}" for number in range(self.depth) for each in ("ln1", "ln2")]
        yield "embed.b_stat", (d,)
        yield from ((f"{each}.{part}", (d,)) for each in (*norms, "ln_final") for part in ("w", "b"))
        for block in (f"blocks.{number}" for number in range(self.depth)):
            yield from ((f"{block}.attn.{each}", of_head) for each in ("b_Q", "b_K", "b_V"))
            yield from ((f"{block}.{each}", (d,)) for each in ("attn.b_O", "mlp.b_out"))
            yield f"{block}.mlp.b_in", (self.width,)
        yield "unembed.b_U", (self.outputs,)

    def _of_heads(self, name: str, matrix: Float32[Array, "rows columns"]) -> jax.Array:
        """W_Q, W_K and W_V [heads, d, d_head], W_O [heads, d_head, d], others as they are."""
        d, heads = self.d_model, self.heads
        if name.endswith(("W_Q", "W_K", "W_V")):
            return matrix.reshape(d, heads, d // heads).transpose(1, 0, 2)
        return matrix.reshape(heads, d // heads, d) if name.endswith("W_O") else matrix


def _heads(own: Params) -> Heads:
    """Those of a block, of tokens that are normal: scale and shift of its first LayerNorm are in them."""
    norm = own["ln1.w"], own["ln1.b"]
    maps = jax.vmap(behind_norm, (0, 0, None, None))
    (w_q, b_q), (w_v, b_v) = (maps(own[f"attn.W_{each}"], own[f"attn.b_{each}"], *norm) for each in "QV")
    return Heads(w_q, own["attn.W_K"] * norm[0][None, :, None], w_v, b_q, b_v)
