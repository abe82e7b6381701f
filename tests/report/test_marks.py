"""Blocks of a page that commands print; and that the README's tables are such blocks, all of them."""

import re
from pathlib import Path

import pytest

import mirrorjax
from mirrorjax.errors import InputError
from mirrorjax.report.page.marks import between_marks, block, put, with_row

PAGE = "before\n<!-- one: make one -->\nold\n<!-- end of one -->\nafter\n"
README = Path(mirrorjax.__file__).parent.parent / "README.md"


def test_what_is_around_a_block_stays():
    assert block(PAGE, "one") == "old\n"
    made = between_marks(PAGE, "one", "new\nold\n")
    assert made == PAGE.replace("old\n", "new\nold\n")
    assert between_marks(made, "one", "old\n") == PAGE


@pytest.mark.parametrize("page", ["nothing", "<!-- one: x -->\nold\n", PAGE.replace("one", "two")])
def test_a_page_without_the_block_is_refused(page: str, tmp_path: Path):
    file = tmp_path / "page.md"
    file.write_text(page)
    with pytest.raises(InputError, match=r"page\.md: no block from <!-- one: … --> to <!-- end of one --> in the page"):
        put(file, "one", "new\n")
    assert file.read_text() == page


def test_a_page_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"nowhere\.md: No such file"):
        put(tmp_path / "nowhere.md", "one", "new\n")


def test_one_row_is_changed():
    table = "| a | b |\n|---|---|\n| `x` (first) | 1 |\n| `xy` | 2 |\n"
    changed = with_row(table, "`x`", lambda cells: [*cells[:-1], "3"])
    assert changed == table.replace("| 1 |", "| 3 |")
    assert with_row(table, "`z`", lambda cells: []) == table


def test_every_table_of_the_readme_is_a_block_that_names_its_command():
    page = README.read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- ([\w ]+): ([^\n]+) -->\n(.*?)<!-- end of \1 -->", page, re.DOTALL)
    assert {name for name, *_ in blocks} >= {"acceptance", "experiments", "units", "bench"}
    assert all(re.match(r"make |mirrorjax |python analysis/", command) for _, command, _ in blocks)
    for _, _, text in blocks:
        page = page.replace(text, "")
    assert [line for line in page.splitlines() if line.startswith("|")] == []
