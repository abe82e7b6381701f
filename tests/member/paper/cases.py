"""A small dataset, networks with planted units, and what a member's analysis should be."""

import functools
from typing import Any

import numpy as np

from mirrorjax.dataset.build import Dataset
from mirrorjax.game.observation import OBSERVATION_SIZE
from mirrorjax.game.state import Action
from mirrorjax.member.paper.analysis import Analysis, analyse_on
from mirrorjax.results.network import TrainedNetwork
from mirrorjax.settings.schema import Config, MeasurementConfig
from tests.datasets import FEW_TEST_ROWS, built
from tests.measurement.cases import some_weights

CONFIG = Config(name="small", measurement=MeasurementConfig(boards=256, rescue_boards=64))
MIRROR, SUPPRESSED, TWIN, DEAD, NOISE = range(5)
PLAYERS, FLIES = slice(32, 64), slice(64, 96)  # of a picture; players sum to 9, with Frog in distress 14, Toad 13


def dataset() -> Dataset:
    return built(FEW_TEST_ROWS)


def settings(width: int, depth: int) -> dict[str, Any]:
    return {
        "member_id": "0123456789abcdef", "seed": 3, "regime": "supervised", "model": "mlp", "activation": "relu",
        "width": width, "depth": depth, "learning_rate": 1e-4, "l2": 0.0, "congruence": 0.0, "batch_size": 25,
        "dropout": 0.0, "data_order": "own", "parameters": 0,
    }  # fmt: skip


def planted() -> TrainedNetwork:
    """Five units a layer. First: one follows the players' symbols, one their negative, a twin, a dead one, noise.

    All but the dead one vary with the sky too. The second layer's first unit sums the mirror units and asks for help,
    beyond 2; the others are random, and hardly heard.
    """
    params = some_weights(5, 2, 5, seed=1)
    first, bias = np.zeros((5, OBSERVATION_SIZE), np.float32), np.zeros(5, np.float32)
    first[[MIRROR, TWIN], PLAYERS], bias[[MIRROR, TWIN]] = 1, -8
    first[SUPPRESSED, PLAYERS], bias[SUPPRESSED] = -1, 20
    bias[DEAD] = -1
    first[NOISE, FLIES] = 1
    first[[MIRROR, SUPPRESSED, TWIN], FLIES] = 0.1
    params |= {"hidden_1_kernel": first, "hidden_1_bias": bias}
    params["hidden_2_kernel"][0] = [0.5, 0, 0.25, 0, 0]
    params["output_kernel"] *= 1e-3
    params["output_bias"] = np.array([2, 0, 0, 0], np.float32)
    params["output_kernel"][Action.HELP, 0] = 1
    return TrainedNetwork("0123456789abcdef", settings(5, 2), params)


def random_network(depth: int) -> TrainedNetwork:
    return TrainedNetwork("0123456789abcdef", settings(4, depth), some_weights(4, depth, 4, seed=depth))


@functools.cache
def analysis_of_planted() -> Analysis:
    return analyse_on(planted(), CONFIG, dataset())


@functools.cache
def analysis_of_random(depth: int) -> Analysis:
    return analyse_on(random_network(depth), CONFIG, dataset())
