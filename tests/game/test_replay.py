"""Recorded turns of the published game: exact, and a recording that lies or is broken is found out."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mirrorjax.errors import InputError
from mirrorjax.game.replay import FIELDS, verify_turns

DATA = Path(__file__).parent.parent / "data"
COMPARED = {
    *("ground", "flies", "queue", "rate"),
    *(f"{who}.{name}" for who in ("frog", "toad") for name in ("column", "energy", "score", "symbol", "observation")),
}


def recording(turns: int = 60) -> dict[str, Any]:
    """The first turns of a recording, as a recording; its last state is no other turn's start."""
    with np.load(DATA / "turns_both_random.npz") as archive:
        fields = {name: archive[name] for name in archive.files}
    draws, rows = int(fields["t_dend"][turns - 1]), int(fields["t_after"][turns - 1]) + 1
    size = {"s": rows, "t": turns, "d": draws}
    return {name: values[: size[name[0]]].copy() for name, values in fields.items()}


def verify(tmp_path: Path, fields: dict[str, Any]):
    path = tmp_path / "turns.npz"
    np.savez(path, **fields)
    return verify_turns(path)


@pytest.mark.parametrize("name", ["turns_frog_hops", "turns_both_random"])
def test_recorded_turns_are_exact(name):
    result = verify_turns(DATA / f"{name}.npz")
    assert result.turns == 8500
    assert set(result.mismatches) == COMPARED
    assert result.exact, {field: count for field, count in result.mismatches.items() if count}


@pytest.mark.parametrize(
    ("field", "index", "found"),
    [
        ("s_ground", (-1, 3), "ground"),
        ("s_flies", (-1, 31), "flies"),
        ("s_queue", (-1, 5), "queue"),
        ("s_random_rate", (-1,), "rate"),
        *[(f"s_{name}", (-1, who), f"{player}.{shown}")
          for who, player in enumerate(("frog", "toad"))
          for name, shown in (("pos", "column"), ("energy", "energy"), ("score", "score"), ("symbol", "symbol"))],
        ("s_obs", (-1, 0, 40), "frog.observation"),
        ("s_obs", (-1, 1, 97), "toad.observation"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("by", [1, -1])
def test_one_changed_number_is_counted_in_its_field(tmp_path, field, index, found, by):
    fields = recording()
    if field in ("s_ground", "s_flies"):
        fields[field][index] = {"s_ground": 3, "s_flies": 1}[field] - fields[field][index]  # the other value
    elif field == "s_queue":
        fields[field][index] = 1  # a sixth tile: no play has it
    elif field == "s_random_rate":
        fields[field][index] += 0.005 * by
    else:
        fields[field] = fields[field].astype(int)
        fields[field][index] += by
    result = verify(tmp_path, fields)
    assert result.turns == 60 and not result.exact
    assert {name: count for name, count in result.mismatches.items() if count} == {found: 1}


def test_a_changed_draw_is_found(tmp_path):
    fields = recording()
    moves = np.flatnonzero((fields["d_kind"] == 1) & (fields["d_val"] == 1))
    fields["d_val"][moves[0]] = 2  # one fly went right instead of staying
    mismatches = verify(tmp_path, fields).mismatches
    assert mismatches["flies"] == 1
    assert {name for name, count in mismatches.items() if count} <= {"flies", "frog.observation", "toad.observation"}


def test_a_rate_that_is_not_a_number_is_a_difference(tmp_path):
    fields = recording()
    fields["s_random_rate"][-1] = np.nan
    assert verify(tmp_path, fields).mismatches["rate"] == 1


@pytest.mark.parametrize("field", list(FIELDS))
def test_a_missing_field_is_named(tmp_path, field):
    fields = recording()
    del fields[field]
    with pytest.raises(InputError, match=f"'{field}' is missing"):
        verify(tmp_path, fields)


@pytest.mark.parametrize("field", list(FIELDS))
@pytest.mark.parametrize("change", ["short", "flat", "text"])
def test_a_wrong_shape_or_type_is_named(tmp_path, field, change):
    fields = recording()
    values = fields[field]
    if change == "short":  # fewer than the other fields have; of a field with inner sizes, one column fewer
        fields[field] = values[:-1] if values.ndim == 1 else values[..., :-1]
    elif change == "flat":
        fields[field] = values[None]
    else:
        fields[field] = values.astype(str)
    # Of the fields that share a length, the first is the measure of the others.
    named = {"t_actor": "t_action", "d_kind": "d_val"}.get(field, field) if change == "short" else field
    with pytest.raises(InputError, match=rf"field '{named}' is .*expected numbers \["):
        verify(tmp_path, fields)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("t_actor", 2, "t_actor must be 0 or 1"),
        ("t_action", 4, r"t_action 0\.\.3"),
        ("t_before", 61, r"'t_before' must be integers of 0\.\."),
        ("t_after", 10_000, r"'t_after' must be integers of 0\.\."),
        ("t_dend", 1_000_000, r"'t_dend' must be integers of 0\.\."),
    ],
)
def test_values_out_of_range_are_named(tmp_path, field, value, message):
    fields = recording()
    fields["s_extra"] = np.zeros(3)  # a field that nobody asked for does no harm
    fields[field] = fields[field].astype(np.int64)
    fields[field][-1] = value
    if field == "t_before":
        fields[field][-1] = len(fields["s_ground"])
    with pytest.raises(InputError, match=message):
        verify(tmp_path, fields)


def test_no_recording_at_all(tmp_path):
    with pytest.raises(InputError, match="not a readable"):
        verify_turns(tmp_path / "nowhere.npz")
    text = tmp_path / "text.npz"
    text.write_text("no zip file")
    with pytest.raises(InputError, match="not a readable"):
        verify_turns(text)
    cut = tmp_path / "cut.npz"
    cut.write_bytes((DATA / "turns_frog_hops.npz").read_bytes()[:5000])
    with pytest.raises(InputError, match="not a readable"):
        verify_turns(cut)


def test_an_empty_recording_proves_nothing(tmp_path):
    fields = {name: values[:0] for name, values in recording().items()}
    result = verify(tmp_path, fields)
    assert result.turns == 0 and not result.exact
