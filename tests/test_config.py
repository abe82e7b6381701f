"""The schema: what is allowed, what each wrong value is told, when is measured, and who the members are."""

import math
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from mirrorjax.errors import InputError
from mirrorjax.launch.compose import compose
from mirrorjax.launch.hydra_application import data_folder
from mirrorjax.population.axes import members
from mirrorjax.population.members import _text, identity
from mirrorjax.settings.allowed import check_writable, texts, validate
from mirrorjax.settings.axes import AxesConfig
from mirrorjax.settings.schema import (
    MEMBER,
    PATHS,
    Config,
    DatasetConfig,
    MeasurementConfig,
    RegimeConfig,
    RuntimeConfig,
    checkpoints,
    units_at,
)

TEXTS = list(
    texts(
        Config(
            name="x",
            extend="x",
            dataset=DatasetConfig(cache="x"),
            measurement=MeasurementConfig(null_cache="x"),
            regime=RegimeConfig(finetunes="x", partner_results="x"),
            runtime=RuntimeConfig(compile_cache="x"),
        )
    )
)
EXPERIMENTS = sorted(file.stem for file in (data_folder("sweeps") / "experiment").glob("*.yaml"))


def config_with(**settings: Any) -> Config:
    """The defaults with some settings changed, `model__width=3` for model.width."""
    config = Config(name="test")
    for name, value in settings.items():
        *groups, field = name.split("__")
        part: Any = config
        for group in groups:
            part = getattr(part, group)
        assert hasattr(part, field)
        setattr(part, field, value)
    return config


def test_the_defaults_are_allowed():
    validate(config_with())


@pytest.mark.parametrize("size", ["small", pytest.param("large", marks=pytest.mark.slow)])
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_composes_and_is_allowed(experiment: str, size: str):
    asked = compose("mirrorjax sweep", [f"experiment={experiment}", f"size={size}"])
    assert asked is not None, "and is allowed"
    assert {job.config.name for job in asked.jobs} == {experiment}
    assert all(len(members(job.config)) >= 8 for job in asked.jobs)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model__width": -3}, "model.width is -3; allowed: from 1 to 4096"),
        ({"model__width": 0}, "model.width is 0; allowed: from 1 to 4096"),
        ({"model__depth": 33}, "model.depth is 33; allowed: from 1 to 32"),
        ({"model__dropout": 1.0}, "model.dropout is 1.0; allowed: at least 0 and below 1"),
        ({"model__name": "cnn"}, "model.name is 'cnn'; allowed: mlp"),
        ({"model__activation": "sin"}, "model.activation is 'sin'; allowed: relu, tanh, gelu, identity"),
        ({"optimizer__learning_rate": 0.0}, "optimizer.learning_rate is 0.0; allowed: above 0"),
        ({"optimizer__learning_rate": math.nan}, "optimizer.learning_rate is nan; allowed: above 0"),
        ({"optimizer__batch_size": 0}, "optimizer.batch_size is 0; allowed: from 1 to 16384"),
        ({"verbosity": "loud"}, "verbosity is 'loud'; allowed: quiet, normal, debug"),
        (
            {"runtime__distributed__coordinator": "host:1"},
            "runtime.distributed has auto False, coordinator host:1, processes None, process None; allowed: auto alone",
        ),
        (
            {"runtime__distributed__auto": True, "runtime__distributed__process": 0},
            "runtime.distributed has auto True, coordinator None, processes None, process 0; allowed: auto alone,",
        ),
        (
            {
                "runtime__distributed__coordinator": "host",
                "runtime__distributed__processes": 2,
                "runtime__distributed__process": 1,
            },
            "runtime.distributed.coordinator is 'host'; allowed: host:port of process 0",
        ),
        (
            {
                "runtime__distributed__coordinator": "host:1",
                "runtime__distributed__processes": 2,
                "runtime__distributed__process": 2,
            },
            "runtime.distributed.process is 2; allowed: from 0 to 1",
        ),
        ({"game__players": "frogs"}, "game.players is 'frogs'; allowed: frog_hops, both_random"),
        ({"dataset__split": "random"}, "dataset.split is 'random'; allowed: by_board, paper_leak"),
        ({"population__seeds": 0}, "population.seeds is 0; allowed: from 1 to 1e+06"),
        (
            {"population__seeds": 300_000, "population__axes__width": [5, 8, 17, 24]},
            "population has 4 combinations × 300,000 seeds, 1,200,000 networks; allowed: at most 1,000,000, here "
            "population.seeds=250000; more are another population",
        ),
        ({"tracker__project": "a/b"}, "tracker.project is 'a/b'; W&B allows none of"),
        ({"tracker__tags": ["a", ""]}, "tracker.tags is empty; give it a value, or leave it out"),
        ({"results_dir": ""}, "results_dir is empty; give it a value, or leave it out"),
        ({"dataset__cache": "a" * 300}, "dataset.cache is aaaaaaaaaaaaaaaaaaaa…, 300 characters; allowed: 4,095 bytes"),
        ({"population__data_order": "mine"}, "population.data_order is 'mine'; allowed: own, shared"),
        (
            {"optimizer__learning_rate": 1e3},
            "regime.epochs is 50: less than one step at a learning rate of 1000; allowed: at least 1627.6, or 0",
        ),
        ({"regime__epochs": math.inf}, "regime.epochs is inf; allowed: from 0 to 1e+06"),
        ({"regime__patience": 0.0}, "regime.patience is 0.0; allowed: above 0"),
        ({"measurement__every": 0.0}, "measurement.every is 0.0; allowed: above 0"),
        ({"measurement__every": 1e-6}, "measurement.every is 1e-06; allowed: at least 0.005, for 10,000 checkpoints"),
        ({"measurement__at": [51.0]}, "measurement.at names epoch 51; allowed: from 0 to regime.epochs, 50"),
        ({"measurement__units_at": [-1.0]}, "measurement.units_at names epoch -1; allowed: from 0 to regime.epochs"),
        ({"measurement__test_rows": 100_001}, "measurement.test_rows is 100,001; allowed: at most dataset.test_rows"),
        ({"tracker__mode": "on"}, "tracker.mode is 'on'; allowed: null, online, offline, disabled"),
        ({"runtime__platform": "tpuv5"}, "runtime.platform is 'tpuv5'; allowed: cpu, gpu, tpu"),
        ({"runtime__devices": 0}, "runtime.devices is 0; allowed: from 1 to 65536"),
        ({"population__axes__width": []}, "population.axes.width is an empty list; leave it out, or give it values"),
        ({"population__axes__width": [5, -3]}, "population.axes.width is -3; allowed: from 1 to 4096"),
        ({"population__axes__width": [5, 8, 5]}, "population.axes.width names a value twice: [5, 8, 5]"),
        ({"population__axes__learning_rate": [1e-4, 0.0001]}, "population.axes.learning_rate names a value twice"),
        ({"population__axes__learning_rate": [0.0]}, "population.axes.learning_rate is 0.0; allowed: above 0"),
        ({"population__axes__activation": ["relu", "sin"]}, "population.axes.activation is 'sin'; allowed: relu, tanh"),
        ({"optimizer__learning_rate": 1e-10}, "regime.epochs is 50: 307,200,000,000 steps of 25 rows"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(settings: dict[str, Any], message: str):
    with pytest.raises(InputError) as error:
        validate(config_with(**settings))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_all_wrong_values_are_named_at_once():
    with pytest.raises(InputError) as error:
        validate(config_with(model__width=-3, population__axes__depth=[], game__players="x"))
    assert [line.split(" is ")[0] for line in str(error.value).splitlines()] == [
        *("game.players", "model.width", "population.axes.depth")
    ]


def test_no_dropout_and_no_l2_are_allowed():
    validate(config_with(model__dropout=0.0, regime__l2=0.0, population__axes__dropout=[0.0, 0.5]))


def test_every_setting_of_a_path_is_known_as_one():
    ends = ("_dir", "cache", "extend", "finetunes", "_results")
    assert {name for name, _ in TEXTS if name.endswith(ends)} == set(PATHS)


def test_a_million_networks_are_checked_without_making_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mirrorjax.settings.grid.each_combination", lambda *groups: pytest.fail("made"))
    steps = [number / 100 for number in range(100)]
    validate(
        config_with(
            population__seeds=1,
            population__axes__width=list(range(1, 101)),
            population__axes__l2=steps,
            population__axes__dropout=steps,
        )
    )


def test_networks_that_differ_in_seeds_alone_are_named_by_one_text():
    found = members(config_with(population__seeds=1000, population__axes__width=[5, 8]))
    _text.cache_clear()
    assert len({identity(member, "0123456789abcdef") for member in found}) == 2000
    assert _text.cache_info().misses == 2


def test_a_folder_below_a_file_cannot_be_written(tmp_path: Path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match=rf"^results_dir: {file}/a/b cannot be written, {file} is a file; name "):
        check_writable("results_dir", file / "a" / "b")
    check_writable("results_dir", tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == [file], "nothing is made"


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "read_only"
    folder.mkdir(mode=0o500)
    yield folder
    folder.chmod(0o700)


def test_a_folder_in_one_that_is_read_only_cannot_be_written(read_only: Path, monkeypatch: pytest.MonkeyPatch):
    def access(path: Path, mode: int) -> bool:  # as for all but root, who may write there
        return path.exists() and (mode == os.F_OK or path != read_only)

    monkeypatch.setattr("os.access", access)
    with pytest.raises(InputError, match=rf"{read_only} allows no writing"):
        check_writable("dataset.cache", read_only / "a")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"regime__epochs": 3.0}, (0, 1, 2, 3)),
        ({"regime__epochs": 2.5}, (0, 1, 2, 2.5)),
        ({"regime__epochs": 0.0}, (0,)),
        ({"regime__epochs": 1.0, "measurement__every": 0.25}, (0, 0.25, 0.5, 0.75, 1)),
        ({"regime__epochs": 1.0, "measurement__every": 7.0}, (0, 1)),
        ({"regime__epochs": 9.0, "measurement__at": [4.0, 2.0, 2.0, 9.0, 0.0]}, (0, 2, 4, 9)),
        ({"regime__epochs": 9.0, "measurement__at": []}, (0, 9)),
    ],
)
def test_checkpoints(settings: dict[str, Any], expected: tuple[float, ...]):
    assert checkpoints(config_with(**settings)) == expected


def test_ten_checkpoints_an_epoch_are_where_they_should_be():
    found = checkpoints(config_with(regime__epochs=50.0, measurement__every=0.1))
    assert len(found) == 501
    assert found == pytest.approx([i / 10 for i in range(501)], rel=1e-12)


@pytest.mark.parametrize(
    ("wanted", "expected"), [([], (10,)), ([7.2], (7, 10)), ([0.0, 10.0], (0, 10)), ([3.4, 2.6], (3, 10))]
)
def test_units_at_the_nearest_checkpoints_and_the_end(wanted: list[float], expected: tuple[float, ...]):
    assert units_at(config_with(regime__epochs=10.0, measurement__units_at=wanted)) == expected


def test_members_are_all_combinations_the_seed_fastest():
    config = config_with(
        population__seeds=2,
        population__first_seed=5,
        population__axes__width=[8, 5],
        population__axes__dropout=[0.0, 0.1, 0.2],
        model__depth=3,
        regime__l2=0.5,
    )
    found = [(member.width, member.dropout, member.seed) for member in members(config)]
    assert found == [(width, dropout, seed) for width in (8, 5) for dropout in (0.0, 0.1, 0.2) for seed in (5, 6)]
    assert {(m.depth, m.l2, m.activation, m.batch_size, m.learning_rate) for m in members(config)} == {
        (3, 0.5, "relu", 25, 4e-6)
    }


def test_every_axis_reaches_the_members():
    values = {
        "width": [3, 4],
        "depth": [1, 2],
        "activation": ["relu", "tanh"],
        "learning_rate": [1e-4, 2e-4],
        "dropout": [0.0, 0.3],
        "l2": [0.0, 0.02],
        "batch_size": [7, 25],
        "congruence": [0.0, 0.5],
        "dependency": [1.0, 0.5],
        "edge": [1.0, 0.0],
        "veil_symbol": [0.0, 0.5],
        "veil_role": [0.0, 1.0],
        "mask": [1.0, 0.5],
        "skies": [6, 1],
        "shuffled": [0.0, 1.0],
        "alignment": [0.0, 0.1],
        "temperature": [0.1, 0.2],
        "observe": [1.0, 0.5],
        "positives": ["same", "shuffled"],
        "dose": [1.25, 1.5],
        "veil_neurons": [0.0, 0.5],
        "neurons": [1000, 100],
        "overlap": [0.0, 0.1],
        "overlap_from": [0.0, 1.0],
        "pair": ["seat", "distress"],
        "distance": ["nmse", "mse"],
        "layers": ["last", "all"],
        "watched_share": [1.0, 0.5],
        "watch": ["swapped", "as_played"],
        "energy": ["watched", "own"],
        "encoder": ["shared", "apart"],
        "objective": ["next", "random"],
        "predicted": ["board", "board_and_energy"],
        "context_share": [0.2, 0.4],
        "plasticity": ["gradient", "hebbian"],
        "homeostasis": ["none", "episode"],
        "partner": ["random", "hop"],
        "reward": ["score", "homeostatic"],
        "reward_sharing": [0.0, 0.5],
        "weight_empathy": [0.0, 0.5],
        "score_weight": [1.0, 0.0],
        "partner_energy": ["unseen", "seen"],
        "discount": [0.99, 0.9],
        "entropy_bonus": [0.01, 0.1],
        "anneal": [0.0, 2.0],
        "parallel_games": [64, 4],
        "horizon": [64, 8],
        "update_epochs": [4, 1],
        "minibatches": [4, 1],
        "rationality": [2.0, 0.5],
        "turns_of": ["givers", "chain"],
        "coupling": [1.0, 2.0],
        "detuning": [1.0, 2.0],
        "phase_lag": [1.0, 0.0],
        "giving": ["reciprocal", "blind"],
        "gives_below": [6, 2],
        "gives_share": [0.35, 0.25],
        "areas": ["shared", "apart"],
        "knows": ["belief", "told"],
        "encoding": ["ordinal", "one_hot"],
        "d_model": [16, 32],
        "heads": [2, 4],
        "obstacle_rate": [0.075, 0.05],
        "obstacle_width": [4, 2],
        "scroll": [1.0, 0.5],
        "fly_probability": [0.01, 0.0],
        "help_leap_probability": [0.25, 0.5],
        "boards": [None, 1000],
        "data_seed": [0, 1],
    }
    assert [axis.name for axis in fields(AxesConfig)] == list(values)
    for axis, given in values.items():
        group = MEMBER[axis].key.partition(".")[0] if MEMBER[axis].of else "regime"
        whose = {f"{group}__name": MEMBER[axis].of or "supervised"}
        config = config_with(population__seeds=1, **whose, **{f"population__axes__{axis}": given})
        validate(config)
        assert [getattr(member, axis) for member in members(config)] == given
    few = dict(list(values.items())[:10])
    everything = config_with(population__seeds=3, **{f"population__axes__{axis}": v for axis, v in few.items()})
    assert len(set(members(everything))) == 3 * 2**10


def test_shared_data_order_reaches_the_members():
    config = config_with(population__seeds=3, population__data_order="shared")
    assert {member.resolved().order_seed for member in members(config)} == {0}
