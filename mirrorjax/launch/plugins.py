"""Networks, regimes, measures and figures of people's own, registered by a module of theirs that is asked for by name.

Code is imported only if its module is named on the command line, in a call of Python, or by an installed package as an
entry point: never because a config, an experiment, the environment or a results folder says so.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from importlib.metadata import entry_points
from typing import Any, NoReturn

from mirrorjax.errors import InputError, first_line
from mirrorjax.measures import MEASURES, Measure
from mirrorjax.settings.schema import LOADED, MEMBER, SETTINGS
from mirrorjax.settings.setting import Acts, Setting

GROUP = "mirrorjax.plugins"  # of entry points
_MODULE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def load(named: Iterable[str] = ()) -> list[str]:
    """Imports the modules that are named, and those that installed packages have as entry points.

    Returns:
        The names of all that this process has loaded, now or before.

    Raises:
        InputError: one cannot be imported, or does not keep the contract of what it registers.
    """
    for name in [*(each.value for each in entry_points(group=GROUP)), *named]:
        if name in LOADED:
            continue
        if not _MODULE.fullmatch(name):
            raise InputError(f"plugins names {name!r}; allowed: modules, my_package.thing")
        try:
            importlib.import_module(name)
        except InputError as error:
            raise InputError(f"plugins: {name}: {error}") from error
        except Exception as error:
            why = f"{type(error).__name__}: {first_line(error)}"
            raise InputError(f"plugins: {name} cannot be imported: {why}") from error
        LOADED.append(name)
    return list(LOADED)


def register(
    name: str, *, settings: Sequence[Setting], columns: Sequence[Measure], question: str, **given: Any
) -> None:
    """Registers a network, a regime, a measure or a figure of one's own; see `mirrorjax.register`."""
    if not _NAME.fullmatch(name):
        _refuse(name, "allowed: small letters, digits and _")
    kinds = [kind for kind, each in given.items() if each is not None]
    if len(kinds) != 1:
        _refuse(name, "give one of network, regime, measure and figure")
    if kinds == ["network"]:
        _register_network(name, given["network"])
    elif kinds == ["regime"]:
        own = [replace(each, of=name, later=True, hint=each.hint or type(each.default)) for each in settings]
        _register_regime(name, given["regime"], own)
    elif kinds == ["measure"]:
        _register_measure(name, given["measure"], columns)
    else:
        _register_figure(name, given["figure"], question)


def _refuse(name: str, why: str) -> NoReturn:
    raise InputError(f"mirrorjax.register({name!r}): {why}")


def _register_network(name: str, network: type) -> None:
    import jax
    import jax.numpy as jnp

    from mirrorjax.models import MODELS
    from mirrorjax.models.base import Network
    from mirrorjax.population import members

    _check_class(name, network, Network, MODELS)
    known = {each.name for key, each in SETTINGS.items() if key.startswith("model.")} - {"model"}
    if strange := {*network.settings, "width"} - known:  # pyright: ignore[reportAttributeAccessIssue]
        _refuse(name, f"its settings {', '.join(sorted(strange))} are none of a network; allowed: {', '.join(known)}")
    made = network(width=5)
    params = jax.eval_shape(made.init, jax.random.key(0), jnp.int32(5))
    shown = jax.eval_shape(made.run, params, jax.ShapeDtypeStruct((made.inputs, 2), jnp.float32))
    found = {site: each.shape for site, each in shown.units.items()} | {"outputs": shown.outputs.shape}
    promised = {site.name: (site.size, 2) for site in made.sites} | {"outputs": (made.outputs, 2)}
    if found != promised:
        _refuse(name, f"it shows {found} of two examples, and promises {promised}")
    MODELS[name] = network
    members.register(_allowing("model.name", name))


def _register_regime(name: str, regime: Any, settings: Sequence[Setting]) -> None:
    from mirrorjax.population import members
    from mirrorjax.regimes import REGIMES
    from mirrorjax.regimes.base import Regime

    _check_class(name, regime, Regime, REGIMES)
    for each in settings:
        if each.key in SETTINGS or each.name in MEMBER:
            _refuse(name, f"there is a setting {each.key} already")
        if each.acts not in (Acts.VALUE, Acts.PROGRAM) or (each.acts is Acts.VALUE and not each.is_number):
            _refuse(name, f"{each.key} acts as {each.acts}; allowed: Acts.VALUE of a number, Acts.PROGRAM")
        if not each.label or not each.key.startswith("regime.") or each.problem(each.default):
            _refuse(name, f"{each.key}: give it a key 'regime.…', a label, and a default that is allowed")
    if strange := set(regime.settings) - {*MEMBER, *(each.name for each in settings)}:
        _refuse(name, f"there is no setting {', '.join(sorted(strange))}")
    if regime.initialises_as not in (name, *REGIMES):
        _refuse(name, f"initialises_as is {regime.initialises_as!r}; allowed: {name}, {', '.join(REGIMES)}")
    REGIMES[name] = regime
    members.register(_allowing("regime.name", name), *settings)


def _register_measure(name: str, measure: Callable[..., Any], columns: Sequence[Measure]) -> None:
    from mirrorjax import measures
    from mirrorjax.measurement.battery.observed import OF_RESPONSES
    from mirrorjax.measurement.battery.offered import made_of_responses

    if OF_RESPONSES.get(name, measure) is not measure:
        _refuse(name, "there is a measure of that name already")
    for each in columns:
        if each.null == "rescaled" or each.section or each.kind == "key":
            _refuse(name, f"column {each.name}: a rescaled null, a section and keys are mirrorjax's own alone")
        if MEASURES.get(each.name, each) != each or each.name in MEMBER:
            _refuse(name, f"there is a column {each.name} already")
    made = made_of_responses(measure)
    if made.keys() != {each.name for each in columns} or any(each.shape for each in made.values()):
        _refuse(name, f"it makes {', '.join(made)}; allowed: a number for each of its columns")
    measures.register(*columns)
    OF_RESPONSES[name] = measure


def _register_figure(name: str, figure: Any, question: str) -> None:
    from mirrorjax.report.chart.figure import FigureKind
    from mirrorjax.report.figures.registry import OF_QUESTIONS

    if not isinstance(figure, FigureKind) or figure.name != name:
        _refuse(name, "the figure is no FigureKind of that name")
    if question not in OF_QUESTIONS:
        _refuse(name, f"question is {question!r}; allowed: {', '.join(OF_QUESTIONS)}")
    if any(each.name == name and each is not figure for kinds in OF_QUESTIONS.values() for each in kinds):
        _refuse(name, "there is a figure of that name already")
    OF_QUESTIONS[question] = tuple(dict.fromkeys([*OF_QUESTIONS[question], figure]))


def _check_class(name: str, given: Any, protocol: type, registry: dict[str, Any]) -> None:
    if name in registry:
        _refuse(name, f"the name is taken; there are {', '.join(registry)}")
    if not isinstance(given, type) or not is_dataclass(given) or given.__hash__ is None:
        _refuse(name, "allowed: a frozen dataclass, so that equal ones share a compiled program")
    promised = {each for each in (*vars(protocol), *protocol.__annotations__) if not each.startswith("_")}
    owned = {*dir(given), *(each.name for each in fields(given))}
    if lacking := sorted(promised - owned):
        _refuse(name, f"{given.__name__} lacks {', '.join(lacking)}, see {protocol.__module__}.{protocol.__name__}")


def _allowing(key: str, name: str) -> Setting:
    return replace(SETTINGS[key], allowed=(*SETTINGS[key].options, name))
