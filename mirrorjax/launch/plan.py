"""`mirrorjax plan`: says what a sweep would take, and trains nothing."""

import os
import time
from collections.abc import Sequence

import jax
import numpy as np
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mirrorjax.dataset.sources import Sources
from mirrorjax.launch.compose import ComposedJob
from mirrorjax.launch.durations import Seconds
from mirrorjax.launch.estimate import Estimate, PlannedRows, estimate
from mirrorjax.machine.compiler import Compiler
from mirrorjax.machine.runtime import configure
from mirrorjax.measurement.stream import measured_rows, piece_on
from mirrorjax.models import layers_by_units
from mirrorjax.population.axes import members as expand
from mirrorjax.population.plan import ProgramSpec, plan, population_mesh, program_of, replicated
from mirrorjax.regimes.base import World
from mirrorjax.settings.schema import checkpoints
from mirrorjax.settings.texts import counted
from mirrorjax.tracking.wandb import choose_mode, has_api_key
from mirrorjax.training.data import SAMPLE
from mirrorjax.training.memory import compiled_bytes
from mirrorjax.training.part import PartRunner

_WIDTH = 150  # columns of a table that goes into a file
_MEASURED_ROWS = 256  # made-up ones, to measure on: memory does not depend on how many
_MEASURED_SECONDS = 2.0  # of training on made-up rows
_POORLY_FILLED = 0.5  # share of places with a member, below which the plan says what would fill them


def show_plans(jobs: Sequence[ComposedJob], measure: bool, console: Console) -> None:
    """Prints the plan of every population of a sweep, and what they take together.

    With `measure`, of each the program with most to do is compiled and timed.

    Raises:
        InputError: a population cannot be planned.
    """
    if not console.is_terminal:
        console = Console(file=console.file, width=_WIDTH, highlight=False)
    plans = []
    for job in jobs:
        found = estimate(job.config, job.resolved, job.sweep)
        _show(found, console)
        if measure and found.here and found.members:
            _show_measured(found, console)
        plans.append(found)
    if len(plans) > 1:
        _show_together(plans, console)


def _show(found: Estimate, console: Console) -> None:
    state = ": finished, a sweep leaves it as it is" if found.finished else ""
    console.print(f"[bold]{escape(found.config.name)}[/bold] → {escape(str(found.folder))}{state}", soft_wrap=True)
    if console.is_terminal:
        facts = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        facts.add_column(style="cyan", no_wrap=True)
        facts.add_column(overflow="fold")
        for name, text in _facts(found).items():
            facts.add_row(name, escape(text))
        console.print(facts)
    else:
        for name, text in _facts(found).items():
            console.print(f"{name:<9}{text}", markup=False, soft_wrap=True)
    if found.programs:
        console.print(_programs_table(found, plain=not console.is_terminal))
    console.print()


def _facts(found: Estimate) -> dict[str, str]:
    seeds, own = found.members / max(1, found.configurations), found.devices
    due, tracker = len(checkpoints(found.config)), choose_mode(found.config.tracker.mode, os.environ, has_api_key)
    there = f"; {found.present:,} more are finished in the sweep that is extended" if found.present else ""
    if found.present is None:
        there = "; how many of them the extended sweep has, the dataset tells"
    facts = {
        "members": f"{found.members:,}: {counted(found.configurations, 'configuration')} × {seeds:g} seeds{there}",
        "programs": f"{len(found.programs)}, {found.compiles} compiles",
        "devices": f"{own['count']} × {own['platform']} ({own['kind']}), blocks of {found.block}",
        "memory": _memory(found),
        "work": f"{found.model_steps:,} model-steps, {due} checkpoints",
        "time": _time(found.seconds),
        "dataset": _dataset(found.rows),
        "W&B": "none" if tracker == "disabled" else f"1 run, {tracker}, {due + 1} points",
        "disk": f"about {size(found.disk)}",
    }
    if found.refined:
        facts["refine"] = f"up to {counted(found.refined, 'further network')}, in none of these numbers"
    places = sum(each.members / each.filled for each in found.programs)
    if found.members < _POORLY_FILLED * places:
        facts["note"] = (
            f"{found.members / places:.0%} of the places in blocks of {found.block} have a member, the others cost as "
            "much: networks share a block if their learning rate is the same. More seeds fill them, or a smaller "
            "runtime.block (other blocks: other last bits)"
        )
    return facts


def _dataset(rows: PlannedRows) -> str:
    words = f"{rows.train:,} training rows" + ("" if rows.built else " or so; not built yet")
    if not rows.other_datasets:
        return words
    return f"{words}; {rows.other_datasets} of other games, {rows.others_unbuilt or 'none'} to be built"


def _memory(found: Estimate) -> str:
    room, bytes_ = found.room, size(found.rows.bytes)
    whole = f"{bytes_} rows + {size(found.resident)} members + at most {size(found.running)} while a part runs"
    each = sorted({program.resident for program in found.programs})
    a_member = f"{size(each[0])}" + (f" to {size(each[-1])}" if len(each) > 1 else "") if each else "nothing"
    if room.budget is None:
        return f"{whole}, on each device; {a_member} a member; the device does not tell what it has"
    parts = sum(len(program.parts) for program in found.programs)
    alone = "" if parts == len(found.programs) else f", in {parts} parts"
    turns = f"{parts} parts take turns, the others wait on the host"
    cut = f"everything stays on the devices{alone}" if room.stay else turns
    return f"{whole}, of a budget of {size(room.budget)} on each device: {cut}; {a_member} a member"


def _time(took: Seconds) -> str:
    if took.training is None or took.measurement is None:
        return f"unknown: {took.basis}"
    parts = f"dataset {duration(took.dataset)}, compiling {duration(took.compile)} at most, "
    parts += f"training {duration(took.training)}, measuring {duration(took.measurement)}"
    return f"about {duration(took.total or 0.0)} ({parts}); {took.basis}"


def _programs_table(found: Estimate, plain: bool) -> Table:
    table = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("program", no_wrap=True)
    for name in ("members", "configurations", "blocks", "filled", "parts", "steps a member", "model-steps", "a member"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in found.programs:
        few, many, blocks = min(each.steps), max(each.steps), sum(len(part.slots) for part in each.parts)
        table.add_row(
            program_words(each.program),
            *(f"{number:,}" for number in (each.members, each.configurations, blocks)),
            *(f"{each.filled:.0%}", f"{len(each.parts):,}", f"{few:,}" if few == many else f"{few:,}–{many:,}"),
            *(f"{sum(each.steps):,}", size(each.resident)),
        )
    return table


def program_words(program: ProgramSpec) -> str:
    """What is compiled, in words."""
    words = f"{layers_by_units(vars(program))} {program.activation}, batch {program.batch}"
    words += "" if program.data_order == "own" else f", {program.data_order} order"
    usual = (program.regime, "supervised"), (program.model, "mlp"), (program.encoding, "ordinal")
    others = [name for name, default in usual if name != default]
    others += [f"{name} {value}" for name, value in program.later]
    return ", ".join([words, *others])


def _show_together(plans: Sequence[Estimate], console: Console) -> None:
    waiting = [each for each in plans if not each.finished]
    seconds = [each.seconds.total for each in waiting]
    took = "unknown time" if None in seconds else duration(sum(second or 0.0 for second in seconds))
    console.print(
        f"together: {len(plans)} populations, {len(plans) - len(waiting)} finished; "
        f"{sum(each.members for each in waiting):,} members and {sum(each.model_steps for each in waiting):,} "
        f"model-steps to train, about {took}, {size(sum(each.disk for each in waiting))}",
        soft_wrap=True,
    )


def _show_measured(found: Estimate, console: Console) -> None:
    """Bytes of the compiled functions of one program, and how fast it trains: on made-up rows, which cost the same."""
    largest = max(found.programs, key=lambda each: sum(each.steps) * each.resident)
    console.print(f"measured: {program_words(largest.program)}", soft_wrap=True)
    runtime = found.config.runtime
    devices = configure(runtime.platform, runtime.devices, runtime.precision, None)
    mesh, compiler, random = population_mesh(devices), Compiler(), np.random.default_rng(0)
    members = [member for member in expand(found.config) if program_of(member) == largest.program]
    part = plan(members, found.block, len(devices), found.room.members)[0]
    words = random.integers(0, 2**32, (found.rows.train, 2), np.uint32)
    pairs = np.concatenate([words, words], axis=1)
    runner = PartRunner(part, members, "", Sources.of_rows(words, pairs), mesh, compiler)
    sample = {"rows": words[:SAMPLE], "pairs": pairs[:SAMPLE]}
    here = jax.device_put({"train": words, "pairs": pairs}, replicated(mesh))
    rows = runner.regime.world(World(**here, held=None, sample=sample)).train
    some = words[:_MEASURED_ROWS]
    measured, _ = measured_rows(some, some, piece=piece_on(devices[0].platform))
    measured = jax.device_put(measured, replicated(mesh))
    runner.load()
    runner.start()
    params = runner.params(rows)
    runner.measured(params, measured)
    runner.divergences(params, measured)
    rate = _steps_per_second(runner, rows)
    for (name, *_), program in ((key[0], program) for key, program in compiler.programs.items()):
        note = f", {rate:,.0f} model-steps/s" if name == "train" else ""
        console.print(f"  {name:<12} {size(compiled_bytes(program)):>10} a device{note}", soft_wrap=True)
    console.print()


def _steps_per_second(runner: PartRunner, rows: jax.Array) -> float:
    """Model-steps a second, in more and more steps until they take long enough."""
    runner.train_to(runner.done + 1, rows)  # compiles
    number = 8
    while True:
        start = time.perf_counter()
        steps = runner.train_to(runner.done + number, rows)
        spent = time.perf_counter() - start
        if spent > _MEASURED_SECONDS / 4 or not steps:
            return steps / spent
        number *= 4


def size(number: float) -> str:
    """Bytes as a person reads them."""
    power = 0
    while abs(number) >= 1024 and power < 4:
        number, power = number / 1024, power + 1
    unit = ("B", "KiB", "MiB", "GiB", "TiB")[power]
    return f"{number:.2g} {unit}" if number < 100 and power else f"{number:,.0f} {unit}"


def duration(seconds: float) -> str:
    """A time as a person says it."""
    for limit, length, unit in ((100, 1, "s"), (100 * 60, 60, "min"), (72 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}" if seconds >= 10 * length else f"{seconds / length:.2g} {unit}"
    return f"{seconds / 86400:.2g} days"
