"""`mirrorjax measure FILE --out PAGE`: activations from a file, measured and written as a page."""

import sys
from pathlib import Path

from mirrorjax.errors import InputError
from mirrorjax.machine.writing import not_writable
from mirrorjax.own.files import read_activations, read_groups
from mirrorjax.own.measure import measured
from mirrorjax.own.options import Options


def measure_file(path: Path, out: Path, groups: Path | None = None) -> list[str]:
    """Measures activations of a file or folder and writes the page; gives what is to be printed.

    Args:
        path: .npz, .safetensors, or a folder with CONDITION/SITE.npy.
        out: the page.
        groups: a file with a label for each row; else those in the archive or folder, if any.

    Raises:
        InputError: what is there cannot be measured, or the page cannot be written.
    """
    if out.is_dir():
        raise InputError(f"--out: {out} is a folder; expected a file, as report.html")
    if not out.parent.is_dir():
        raise InputError(not_writable(out, FileNotFoundError(2, "no such folder")))
    activations, own = read_activations(path)
    labels = own if groups is None else read_groups(groups)
    found = measured(activations, labels, options=Options(progress=sys.stderr.isatty()))
    return [str(found.table()), "", *found.answer(), str(found.report(out))]
