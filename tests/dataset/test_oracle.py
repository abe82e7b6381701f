"""Scenario and right answer: of recorded rows, of every awkward situation, off a picture and off a packed row."""

from itertools import product
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mirrorjax.dataset import oracle
from mirrorjax.dataset.row import pack, unpack
from mirrorjax.dataset.verify import verify_labels
from mirrorjax.errors import InputError
from tests.dataset import reference
from tests.dataset.test_row import plain_pictures, random_rows

LABELS = Path(__file__).parent.parent / "data" / "labels.npz"


def recording() -> dict[str, np.ndarray]:
    with np.load(LABELS) as archive:
        return {name: archive[name][:200].copy() for name in archive.files}


def verify(tmp_path: Path, **fields: np.ndarray):
    np.savez(tmp_path / "labels.npz", row=fields["row"], scenario=fields["scenario"], label=fields["label"])
    return verify_labels(tmp_path / "labels.npz")


def test_recorded_labels_are_exact():
    result = verify_labels(LABELS)
    assert result.rows == 15_198
    assert result.packed_rows == 12_194  # the others show distress on flat ground, or another sky
    assert result.exact, result.mismatches
    assert len(result.mismatches) == 4


@pytest.mark.parametrize("field", ["label", "scenario"])
def test_a_changed_answer_is_counted(tmp_path, field):
    fields = recording()
    fields[field][7] = 3 - fields[field][7]
    result = verify(tmp_path, **fields)
    assert not result.exact
    assert result.mismatches[field] == 1
    assert sum(result.mismatches.values()) == 1 + result.mismatches[f"{field} (packed row)"]


def test_broken_recordings_are_named(tmp_path):
    fields = recording()
    with pytest.raises(InputError, match=r"field 'row' is .*expected numbers \[rows, 100\]"):
        verify(tmp_path, **{**fields, "row": fields["row"][:, :99]})
    with pytest.raises(InputError, match=r"field 'label' is .*expected numbers \[200\]"):
        verify(tmp_path, **{**fields, "label": fields["label"][:-1]})
    with pytest.raises(InputError, match="column 99 of 'row'"):
        verify(tmp_path, **{**fields, "row": np.where(np.arange(100) == 99, 32, fields["row"])})
    np.savez(tmp_path / "less.npz", row=fields["row"], label=fields["label"])
    with pytest.raises(InputError, match="'scenario' is missing"):
        verify_labels(tmp_path / "less.npz")


def test_an_empty_recording_proves_nothing(tmp_path):
    assert not verify(tmp_path, **{name: values[:0] for name, values in recording().items()}).exact


@jax.jit
@jax.vmap
def of_row(words):
    seen = oracle.situation_of_row(unpack(words))
    return oracle.label(seen), oracle.scenario(seen), oracle.help_kind(seen), seen.shows_frog, seen.shows_toad


@jax.jit
@jax.vmap
def of_picture(view):
    seen = oracle.situation_of_picture(view)
    return oracle.label(seen), oracle.scenario(seen), oracle.help_kind(seen), seen.shows_frog, seen.shows_toad


def expected(views: list[list[int]], columns: list[int]) -> list[tuple]:
    return [
        (
            reference.label(view, column),
            reference.scenario(view, column),
            reference.help_kind(view, column),
            4 in view[32:64],
            5 in view[32:64],
        )
        for view, column in zip(views, columns, strict=True)
    ]


def test_random_rows_have_the_answers_of_the_plain_rules():
    row = random_rows(20_000, seed=3)
    answers = list(zip(*(np.asarray(a).tolist() for a in of_row(jax.jit(jax.vmap(pack))(row))), strict=True))
    assert answers == expected(plain_pictures(row), row.frog_column.tolist())
    assert {answer[0] for answer in answers} == {0, 1, 2, 3} and {answer[2] for answer in answers} == {0, 1, 2}


def test_every_picture_around_the_right_edge_and_elsewhere():
    """Synthetic pictures too: distress on flat ground, and both players in one cell."""
    views, columns = [], []
    for frog, toad, own, other, energy, tile in product(
        (0, 10, 24, 25, 26, 27, 29, 30, 31), (0, 10, 26, 30, 31), (4, 9), (5, 6, 9), (-1, 0, 1), (1, 2)
    ):
        view = [1] * 32 + [0] * 64 + [0, energy, 0, frog]
        view[min(frog + 1, 31)] = tile
        view[32 + frog] = own
        view[32 + toad] = other
        views.append(view)
        columns.append(frog)
    answers = zip(*(np.asarray(a).tolist() for a in of_picture(jnp.asarray(views, jnp.int32))), strict=True)
    assert list(answers) == expected(views, columns)


@pytest.mark.parametrize(
    ("energy", "column", "toad", "rough", "label", "kind"),
    [
        (0, 31, 10, (), "jump", 0),
        (1, 31, 10, (), "help", 1),
        (1, 31, 10, (10, 31), "help", 1),  # the edge rule looks at nobody
        (1, 26, 10, (10,), "help", 2),
        (1, 25, 10, (10,), "hop", 0),  # one column too far left to rescue
        (1, 26, 10, (10, 26), "hop", 0),  # Frog is in distress itself
        (1, 25, 10, (26,), "leap", 0),
        (1, 26, 10, (27,), "hop", 0),  # no room to leap: 26 + 5 is the last column
    ],
)
def test_the_right_answer(energy, column, toad, rough, label, kind):
    view = reference.picture([c in rough for c in range(32)], column, toad, 5, energy, ())
    view[99] = column
    found = [int(value) for value in jax.tree.map(lambda a: a[0], of_picture(jnp.asarray([view], jnp.int32)))]
    assert (oracle.LABELS[found[0]], found[2]) == (label, kind)
