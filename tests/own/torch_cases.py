"""A small MLP of PyTorch trained on rows of mirrorjax, and its copy in Flax; `python -m tests.own.torch_cases` makes
the fixture that stands in for PyTorch where it is not installed: its weights, the boards, and what was measured."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen

import mirrorjax
from mirrorjax.dataset.build import answers
from mirrorjax.dataset.matched import matched_boards
from mirrorjax.measurement.probe import pictures_of
from mirrorjax.own.found import Findings
from tests.datasets import FEW_TEST_ROWS, built

FIXTURE = Path(__file__).parents[1] / "data" / "own_network.npz"
DECODER = Path(__file__).parents[1] / "data" / "own_decoder.npz"
PAGE = Path(__file__).parents[2] / "docs" / "own-network.md"
OF = {"none": "x0", "self": "xF", "other": "xT", "object": "xO", "object_baseline": "xO0"}
WIDTHS, BOARDS = (12, 12), 256
LAYERS = ("h1", "h2", "out")
Weights = dict[str, np.ndarray]


def boards() -> dict[str, np.ndarray]:
    """Pictures [boards, 100] by condition."""
    by_name = matched_boards(built(FEW_TEST_ROWS).holdout, BOARDS).by_condition
    return {name: np.ascontiguousarray(by_name[own].T) for name, own in OF.items()}


def rows() -> tuple[np.ndarray, np.ndarray]:
    """Training rows as a user exports them: pictures float32 [rows, 100] and labels [rows]."""
    words = built(FEW_TEST_ROWS).train[:8_192]
    return np.asarray(pictures_of(jnp.asarray(words))).T, answers(words)["label"].astype(np.int64)


def in_torch() -> Any:
    """The module, untrained."""
    import torch  # pyright: ignore[reportMissingImports]

    torch.manual_seed(0)
    sizes = (100, *WIDTHS, 4)
    layers = [torch.nn.Linear(one, other) for one, other in pairwise(sizes)]
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def trained() -> Any:
    """The module after some epochs."""
    import torch  # pyright: ignore[reportMissingImports]

    module, (shown, labels) = in_torch(), rows()
    optimizer = torch.optim.Adam(module.parameters(), lr=3e-3)
    for epoch in range(6):
        for part in np.random.default_rng(epoch).permutation(len(shown)).reshape(-1, 256):
            optimizer.zero_grad()
            given = torch.as_tensor(shown[part])
            torch.nn.functional.cross_entropy(module(given), torch.as_tensor(labels[part])).backward()
            optimizer.step()
    return module


def weights_of(module: Any) -> Weights:
    """Kernels [inputs, units] and biases, as Flax has them."""
    linear = [module[place] for place in (0, 2, 4)]
    found = {f"{name}/kernel": each.weight.detach().numpy().T for name, each in zip(LAYERS, linear, strict=True)}
    return found | {f"{name}/bias": each.bias.detach().numpy() for name, each in zip(LAYERS, linear, strict=True)}


class Rectified(linen.Module):
    """A layer of rates: what a site is."""

    units: int

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(linen.Dense(self.units, name="dense")(x))


class Copy(linen.Module):
    """The same network in Flax."""

    @linen.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for name, units in zip(LAYERS, WIDTHS, strict=False):
            x = Rectified(units, name=name)(x)
        return linen.Dense(4, name="out")(x)


def in_flax(weights: Weights) -> Any:
    """The Flax copy as a network that is measured."""
    params: dict[str, Any] = {}
    for name in LAYERS:
        own = {part: jnp.asarray(weights[f"{name}/{part}"]) for part in ("kernel", "bias")}
        params[name] = own if name == "out" else {"dense": own}
    return mirrorjax.from_flax(Copy(), {"params": params}, {"h1": "h1", "h2": "h2"})


def measured(network: Any, shown: dict[str, Any], asks_help: Any) -> Findings:
    """All that can be measured of it, help being what it does."""
    return mirrorjax.measure(None, asks_help, network, stimuli=shown, draws=39, random_sets=19)


def numbers(found: Findings) -> dict[str, float]:
    """Values, bounds and p of every row, by name."""
    names = ("value", "low", "high", "p_rows", "p_random")
    return {f"{row.site}/{row.measure}/{name}": getattr(row, name) for row in found.rows for name in names}


def of_torch(module: Any) -> Findings:
    """Measured in PyTorch."""
    import torch  # pyright: ignore[reportMissingImports]

    network = mirrorjax.from_torch(module, {"h1": module[1], "h2": module[3]}, batch=100)
    shown = {name: torch.as_tensor(pictures, dtype=torch.float32) for name, pictures in boards().items()}
    return measured(network, shown, lambda y: y[:, 3])


def of_flax(weights: Weights, pictures: dict[str, np.ndarray]) -> Findings:
    """Measured in Flax."""
    shown = {name: jnp.asarray(each, jnp.float32) for name, each in pictures.items()}
    return measured(in_flax(weights), shown, lambda y: y[:, 3])


def decoder() -> dict[str, Any]:
    """What the example of a decoder in docs/own-network.md leaves: `found`, `model` and the rest."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(next(block for block in blocks if "transformers" in block), PAGE.name, "exec"), names)
    return names


def of_rows(found: Findings) -> dict[str, float]:
    """The numbers that need no network that runs."""
    return numbers(replace(found, caused=()))


def write_decoder() -> None:
    """Writes the decoder's activations, and what is measured of them."""
    found = decoder()["found"]
    given = {f"given/{name}/{site}": each for site, of in found.given.sites.items() for name, each in of.items()}
    expected: dict[str, Any] = {f"found/{name}": np.float64(value) for name, value in of_rows(found).items()}
    np.savez_compressed(DECODER, **given, **expected)


def main() -> None:
    """Writes the fixtures."""
    write_decoder()
    module = trained()
    found = {f"found/{name}": np.float64(value) for name, value in numbers(of_torch(module)).items()}
    shown = {f"boards/{name}": pictures for name, pictures in boards().items()}
    weights = {f"weights/{name}": value for name, value in weights_of(module).items()}
    np.savez_compressed(FIXTURE, **found, **shown, **weights)  # pyright: ignore[reportArgumentType]


if __name__ == "__main__":
    main()
