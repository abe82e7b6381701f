"""`mirrorjax.measure`: the battery for a network of anybody's own."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from mirrorjax.errors import InputError, enough_memory
from mirrorjax.own.found import Findings
from mirrorjax.own.given import Given, given
from mirrorjax.own.options import Options
from mirrorjax.own.rowed import disorder, missing_of
from mirrorjax.own.rows import rows_of
from mirrorjax.own.site import Plan, SiteFound, measure_site
from mirrorjax.own.sizes import first_pass

Untrained = Callable[[int], Any]
Tell = Callable[[str], None]


@enough_memory("measuring", "the rows that are given, or the sites at a time")
def measured(
    activations: Any,
    groups: Any = None,
    kinds: Mapping[str, Any] | None = None,
    untrained: Untrained | None = None,
    stimuli: Mapping[str, Any] | None = None,
    options: Options | None = None,
) -> Findings:
    """Measures activations, and untrained copies' if there is a factory; see `mirrorjax.measure`."""
    options = options or Options()
    what = given(activations, groups, kinds, options)
    if untrained is not None and not callable(untrained):
        kind = type(untrained).__name__
        raise InputError(f"untrained: {kind} given; expected a function from a seed to activations or a network")
    copies = options.copies if untrained is not None else 0
    with _progress(options.progress, len(what.sites) * (2 + copies)) as tell:
        sites = _measured(what, options, tell)
        null = [_of_copy(untrained, seed, what, stimuli, options, tell) for seed in range(copies) if untrained]
    return Findings(what, options, sites, null, missing=(*missing_of(what), *disorder(sites)))


def _measured(what: Given, options: Options, tell: Tell, quick: bool = False) -> dict[str, SiteFound]:
    sized = first_pass(what, options.seed, tell if not quick else lambda site: None)
    plan, found = Plan.of(what, options, quick), {}
    for name in what.sites:
        found[name] = measure_site(plan, name, sized[name])
        tell(name)
    return found


def _of_copy(
    untrained: Untrained, seed: int, like: Given, stimuli: Mapping[str, Any] | None, options: Options, tell: Tell
) -> dict[tuple[str, str], float]:
    """The values of an untrained copy, by site and measure."""
    made = untrained(seed)
    if hasattr(made, "record"):
        if stimuli is None:
            raise InputError("untrained gives networks, so that stimuli must be given too: condition -> stimuli")
        made = {name: made.record(shown) for name, shown in stimuli.items()}
    try:
        own = given(made, like.groups, like.kinds, options)
        if own.sites.keys() != like.sites.keys() or own.conditions != like.conditions:
            theirs, ours = (f"{', '.join(each.sites)} under {', '.join(each.conditions)}" for each in (own, like))
            raise InputError(f"sites {theirs}; expected those that were given: {ours}")
        sites = _measured(own, options, tell, quick=True)
    except InputError as error:
        raise InputError(f"untrained, seed {seed}: {error}") from error
    copy = Findings(own, options, sites)
    return {(row.site, row.measure): row.value for row in rows_of(sites, copy.counts)}


@contextmanager
def _progress(shown: bool, total: int) -> Iterator[Tell]:
    if not shown:
        yield lambda site: None
        return
    from rich.progress import Progress

    with Progress(transient=True) as bar:
        task = bar.add_task("measuring", total=total)

        def tell(site: str) -> None:
            bar.update(task, advance=1, description=site)

        yield tell


def with_causes(found: Findings, network: Any, stimuli: Any, behaviour: Any) -> Findings:
    """What was found, with what mirror units cause in a network that runs."""
    from mirrorjax.own.interventions import caused

    rows, missing = caused(found, network, stimuli, behaviour)
    return replace(found, caused=rows, missing=(*found.missing, *missing))


def recorded(network: Any, stimuli: Mapping[str, Any]) -> dict[str, dict[str, np.ndarray]]:
    """Activations by condition and site of a network that records."""
    return {name: network.record(shown) for name, shown in stimuli.items()}
