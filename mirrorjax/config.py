"""The configuration's schema: every setting, its type and its default. What is allowed of each is in `allowed.py`.

Hydra's YAML files only override what stands here. Nothing heavy is imported: `--help` and `--cfg job` stay quick.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.combinations import AXES, GroupConfig, combinations
from mirrorjax.errors import InputError

PAPER_EPOCH = 0.6144  # lr · steps: 153,600 steps at 4e-6; a unit of time, never a pass over the data


@dataclass
class GameConfig:
    """Who plays, and the numbers of the game."""

    players: str = "frog_hops"  # frog_hops: the published data; both_random: the paper's text
    obstacle_rate: float = 0.075  # the most obstacles a new tile
    obstacle_width: int = 4  # the most rough tiles of an obstacle
    scroll: float = 1.0  # D by the camera: how far it follows the other player, 1 as far as the own one (0: not at all)


@dataclass
class DatasetConfig:
    """How much is played, and how the rows are split."""

    turns: int = 7_000_000  # of both players together, after the burn-in
    games: int = 1024  # played side by side
    burn_in: int = 2048  # rounds before the first snapshot
    split: str = "by_board"  # or paper_leak: test rows are trained on, as published
    test_rows: int = 100_000
    seed: int = 0
    boards: int | None = None  # different boards that are trained on; null: all
    cache: str | None = None  # folder of built datasets; null: $MIRRORJAX_CACHE, else the user's cache folder


@dataclass
class ModelConfig:
    """The network of every member, where no axis says otherwise."""

    name: str = "mlp"
    width: int = 17  # units of each hidden layer
    depth: int = 2  # hidden layers
    activation: str = "relu"
    dropout: float = 0.12
    encoding: str = "ordinal"  # of pictures: the paper's codes; or one_hot, permuted


@dataclass
class OptimizerConfig:
    """Adam."""

    learning_rate: float = 4e-6
    batch_size: int = 25


@dataclass
class PopulationConfig(GroupConfig):
    """The members: every combination of the axes, with every seed."""

    union: list[GroupConfig] = field(default_factory=list)  # one after the other, each crossed with all of the above
    seeds: int = 32
    first_seed: int = 0
    data_order: str = "own"  # or shared: one order of rows for all, faster; seeds then share that noise


@dataclass
class RegimeConfig:
    """How members learn, and for how long, in paper epochs (lr · steps / .6144)."""

    name: str = "supervised"
    epochs: float = 50.0
    patience: float | None = None  # paper epochs without a better validation loss; null: nobody stops early
    l2: float = 0.01  # factor of the squared hidden kernels
    congruence: float = 0.0  # C: share of the boards on which anybody's distress makes help right (0: the paper)
    dependency: float = 1.0  # D: weight of the rule; the rest is that of one who never sees Toad in distress (1: paper)
    edge: float = 1.0  # 1: help is right at the right edge, whoever is in distress (1: paper); 0: it is not
    veil_symbol: float = 0.0  # I: share of the rows that do not show who is who (0: paper)
    veil_role: float = 0.0  # I: twice the share of the rows that are Toad's seat, with no cue to it (0: paper)
    mask: float = 1.0  # share of the rows that do not give the own symbol and column apart (1: paper)
    skies: int = 6  # S: patterns of flies (6: paper)
    shuffled: float = 0.0  # share of the training rows whose answer has nothing to do with them (0: the paper)


@dataclass
class MeasurementConfig:
    """When members are measured, in paper epochs, and on how many rows. 0 (untrained) and the end are always in."""

    every: float = 1.0
    at: list[float] | None = None  # instead of `every`
    units_at: list[float] = field(default_factory=list)  # checkpoints with a table of units; the end always has one
    test_rows: int | None = None  # null: all
    validation_rows: int | None = 100_000
    boards: int = 1024  # matched boards for the calibrated measures; 0: these are left out
    rescue_boards: int = 256  # more of them, with Frog at columns 26 to 30
    null_seeds: int = 1000  # untrained networks of each architecture, measured once and kept; 0: no z, no verdicts
    null_cache: str | None = None  # folder of measured nulls; null: beside the datasets
    causes_seeds: int | None = 8  # seeds of each combination whose units are ablated and patched; null: all


@dataclass
class TrackerConfig:
    """Weights & Biases: one run a population."""

    mode: str | None = None  # online, offline, disabled; null: WANDB_MODE, else online only if a key is there
    project: str | None = None  # null: WANDB_PROJECT, else mirrorjax
    entity: str | None = None  # user or team; null: WANDB_ENTITY, else W&B's default
    tags: list[str] = field(default_factory=list)  # none: WANDB_TAGS


@dataclass
class DistributedConfig:
    """Several processes, on one machine or more, that train one population together; by default one process does."""

    auto: bool = False  # ask SLURM, a TPU pod or submitit who the others are
    coordinator: str | None = None  # else: host:port of process 0,
    processes: int | None = None  # how many there are,
    process: int | None = None  # and which one this is, from 0


@dataclass
class RuntimeConfig:
    """The machine. Only `block` and `precision` may move the last bits of a result."""

    platform: str = "cpu"
    devices: int | None = None  # of each process; null: all; on a CPU one a core
    block: int | None = None  # members one device trains side by side; null: 16 on a CPU, else all that share a program
    precision: str = "highest"  # of matrix products
    profile: bool = False  # trace one chunk of training and print its dearest operations
    compile_cache: str | None = None  # folder; null: beside the datasets
    distributed: DistributedConfig = field(default_factory=DistributedConfig)
    checkpoint_seconds: float | None = 60.0  # between two saves; 0: after each chunk; null: only before a stop
    keep_state: bool = False  # of a finished population; else its last state is removed
    memory_budget: float | None = None  # GiB, of each accelerator or the machine's own; null: most of what is free


@dataclass
class Config:
    """One population: what `mirrorjax sweep` trains in one job."""

    name: str = MISSING  # of the experiment
    results_dir: str = "results"
    report: bool = True  # write report.html when the sweep is done
    size: str = "small"
    game: GameConfig = field(default_factory=GameConfig)
    dataset: DatasetConfig = field(default_factory=DatasetConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    population: PopulationConfig = field(default_factory=PopulationConfig)
    regime: RegimeConfig = field(default_factory=RegimeConfig)
    measurement: MeasurementConfig = field(default_factory=MeasurementConfig)
    tracker: TrackerConfig = field(default_factory=TrackerConfig)
    runtime: RuntimeConfig = field(default_factory=RuntimeConfig)
    verbosity: str = "normal"  # of what is shown: quiet (warnings alone), normal, debug; log.jsonl has everything
    extend: str | None = None  # folder of a sweep: train only the members that it lacks, and put them there
    refine: int = 0  # rounds after the population: more networks where the boundary's band is widest; 0: none
    refine_width: float = 0.2  # of the band of P: no wider one anywhere, and refinement ends
    refine_networks: int | None = None  # most of them that all rounds add; null: as many as the population has


# What no result depends on, and no folder's name either.
RUN_ONLY = (
    "results_dir", "report", "extend", "verbosity", "tracker", "dataset.cache", "measurement.null_cache",
    "refine", "refine_width", "refine_networks",
    "runtime.platform", "runtime.devices", "runtime.compile_cache", "runtime.distributed", "runtime.profile",
    "runtime.checkpoint_seconds", "runtime.keep_state", "runtime.memory_budget",
)  # fmt: skip


# of folders; `~` is written out in them
PATHS = ("results_dir", "extend", "dataset.cache", "measurement.null_cache", "runtime.compile_cache")


def stored(config: Mapping[str, Any]) -> Config:
    """The configuration that a results folder kept, as plain containers; settings that it lacks have their defaults.

    Its texts are data: `${…}` in one is not looked up, whether somebody wrote it there or a variable held it.

    Raises:
        InputError: it is none of ours.
    """
    try:
        found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config(name="")), literal(config)))
    except (OmegaConfBaseException, ValueError) as error:
        raise InputError(f"config.yaml: {str(error).splitlines()[0]}") from error
    assert isinstance(found, Config)
    return found


def literal(value: Any) -> Any:
    """The same, nested or not, with texts that OmegaConf takes as they are: `${` escaped, and each `\\` before it."""
    if isinstance(value, Mapping):
        return {name: literal(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [literal(inner) for inner in value]
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value


def value_of(config: Any, name: str) -> Any:
    """Of a setting, by its dotted name."""
    for part in name.split("."):
        config = getattr(config, part)
    return config


def settings(config: Config) -> dict[str, Any]:
    """The value of each axis where nothing varies it."""
    return {axis: value_of(config, setting) for axis, setting in AXES.items()}


def varied(config: Config) -> list[dict[str, Any]]:
    """All settings of every combination of the axes, by axis; a population has each with every seed."""
    return [{**settings(config), **each} for each in combinations(config.population, config.population.union)]


def checkpoints(config: Config) -> tuple[float, ...]:
    """The epochs at which members are measured, in order, with 0 and the end."""
    end = config.regime.epochs
    if config.measurement.at is not None:
        inner = list(config.measurement.at)
    else:
        inner = [config.measurement.every * i for i in range(1, int(end / config.measurement.every) + 1)]
    return tuple(sorted({0.0, *(float(e) for e in inner if 0 < e < end), float(end)}))


def units_at(config: Config) -> tuple[float, ...]:
    """The checkpoints with a table of units: for each epoch asked for the nearest one, and the end."""
    due = checkpoints(config)
    wanted = [*config.measurement.units_at, config.regime.epochs]
    return tuple(sorted({min(due, key=lambda epoch: abs(epoch - want)) for want in wanted}))
