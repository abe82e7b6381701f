"""Blocks of a page that commands print: from `<!-- NAME: the command -->` to `<!-- end of NAME -->`."""

import re
from collections.abc import Callable
from pathlib import Path

from mirrorjax.errors import InputError


def between_marks(page: str, name: str, text: str) -> str:
    """The page, all of it, with the text of a block replaced by other whole lines.

    Raises:
        InputError: the page has no such block.
    """
    start, end = _found(page, name).span(1)
    return f"{page[:start]}{text}{page[end:]}"


def block(page: str, name: str) -> str:
    """The text between the marks of a block.

    Raises:
        InputError: the page has no such block.
    """
    return _found(page, name)[1]


def with_row(text: str, key: str, change: Callable[[list[str]], list[str]]) -> str:
    """A table with the cells of the row changed whose first cell begins with `key`; as it was without such a row."""

    def changed(line: str) -> str:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        return f"| {' | '.join(change(cells))} |" if line.startswith("|") and cells[0].startswith(key) else line

    return "".join(f"{changed(line)}\n" for line in text.splitlines())


def put(page: Path, name: str, text: str | Callable[[str], str]) -> None:
    """Replaces a block of a page's file by whole lines, or by a function of those that were there.

    Raises:
        InputError: the page cannot be read or written, or has no such block.
    """
    try:
        whole = page.read_text(encoding="utf-8")
        new = text if isinstance(text, str) else text(block(whole, name))
        page.write_text(between_marks(whole, name, new), encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{page}: {getattr(error, 'strerror', None) or error}") from error
    except InputError as error:
        raise InputError(f"{page}: {error}") from error


def put_cell(page: Path, name: str, key: str, cell: str) -> None:
    """Replaces the last cell of a row of a block's table: that whose first cell begins with `key`; see `put`."""
    put(page, name, lambda text: with_row(text, key, lambda cells: [*cells[:-1], cell]))


def _found(page: str, name: str) -> re.Match[str]:
    name = re.escape(name)
    found = re.search(rf"<!-- {name}: [^\n]+ -->\n(.*?)<!-- end of {name} -->", page, re.DOTALL)
    if not found:
        raise InputError(f"no block from <!-- {name}: … --> to <!-- end of {name} --> in the page")
    return found
