"""What the adapters of all libraries have in common: which position of a sequence is a site, and its edit."""

from collections.abc import Callable
from typing import Any

from mirrorjax.errors import InputError

At = int | str | Callable[[Any], Any] | None  # None: outputs are [rows, units]
Edit = Callable[[str, Any], Any]


def check_at(at: Any) -> None:
    """Raises where a position cannot be meant.

    Raises:
        InputError: `at` is neither a position, `mean`, a function nor None.
    """
    if at is None or callable(at) or at == "mean" or (isinstance(at, int) and not isinstance(at, bool)):
        return
    raise InputError(f"at: {at!r}; allowed: a position as -1, 'mean', a function of [rows, positions, units], or None")


def units_at(output: Any, at: At, site: str) -> Any:
    """The units [rows, units] of a site from what it gives.

    Raises:
        InputError: it has positions, and none was chosen; or is no array of units.
    """
    if callable(at):
        output = at(output)
    elif output.ndim == 3:
        if at is None:
            raise InputError(
                f"site {site}: gives {tuple(output.shape)}, [rows, positions, units]; choose a position, as at=-1, or "
                "at='mean'"
            )
        output = output.mean(1) if at == "mean" else output[:, at]
    if output.ndim != 2:
        raise InputError(f"site {site}: gives an array of shape {tuple(output.shape)}; expected [rows, units]")
    return output


def refuse_edit(at: At, site: str) -> None:
    """Raises where it is not known how an edit is to be put back.

    Raises:
        InputError: the position is a function.
    """
    if callable(at):
        raise InputError(f"site {site}: at is a function, so that units cannot be edited; give a position or 'mean'")


def through(output: Any, at: At, site: str, edit: Edit, put: Callable[[Any, int, Any], Any]) -> Any:
    """What a submodule gives where an edit stands in the place of the site's units; itself where it changes nothing.

    Args:
        output: [rows, units] or [rows, positions, units]; of a tuple the first.
        at: the position.
        site: its name.
        edit: of the units.
        put: the library's way to put units [rows, units] at a position, a number, of such an array.

    Raises:
        InputError: the units cannot be told, or not be put back.
    """
    own = output[0] if isinstance(output, tuple) else output
    units = units_at(own, at, site)
    edited = edit(site, units)
    if edited is None or edited is units:
        return output
    refuse_edit(at, site)
    if own.ndim == 2:
        changed = edited
    elif at == "mean":  # what it is changed by, at every position
        changed = own + (edited - units)[:, None]
    else:
        changed = put(own, at, edited)  # pyright: ignore[reportArgumentType]
    return (changed, *output[1:]) if isinstance(output, tuple) else changed
