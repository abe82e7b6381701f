"""The configuration's schema: every setting, with its type, its default and what is allowed.

Hydra's YAML files only override what stands here, and in `groups.py`.
"""

import functools
import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mirrorjax.errors import InputError, each_text
from mirrorjax.settings.axes import AXES, GROUPS, GroupConfig, axes_in, axes_of, group_schema, of_members
from mirrorjax.settings.grid import MOST
from mirrorjax.settings.groups import DatasetConfig, GameConfig, ModelConfig, OptimizerConfig, RegimeConfig
from mirrorjax.settings.setting import Acts, Range, Setting, extended, setting, settings_of

PAPER_EPOCH = 0.6144  # lr · steps: 153,600 steps at 4e-6; a unit of time, never a pass over the data


@dataclass
class PopulationConfig(GroupConfig):
    """The members: every combination of the axes, with every seed."""

    union: list[GroupConfig] = field(default_factory=list)  # one after the other, each crossed with all of the above
    seeds: int = setting(32, Range(1, MOST))
    first_seed: int = setting(0, Range(0, 2**62))
    data_order: str = setting("own", ("own", "shared"), label="data order", acts=Acts.PROGRAM, is_axis=False)


@dataclass
class MeasurementConfig:
    """When members are measured, in paper epochs, and on how many rows. 0 (untrained) and the end are always in."""

    every: float = setting(1.0, Range(0.0, closed=False))
    at: list[float] | None = None  # instead of `every`
    units_at: list[float] = field(default_factory=list)  # checkpoints with a table of units; the end always has one
    test_rows: int | None = setting(None, Range(1, 1e9))  # null: all
    validation_rows: int | None = setting(100_000, Range(1, 1e9))
    boards: int = setting(1024, Range(0, 1e6))  # matched boards for the calibrated measures; 0: these are left out
    rescue_boards: int = setting(256, Range(1, 1e6))  # more of them, with Frog at columns 26 to 30
    # that each network plays beside each scripted partner, where units have a table; 0: none
    games: int = setting(16, Range(0, 1e5))
    seats: bool = False  # how alike own and seen views are, of regimes that do not record it anyway
    null_seeds: int = setting(1000, Range(0, 1e6))  # untrained networks of each architecture; 0: no z, no verdicts
    null_cache: str | None = None  # folder of measured nulls; null: beside the datasets
    causes_seeds: int | None = setting(8, Range(0, 1e7))  # of each combination: ablated and patched; null: all


@dataclass
class TrackerConfig:
    """Weights & Biases: one run a population."""

    # null: WANDB_MODE, else online only if a key is there
    mode: str | None = setting(None, (None, "online", "offline", "disabled"))
    project: str | None = None  # null: WANDB_PROJECT, else mirrorjax
    entity: str | None = None  # user or team; null: WANDB_ENTITY, else W&B's default
    tags: list[str] = field(default_factory=list)  # none: WANDB_TAGS


@dataclass
class DistributedConfig:
    """Several processes, on one machine or more, that train one population together; by default one process does."""

    auto: bool = False  # ask SLURM, a TPU pod or submitit who the others are
    coordinator: str | None = None  # else: host:port of process 0,
    processes: int | None = setting(None, Range(1, 1e6))  # how many there are,
    process: int | None = setting(None, Range(0, 1e6))  # and which one this is, from 0


@dataclass
class RuntimeConfig:
    """The machine. Only `platform`, `engine`, `block` and `precision` may move the last bits of a result."""

    platform: str = setting("cpu", ("cpu", "gpu", "tpu"))
    devices: int | None = setting(None, Range(1, 65536))  # of each process; null: all; on a CPU one a core
    # members that one device trains side by side; null: 16 on a CPU, else all that share a program
    block: int | None = setting(None, Range(1, 1e7))
    # of training; auto: the fused kernel where there is one and it serves a network, else the compiled step
    engine: str = setting("auto", ("auto", "xla", "fused"))
    precision: str = setting("highest", ("highest", "high", "default"))  # of matrix products
    profile: bool = False  # trace one chunk of training and print its dearest operations
    compile_cache: str | None = None  # folder; null: beside the datasets
    distributed: DistributedConfig = field(default_factory=DistributedConfig)
    # between two saves; 0: after each chunk; null: only before a stop
    checkpoint_seconds: float | None = setting(60.0, Range(0.0))
    keep_state: bool = False  # of a finished population; else its last state is removed
    # GiB, of each accelerator or the machine's own; null: most of what is free
    memory_budget: float | None = setting(None, Range(0.0, 1e6, closed=False))


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
    verbosity: str = setting("normal", ("quiet", "normal", "debug"))  # quiet: warnings alone; log.jsonl has everything
    extend: str | None = None  # folder of a sweep: train only the members that it lacks, and put them there
    # rounds after the population: more networks where the boundary's band is widest; 0: none
    refine: int = setting(0, Range(0, 20))
    refine_width: float = setting(0.2, Range(0.0, 1.0, closed=False))  # of the band of P: below it, refinement ends
    refine_networks: int | None = setting(None, Range(1, 1e7))  # that all rounds add; null: as many as there are


SETTINGS = dict(settings_of(Config))  # those with a rule of their own, by key; plugins' come in by `register`
MEMBER = of_members(SETTINGS.values())  # those that define a member, by name
PLUGGED: dict[str, Setting] = {}  # of these, the plugins', which come last
LOADED: list[str] = []  # plugins, modules of people's own, in the order of their import, like `sys.modules`
# of folders; `~` is written out in them
PATHS = (
    *("results_dir", "extend", "dataset.cache", "measurement.null_cache", "runtime.compile_cache"),
    *("regime.finetunes", "regime.partner_results"),
)


def register(*settings: Setting) -> None:
    """Adds settings of plugins, which are taken for absent where a folder or an identity is from before them.

    One of a key that there is takes its place.
    """
    for each in settings:
        if each.key not in SETTINGS:
            PLUGGED[each.name] = each
        SETTINGS[each.key] = each
    MEMBER.update(of_members(SETTINGS.values()))
    AXES.update(axes_of(SETTINGS.values()))


def lacking(named: Iterable[str]) -> str:
    """In words, the plugins of some results that are not loaded; empty if all are."""
    names = [name for name in named if name not in LOADED]
    return f"it needs its plugins: --plugins {' '.join(names)}" if names else ""


def schema() -> type[Config]:
    """The configuration's class, with what plugins have registered."""
    usual = settings_of(Config)
    return _schema(tuple(each for key, each in SETTINGS.items() if each != usual.get(key)))


@functools.cache
def _schema(more: tuple[Setting, ...]) -> type[Config]:
    return config_with(more) if more else Config


@functools.cache
def structured(of: type[Config]) -> DictConfig:
    """A configuration's class as OmegaConf has it, made once: to be merged into others, which copies it."""
    return OmegaConf.structured(of)


def stored(config: Mapping[str, Any]) -> Config:
    """The configuration that a results folder kept, as plain containers; settings that it lacks have their defaults.

    Its texts are data: `${…}` in one is not looked up, whether somebody wrote it there or a variable held it.

    Raises:
        InputError: it is none of ours.
    """
    try:
        found = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(schema()(name="")), literal(config)))
    except (OmegaConfBaseException, ValueError) as error:
        raise InputError(f"config.yaml: {str(error).splitlines()[0]}") from error
    assert isinstance(found, Config)
    return found


def literal(value: Any) -> Any:
    """The same, nested or not, with texts that OmegaConf takes as they are: `${` escaped, and each `\\` before it."""
    return each_text(value, lambda text: re.sub(r"(\\*)\$\{", r"\1\1\\${", text))


def value_of(config: Any, name: str) -> Any:
    """Of a setting, by its dotted name."""
    return operator.attrgetter(name)(config)


def unvaried(config: Config) -> dict[str, Any]:
    """The value of each axis where nothing varies it."""
    return {name: value_of(config, axis.key) for name, axis in axes_in(config.population).items()}


def checkpoints(config: Config) -> tuple[float, ...]:
    """The epochs at which members are measured, in order, with 0 and the end."""
    end = config.regime.epochs
    inner = config.measurement.at
    if inner is None:
        inner = [config.measurement.every * i for i in range(1, int(end / config.measurement.every) + 1)]
    return tuple(sorted({0.0, *(float(e) for e in inner if 0 < e < end), float(end)}))


def units_at(config: Config) -> tuple[float, ...]:
    """The checkpoints with a table of units: for each epoch asked for the nearest one, and the end."""
    due = checkpoints(config)
    wanted = [*config.measurement.units_at, config.regime.epochs]
    return tuple(sorted({min(due, key=lambda epoch: abs(epoch - want)) for want in wanted}))


def config_with(own: Iterable[Setting]) -> type[Config]:
    """The configuration with further settings, a regime's own: each a key in its group, and an axis if it is one."""
    groups: dict[str, list[Any]] = {}
    for each in own:
        groups.setdefault(each.key.partition(".")[0], []).append(each.as_field)
    kinds = {name: extended(GROUPS[name], more) for name, more in groups.items()}
    group = group_schema(axes_of([*SETTINGS.values(), *own]))
    union = ("union", list[group], field(default_factory=list))
    ways = [(each.name, each.type, field(default_factory=each.default_factory)) for each in fields(group)]
    kinds["population"] = extended(PopulationConfig, [*ways, union])
    return extended(Config, [(name, kind, field(default_factory=kind)) for name, kind in kinds.items()])
