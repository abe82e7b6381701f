"""How long a population is going to take: the work, and how fast the machine did such work before."""

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax

from mirrorjax.job.data import measured_row_counts
from mirrorjax.job.folders import null_folder, null_settings
from mirrorjax.measurement.battery.nulls import ARCHITECTURE, LATER
from mirrorjax.population.axes import members as expand
from mirrorjax.population.members import OUTPUTS, Member
from mirrorjax.population.plan import Part, ProgramSpec, plan
from mirrorjax.regimes import REGIMES, row_passes_of
from mirrorjax.regimes.base import CLOCKED
from mirrorjax.results.contents import MANIFEST
from mirrorjax.results.jobs import read_json
from mirrorjax.results.read import Results
from mirrorjax.settings.groups import RATELESS
from mirrorjax.settings.schema import Config, stored
from mirrorjax.training.memory import parameter_shapes
from mirrorjax.training.untrained import null_files

# Measured on two cores of an AMD EPYC with `paper_fast` (156,339 model-steps/s, 18 s for 51 checkpoints of 32 members
# on 200,000 rows), jax 0.10.2; widths 8 to 128 and batches of 32 and 64 are within a quarter of it.
_OVERHEAD = 1000  # parameters that a step of a member costs besides its own: draws, rows, targets
_STEP_SECONDS = 2 / 156_339 / (32 * (2095 + _OVERHEAD))  # of a core, for a row of a batch and a parameter
_MEASURE_SECONDS = 2.9e-9  # of a core, for a row and a unit
_BOARD_ROWS = 26  # test rows that take as long as a matched board with all its conditions
_COMPILE_SECONDS = 1.5  # of one function, where it is not in the cache
_DATASET_SECONDS, _TURN_SECONDS = 3.0, 0.5e-6  # of two cores, for a dataset that is to be built, and each turn of it
_CLOCKED = ("regime", *CLOCKED)
_architecture = operator.attrgetter(*ARCHITECTURE, *LATER)
PAIR_SHARE = 0.64  # likewise of pairs to train on
TRAIN_SHARE = 0.55  # training rows for each turn, at seven million turns; fewer turns repeat themselves less


@dataclass(frozen=True)
class Seconds:
    """Times, and where they come from: `basis` in words; `measured` if from a run on the same device."""

    dataset: float
    compile: float
    training: float | None
    measurement: float | None
    basis: str

    @property
    def total(self) -> float | None:
        """All of it; None where training cannot be guessed."""
        if self.training is None or self.measurement is None:
            return None
        return self.dataset + self.compile + self.training + self.measurement


@dataclass(frozen=True)
class Work:
    """What the machine does, in units of its own: slots without a member are worked on as well."""

    model_steps: int
    steps: float  # rows of batches, as often as they pass through a network, times parameters
    measured: float  # rows times units


def functions_of(config: Config) -> int:
    """How many are compiled for a program."""
    always, asked = 4, config.measurement  # init, train, measure, divergences
    plays = asked.games > 0
    return always + plays + (1 + (asked.causes_seeds != 0) if asked.boards else 0)  # games; battery, causes


def null_work(config: Config, members: Sequence[Member], dataset_hash: str | None) -> float:
    """Rows times units of the nulls that are not kept yet."""
    settings = null_settings(config)
    if settings is None:
        return 0.0
    different = {_architecture(member): member for member in members}.values()
    files = null_files(list(different), settings, dataset_hash or "", null_folder(config))
    rows = measured_row_counts(config, config.dataset.test_rows, None)[0] + _BOARD_ROWS * settings.boards
    return float(sum(settings.seeds * rows * each.units for each, file in files.items() if not file.exists()))


def steps_of(members: Sequence[Member], end: float) -> list[int]:
    """Of each member up to an epoch."""
    of_clock = operator.attrgetter(*_CLOCKED)
    steps = {key: REGIMES[key[0]].clock.step(Member(**dict(zip(_CLOCKED, key, strict=True))), end)
             for key in set(map(of_clock, members))}  # fmt: skip
    return [steps[of_clock(member)] for member in members]


def compiled_parameters(program: ProgramSpec) -> int:
    """Of a member as compiled, padding included."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(parameter_shapes(program)))


def work_of(
    config: Config, parts: Sequence[Part], members: Sequence[Member], due: int, test: int, validation: int
) -> Work:
    """All work but the nulls', where so many checkpoints are measured on so many rows."""
    measured_rows = test + validation + _BOARD_ROWS * config.measurement.boards
    of_members, steps, measured = steps_of(members, config.regime.epochs), 0.0, 0.0
    for part in parts:
        program, block = part.program, part.slots.shape[1]
        of_blocks = sum(of_members[slots[0]] for slots in part.slots if slots[0] >= 0)
        rows = of_blocks * block * row_passes_of(program)
        steps += rows * (compiled_parameters(program) + _OVERHEAD)
        measured += part.slots.size * due * measured_rows * (program.depth * program.width + OUTPUTS)
    return Work(sum(of_members), steps, measured)


def seconds_of(config: Config, facts: Mapping[str, Any], work: Work, shapes: int, unbuilt: int) -> Seconds:
    dataset = unbuilt * (_DATASET_SECONDS + _TURN_SECONDS * config.dataset.turns)
    rates = _newest_rates(Path(config.results_dir), facts, config.regime.name)
    functions = functions_of(config) * shapes
    if rates is not None:
        step, row, function, basis = rates
    elif facts["platform"] == "cpu":
        step, row, function = _STEP_SECONDS / facts["count"], _MEASURE_SECONDS / facts["count"], _COMPILE_SECONDS
        basis = f"a guess: 78,000 model-steps/s a core for the paper's network, no finished run in {config.results_dir}"
    else:
        basis = f"no finished run on this device in {config.results_dir}, and no guess; --measure times one program"
        return Seconds(dataset, _COMPILE_SECONDS * functions, None, None, basis)
    return Seconds(dataset, function * functions, step * work.steps, row * work.measured, basis)


def _newest_rates(results: Path, facts: Mapping[str, Any], regime: str) -> tuple[float, float, float, str] | None:
    """Seconds of a unit of training, of measuring, of a compiled function, in the newest run on such a device.

    What is no network says nothing of networks, nor the other way round.
    """
    found = []
    for done in results.glob("*/*/DONE"):
        try:
            manifest = read_json(done.parent / "manifest.json", MANIFEST)
            if manifest["device"] == facts and manifest["members"] and not manifest.get("extends"):
                found.append((str(manifest["finished"]), done.parent, manifest))
        except KeyError:  # none that can be read, or one that says too little
            continue
    newest_first = sorted(found, key=lambda each: each[0], reverse=True)
    every = (_rates_of(folder, manifest, regime) for _, folder, manifest in newest_first)
    return next((rates for rates in every if rates), None)


def _rates_of(folder: Path, manifest: Mapping[str, Any], regime: str) -> tuple[float, float, float, str] | None:
    try:
        (population,) = Results.open(folder).populations
        config = stored(population.config)
        if config.regime.name != regime and {config.regime.name, regime} & {*RATELESS}:
            return None
        members, spent = expand(config), manifest["seconds"]
        parts = plan(members, manifest["block"], manifest["device"]["count"])
        rows = measured_row_counts(config, config.dataset.test_rows, None)
        work = work_of(config, parts, members, len(manifest["checkpoints"]), *rows)
        rate = manifest["model_steps_per_second"]
        if not work.model_steps or not rate or not spent["measurement"]:
            return None
        basis = f"measured: {rate:,} model-steps/s in {folder}, on this device"
        function = spent["compile"] / max(1, manifest["compiles"])
        return work.model_steps / work.steps / rate, spent["measurement"] / work.measured, function, basis
    except Exception:  # a run of another version; there may be an older one that can be read
        return None
