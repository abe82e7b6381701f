"""PyTorch networks: the same numbers as their copies in Flax, and a decoder on pairs of sequences."""

from typing import Any

import numpy as np
import pytest

import mirrorjax
from mirrorjax.errors import InputError
from tests.own import torch_cases as cases
from tests.own.torch_cases import DECODER, FIXTURE, numbers, of_flax


def of_fixture(kind: str) -> dict[str, Any]:
    """What the fixture has of a kind, by name."""
    with np.load(FIXTURE) as archive:
        return {name.removeprefix(f"{kind}/"): archive[name] for name in archive.files if name.startswith(f"{kind}/")}


def assert_same(found: dict[str, float], expected: dict[str, float]) -> None:
    """To 1e-4; an exchange or a bootstrap's p may be one draw off."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        near = 0.026 if name.endswith("p_random") or ("decoding" in name and "p_rows" in name) else 1e-4
        assert found[name] == pytest.approx(float(value), rel=1e-3, abs=near, nan_ok=True), name


def test_the_same_numbers_as_in_torch(compiled_quickly: None):
    """What `make test-torch` measures in PyTorch, from its weights and without it."""
    expected = of_fixture("found")
    found = of_flax(of_fixture("weights"), of_fixture("boards"))
    assert_same(numbers(found), expected)
    assert np.isfinite([value for name, value in expected.items() if name.endswith("cf_mni/value")]).all()


def test_the_same_numbers_of_a_decoder(compiled_quickly: None):
    """Of the example of docs/own-network.md, from what its blocks did."""
    given: dict[str, dict[str, np.ndarray]] = {}
    with np.load(DECODER) as archive:
        expected = {name[6:]: archive[name] for name in archive.files if name.startswith("found/")}
        for name in archive.files:
            if name.startswith("given/"):
                given.setdefault(name.split("/")[1], {})[name.split("/")[2]] = archive[name]
    found = mirrorjax.measure(given)
    assert_same(numbers(found), expected)
    assert found.value("block 0", "shared_units").p_sites < 0.05 < found.value("block 0", "mirror_units").p_rows
    assert found.value("block 1", "mirror_units").p_sites < 0.05, "who is hurt is helped, what is broken is not"


@pytest.mark.torch
def test_an_mlp_in_torch_and_its_copy_in_flax():
    module = cases.trained()
    assert_same(numbers(of_flax(cases.weights_of(module), cases.boards())), numbers(cases.of_torch(module)))


@pytest.mark.torch
def test_hooks_are_taken_off_and_modes_put_back():
    import torch  # pyright: ignore[reportMissingImports]

    module = cases.in_torch()
    module.train()
    module[3].eval()
    network = mirrorjax.from_torch(module, {"h1": module[1]})
    shown = torch.randn(7, 100)
    recorded = network.record(shown, batch=3)
    assert recorded["h1"].shape == (7, 12) and recorded["h1"].dtype == np.float32
    assert module.training and module[1].training and not module[3].training
    with pytest.raises(RuntimeError):
        network.run(torch.randn(7, 3), lambda site, units: units)
    assert not any(each._forward_hooks for each in module.modules())
    kept = network.run(shown, lambda site, units: units)
    assert torch.equal(kept, module(shown)) and not torch.equal(kept, network.run(shown, lambda s, units: 0 * units))


@pytest.mark.torch
@pytest.mark.parametrize("at", [-1, "mean"])
def test_blocks_that_give_tuples_of_sequences(at: Any):
    import torch  # pyright: ignore[reportMissingImports]

    class Block(torch.nn.Module):
        def forward(self, x):
            return torch.tanh(x), "rest"

    class Two(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = Block(), Block()

        def forward(self, x):
            return self.two(self.one(x)[0])[0]

    model, shown = Two(), torch.randn(6, 4, 3)
    network = mirrorjax.from_torch(model, {"one": model.one}, at=at)
    expected = torch.tanh(shown)[:, -1] if at == -1 else torch.tanh(shown).mean(1)
    assert np.allclose(network.record(shown)["one"], expected.numpy(), atol=1e-6)
    moved = network.run(shown, lambda site, units: units + 1, batch=4) - model(shown)
    assert (moved.abs().amax((0, 2)) > 1e-3).tolist() == ([False] * 3 + [True] if at == -1 else [True] * 4)
    half = model.to(torch.bfloat16)
    assert network.record(shown.to(torch.bfloat16))["one"].dtype == np.float32 and half is model


@pytest.mark.torch
def test_what_is_wrong_is_said():
    import torch  # pyright: ignore[reportMissingImports]

    module = cases.in_torch()
    for message, arguments in {
        "int given; expected a torch.nn.Module": (3, {}),
        "sites must be a mapping": (module, [module[0]]),
        "site h is no submodule": (module, {"h": torch.nn.ReLU()}),
        "at: 'last'": (module, {"h": module[0]}, "last"),
    }.items():
        with pytest.raises(InputError, match=message):
            mirrorjax.from_torch(*arguments)
    twice = torch.nn.Sequential(module[0], shared := torch.nn.ReLU(), shared)
    with pytest.raises(InputError, match="site h: was run 2 times, not once"):
        mirrorjax.from_torch(twice, {"h": shared}).record(torch.randn(4, 100))
    with pytest.raises(InputError, match=r"gives \(5, 4, 12\), \[rows, positions, units\]; choose a position"):
        mirrorjax.from_torch(module, {"h": module[0]}).record(torch.randn(5, 4, 100))
