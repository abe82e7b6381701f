"""A PyTorch module as a network that is measured: activations by forward hooks, and edits of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from mirrorjax.errors import InputError
from mirrorjax.own.sequences import At, Edit, check_at, through


class TorchNetwork:
    """What `mirrorjax.from_torch` makes.

    Attributes:
        module: of PyTorch; it is run in evaluation mode and left as it was.
        sites: its submodules by name.
        at: the position of a sequence, see `mirrorjax.from_torch`.
        batch: rows at a time; None: all.
    """

    def __init__(self, module: Any, sites: Mapping[str, Any], at: At = None, batch: int | None = None):
        import torch  # pyright: ignore[reportMissingImports]

        check_at(at)
        if not isinstance(module, torch.nn.Module):
            raise InputError(f"from_torch: {type(module).__name__} given; expected a torch.nn.Module")
        if not isinstance(sites, Mapping) or not sites:
            raise InputError("from_torch: sites must be a mapping from names to submodules, as {'h1': model.h1}")
        inside = {id(each) for each in module.modules()}
        if lost := [name for name, each in sites.items() if id(each) not in inside]:
            raise InputError(f"from_torch: site {lost[0]} is no submodule of the module")
        self.module, self.sites, self.at, self.batch = module, dict(sites), at, batch

    def record(self, stimuli: Any, batch: int | None = None) -> dict[str, np.ndarray]:
        """Activations float32 [rows, units] by site.

        Args:
            stimuli: what the module takes: a tensor, a tuple of arguments or a mapping of named ones, rows first.
            batch: rows at a time; None: as the network was made.

        Raises:
            InputError: a site is not run once, or its units are not [rows, units] at the position.
        """
        parts: dict[str, list[np.ndarray]] = {name: [] for name in self.sites}

        def seen(site: str, units: Any) -> Any:
            parts[site].append(units.detach().float().cpu().numpy())
            return None

        for _, shown in self._batches(stimuli, batch):
            self._run(shown, seen)
        return {name: np.concatenate(each) for name, each in parts.items()}

    def run(self, stimuli: Any, edit: Edit, batch: int | None = None) -> Any:
        """What the module gives where `edit(site, units [rows, units])` stands in the place of each site's units."""
        found = []
        for rows, shown in self._batches(stimuli, batch):
            own = edit.of_rows(rows) if hasattr(edit, "of_rows") else edit  # pyright: ignore[reportFunctionMemberAccess]
            found.append(self._run(shown, own))
        return _together(found)

    def _batches(self, stimuli: Any, batch: int | None) -> Iterator[tuple[slice, Any]]:
        first = next(iter(stimuli.values())) if isinstance(stimuli, Mapping) else stimuli
        rows = len(first[0] if isinstance(first, tuple) else first)
        size = batch or self.batch or rows
        for start in range(0, rows, size):
            part = slice(start, min(start + size, rows))
            if isinstance(stimuli, Mapping):
                yield part, {name: each[part] for name, each in stimuli.items()}
            elif isinstance(stimuli, tuple):
                yield part, tuple(each[part] for each in stimuli)
            else:
                yield part, stimuli[part]

    def _run(self, shown: Any, edit: Edit) -> Any:
        import torch  # pyright: ignore[reportMissingImports]

        count = dict.fromkeys(self.sites, 0)
        with torch.inference_mode(), _evaluating(self.module), self._hooked(edit, count):
            if isinstance(shown, Mapping):
                found = self.module(**shown)
            else:
                found = self.module(*shown) if isinstance(shown, tuple) else self.module(shown)
        if odd := [name for name, times in count.items() if times != 1]:
            raise InputError(f"site {odd[0]}: was run {count[odd[0]]} times, not once; choose another submodule")
        return found

    @contextmanager
    def _hooked(self, edit: Edit, count: dict[str, int]) -> Iterator[None]:
        handles = []
        try:
            for name, site in self.sites.items():
                handles.append(site.register_forward_hook(self._hook(name, edit, count)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, name: str, edit: Edit, count: dict[str, int]) -> Callable[..., Any]:
        def hook(module: Any, given: Any, output: Any) -> Any:
            count[name] += 1
            return through(output, self.at, name, edit, _put)

        return hook


def _put(output: Any, at: int, units: Any) -> Any:
    changed = output.clone()
    changed[:, at] = units
    return changed


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """Dropout off; each part is put back into the mode that it was in."""
    training = [each for each in module.modules() if each.training]
    module.eval()
    try:
        yield
    finally:
        for each in training:
            each.training = True


def _together(parts: list[Any]) -> Any:
    """Outputs of batches, as one."""
    import torch  # pyright: ignore[reportMissingImports]

    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, torch.Tensor):
        return torch.cat(parts)
    if isinstance(first, Mapping):
        tensors = [name for name in first if isinstance(first[name], torch.Tensor)]
        return type(first)(**{name: torch.cat([each[name] for each in parts]) for name in tensors})
    return tuple(torch.cat(each) for each in zip(*parts, strict=True))
