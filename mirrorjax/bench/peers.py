"""The same training by other means, where they are installed (extra `bench`): Keras' own loop, and PyTorch's vmap."""

import itertools
import os
import time
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from mirrorjax.bench.timing import Figure, rate, seconds
from mirrorjax.bench.workload import HEADLINE, flops_a_step
from mirrorjax.machine.runtime import Device

ROWS = 50_000
_UNIT = "model-steps/s"


def _inputs() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    labels = np.eye(4, dtype=np.float32)[random.integers(0, 4, ROWS)]
    return random.integers(0, 10, (ROWS, 100)).astype(np.float32), labels


def keras(devices: list[Device]) -> list[Figure]:
    """Plain `fit` of one model, as the published code trains, and the same tuned (compiled, 100 steps a call)."""
    if find_spec("keras") is None:
        return []
    backend = "tensorflow" if find_spec("tensorflow") else "jax"
    os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    library = import_module("keras")

    inputs, labels = _inputs()
    flops, batch = flops_a_step(HEADLINE), HEADLINE.batch_size
    figures = []
    for name, options in (("plain fit", {}), ("tuned fit", {"jit_compile": True, "steps_per_execution": 100})):
        penalty = library.regularizers.L2(HEADLINE.l2)
        layers: list = [library.Input((100,))]
        for _ in range(HEADLINE.depth):
            dense = library.layers.Dense(HEADLINE.width, activation="relu", kernel_regularizer=penalty)
            layers += [dense, library.layers.Dropout(HEADLINE.dropout)]
        model = library.Sequential([*layers, library.layers.Dense(4)])
        model.compile(library.optimizers.Adam(HEADLINE.learning_rate), "mse", **options)

        def fit(model=model) -> None:
            model.fit(inputs, labels, batch_size=batch, epochs=1, verbose=0)

        spent = seconds(fit, repeats=3)
        figures.append(rate(f"Keras ({backend}), {name}", ROWS // batch, spent, _UNIT, flops, members=1))
    return figures


def torch(devices: list[Device]) -> list[Figure]:
    """`torch.func.vmap` of gradient and Adam over stacked members, each with rows of its own."""
    if find_spec("torch") is None:
        return []
    library, transforms = import_module("torch"), import_module("torch.func")

    gpu = devices[0].platform == "gpu" and library.cuda.is_available()
    place = library.device("cuda" if gpu else "cpu")
    if not gpu:
        library.set_num_threads(1)
    inputs, labels = (library.from_numpy(array).to(place) for array in _inputs())
    nn, batch = library.nn, HEADLINE.batch_size
    sizes = [100, *[HEADLINE.width] * HEADLINE.depth]

    def network():
        layers = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.ReLU(), nn.Dropout(HEADLINE.dropout)]
        return nn.Sequential(*layers, nn.Linear(sizes[-1], 4)).to(place)

    flops, figures = flops_a_step(HEADLINE), []
    for members in (1, 128, 1024):
        base = network()
        params, _ = transforms.stack_module_state([network() for _ in range(members)])
        params = {name: value.detach() for name, value in params.items()}
        mean, square = ({name: library.zeros_like(value) for name, value in params.items()} for _ in range(2))

        def loss(params, x, y, base=base):
            error = ((transforms.functional_call(base, params, (x,)) - y) ** 2).mean()
            hidden = (p for p in params.values() if p.ndim == 2 and p.shape[0] == HEADLINE.width)
            return error + HEADLINE.l2 * sum((p * p).sum() for p in hidden)

        slopes = transforms.vmap(transforms.grad(loss), randomness="different")

        def steps(count: int, params=params, mean=mean, square=square, members=members, slopes=slopes) -> None:
            for step in range(1, count + 1):
                rows = library.randint(ROWS, (members, batch), device=place)
                slope = slopes(params, inputs[rows], labels[rows])
                rate_now = HEADLINE.learning_rate * (1 - 0.999**step) ** 0.5 / (1 - 0.9**step)
                for name, value in slope.items():
                    mean[name].lerp_(value, 0.1)
                    square[name].mul_(0.999).addcmul_(value, value, value=0.001)
                    params[name].sub_(rate_now * mean[name] / (square[name].sqrt() + 1e-7))
            if gpu:
                library.cuda.synchronize()

        steps(2)
        start = time.perf_counter()
        steps(4)
        count = max(4, round(4 / (time.perf_counter() - start)))
        spent = seconds(lambda count=count, steps=steps: steps(count), repeats=3)
        figures.append(rate(f"PyTorch vmap, {members:,}", members * count, spent, _UNIT, flops, members=members))
    return figures
