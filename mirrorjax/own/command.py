"""`mirrorjax measure FILE --out PAGE`: activations from a file, measured and written as a page."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from mirrorjax.errors import InputError
from mirrorjax.machine.writing import not_writable
from mirrorjax.own.files import read_activations, read_groups
from mirrorjax.own.given import CONDITIONS
from mirrorjax.own.measure import measured
from mirrorjax.own.options import Options, nearest


def measure_file(path: Path, out: Path, groups: Path | None = None, pairs: str | None = None) -> list[str]:
    """Measures activations of a file or folder and writes the page; gives what is to be printed.

    Args:
        path: .npz, .safetensors, or a folder with CONDITION/SITE.npy.
        out: the page.
        groups: a file with a label for each row; else those in the archive or folder, if any.
        pairs: the names under which self and other are there, as `you,bob`; what else has no known name is left out.

    Raises:
        InputError: what is there cannot be measured, or the page cannot be written.
    """
    if out.is_dir():
        raise InputError(f"--out: {out} is a folder; expected a file, as report.html")
    if not out.parent.is_dir():
        raise InputError(not_writable(out, FileNotFoundError(2, "no such folder")))
    activations, own = read_activations(path)
    left_out: list[str] = []
    if pairs is not None:
        activations, left_out = as_self_and_other(activations, pairs)
    labels = own if groups is None else read_groups(groups)
    found = measured(activations, labels, options=Options(progress=sys.stderr.isatty()))
    if left_out:
        found = replace(found, missing=(*found.missing, f"Left out, since --pairs is {pairs}: {', '.join(left_out)}."))
    return [str(found.table()), "", *found.answer(), str(found.report(out))]


def as_self_and_other(activations: dict[str, Any], pairs: str) -> tuple[dict[str, Any], list[str]]:
    """The conditions with those of the pair as self and other, and the names of those that are left out.

    Raises:
        InputError: not two names, or names of no condition that is there.
    """
    names = [name.strip() for name in pairs.split(",")]
    if len(names) != 2 or names[0] == names[1] or not all(names):
        raise InputError(f"--pairs: {pairs!r}; expected two names of conditions, as you,bob")
    for name in names:
        if name not in activations:
            near = nearest(name, [*activations])
            raise InputError(f"--pairs: no condition {name!r}{near}; there are {', '.join(activations)}")
    kept = {*CONDITIONS} - {"self", "other", *names}
    found = {name: of for name, of in activations.items() if name in kept}
    found |= {"self": activations[names[0]], "other": activations[names[1]]}
    return found, [name for name in activations if name not in kept and name not in names]
