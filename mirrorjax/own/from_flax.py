"""A Flax module as a network that is measured: linen's calls are intercepted, nnx's submodules stood in for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from flax import linen, nnx

from mirrorjax.errors import InputError
from mirrorjax.own.sequences import At, Edit, check_at, through


class FlaxNetwork:
    """What `mirrorjax.from_flax` makes.

    Attributes:
        module: of linen or of nnx.
        variables: of linen, what `apply` takes first; None of nnx.
        sites: the path of a submodule by name, as `block/dense_1`.
        at: the position of a sequence, see `mirrorjax.from_torch`.
    """

    def __init__(self, module: Any, variables: Any, sites: Mapping[str, str], at: At = None):
        check_at(at)
        if not isinstance(module, linen.Module | nnx.Module):
            raise InputError(f"from_flax: {type(module).__name__} given; expected a module of flax.linen or flax.nnx")
        if isinstance(module, linen.Module) and variables is None:
            raise InputError("from_flax: a module of flax.linen needs its variables, {'params': …}")
        if not isinstance(sites, Mapping) or not sites:
            raise InputError("from_flax: sites must be a mapping from names to paths, as {'h1': 'block/dense_1'}")
        self.module, self.variables, self.sites, self.at = module, variables, dict(sites), at

    def record(self, stimuli: Any, batch: int | None = None) -> dict[str, np.ndarray]:
        """Activations float32 [rows, units] by site.

        Args:
            stimuli: what the module takes, rows first.
            batch: rows at a time; None: all.

        Raises:
            InputError: a site is not run once, or its units are not [rows, units] at the position.
        """
        parts: dict[str, list[np.ndarray]] = {name: [] for name in self.sites}

        def seen(site: str, units: Any) -> Any:
            parts[site].append(np.asarray(units, np.float32))
            return units

        size = batch or len(stimuli)
        for start in range(0, len(stimuli), size):
            self.run(stimuli[start : start + size], seen)
        return {name: np.concatenate(each) for name, each in parts.items()}

    def run(self, stimuli: Any, edit: Edit) -> Any:
        """What the module gives where `edit(site, units [rows, units])` stands in the place of each site's units."""
        count = dict.fromkeys(self.sites, 0)

        def seen(name: str, output: Any) -> Any:
            count[name] += 1
            return through(output, self.at, name, edit, lambda whole, at, units: whole.at[:, at].set(units))

        found = self._linen(stimuli, seen) if isinstance(self.module, linen.Module) else self._nnx(stimuli, seen)
        if odd := [name for name, times in count.items() if times != 1]:
            path = self.sites[odd[0]]
            raise InputError(f"site {odd[0]}: {path} was run {count[odd[0]]} times, not once; choose another submodule")
        return found

    def _linen(self, stimuli: Any, seen: Callable[[str, Any], Any]) -> Any:
        places = {path: name for name, path in self.sites.items()}

        def between(call: Callable[..., Any], given: Any, named: Any, context: Any) -> Any:
            output, path = call(*given, **named), "/".join(context.module.path)
            return seen(places[path], output) if context.method_name == "__call__" and path in places else output

        with linen.intercept_methods(between):
            return self.module.apply(self.variables, stimuli)  # pyright: ignore[reportAttributeAccessIssue]

    def _nnx(self, stimuli: Any, seen: Callable[[str, Any], Any]) -> Any:
        with self._stood_in(seen):
            return self.module(stimuli)

    @contextmanager
    def _stood_in(self, seen: Callable[[str, Any], Any]) -> Iterator[None]:
        """Submodules replaced by functions that call them."""
        put: list[tuple[Any, str, Any]] = []
        try:
            for name, path in self.sites.items():
                *above, last = path.replace(".", "/").split("/")
                parent = self.module
                for each in above:
                    parent = _child(parent, each, name)
                own = _child(parent, last, name)
                put.append((parent, last, own))
                _set(parent, last, lambda *given, own=own, name=name, **named: seen(name, own(*given, **named)))
            yield
        finally:
            for parent, last, own in put:
                _set(parent, last, own)


def _child(parent: Any, key: str, site: str) -> Any:
    try:
        return parent[int(key)] if key.isdecimal() else getattr(parent, key)
    except (AttributeError, IndexError, TypeError) as error:
        raise InputError(f"site {site}: no submodule {key!r} in {type(parent).__name__}") from error


def _set(parent: Any, key: str, value: Any) -> None:
    if key.isdecimal():
        parent[int(key)] = value
    else:
        object.__setattr__(parent, key, value)
