"""A population's config as W&B shows it: what is set, and what varies as what varies."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from mirrorjax.settings.axes import AXES

MOST_VALUES = 50  # of a setting that are listed; of random draws there may be thousands
_EXPANDED = ("axes", "zip", "random", "list", "union")  # of `population`; what they come to is shown instead


def shown_config(resolved: Mapping[str, Any], members: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The config without what is not set, so that runs can be told apart by what is.

    Returns:
        Its settings, nested, with the value that all networks have; those that vary are in `varies` alone, by the name
        of their axis: all values in order, or words where there are more than MOST_VALUES.
    """
    shown = copy.deepcopy(dict(resolved))
    varies: dict[str, Any] = {}
    for axis, setting in AXES.items():
        if axis not in members:
            continue
        values = list(dict.fromkeys(members[axis]))
        group, _, name = setting.key.rpartition(".")
        settings = shown.setdefault(group, {})
        given = settings.pop(name, None)
        if len(values) == 1:
            settings[name] = given if given == values[0] else values[0]  # 4 where a column has 4.0
        elif values:
            values.sort(key=lambda value: (value is None, value))
            few = len(values) <= MOST_VALUES
            varies[axis] = values if few else f"{len(values)} values, {values[0]} to {values[-1]}"
    if isinstance(shown.get("population"), dict):
        shown["population"] = {name: value for name, value in shown["population"].items() if name not in _EXPANDED}
    return {**_set_ones(shown), **({"varies": varies} if varies else {})}


def _set_ones(config: Mapping[str, Any]) -> dict[str, Any]:
    """The same without nulls, and without groups and lists that have nothing in them."""
    kept = {name: _set_ones(value) if isinstance(value, Mapping) else value for name, value in config.items()}
    return {name: value for name, value in kept.items() if value not in (None, {}, [])}
