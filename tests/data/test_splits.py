"""The columns of times and of the user's own folds: read, refused, and what is said of them."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sweep.data.folds import blocks_by_time
from sweep.data.held_out import load_test
from sweep.data.table import hold_out, load_table
from sweep.errors import TableError
from sweep.validation import NEVER, trained_on


@st.composite
def timed(draw: Any) -> Any:
    """Return y, groups and times, in no order, some tied; and folds."""
    rows = draw(st.integers(8, 60))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows)))
    groups = np.array(draw(st.lists(st.integers(0, rows), min_size=rows, max_size=rows)))
    times = np.array(draw(st.lists(st.integers(0, 30), min_size=rows, max_size=rows)), float)
    return y, groups, times, draw(st.integers(2, 4))


@given(timed())
def test_no_block_is_trained_on_what_comes_after_it_begins(table: Any) -> None:
    """If it failed, a forward validation would have seen the future, or a copy of a row that it scores."""
    y, groups, times, folds = table
    assume(0 < y.sum() < len(y))
    try:
        fold = blocks_by_time(y, groups, times, folds)
    except TableError:
        return
    assert set(fold.tolist()) == {NEVER, *range(folds)}
    for group in np.unique(groups):
        assert len(set(fold[groups == group])) == 1
    ends = np.array([times[groups == group].max() for group in groups])  # when a row's group is whole
    for k in range(folds):
        known = trained_on(fold, k)
        assert times[known].max() <= ends[known].max() < ends[fold == k].min()
        assert set(y[fold == k].tolist()) == {0, 1}


def test_blocks_hold_equally_many_of_the_rarer_class() -> None:
    """If it failed, a block of a slow year would have too few positives to be scored."""
    rng = np.random.default_rng(0)
    y = (rng.random(2000) < np.linspace(0.02, 0.2, 2000)).astype(int)
    fold = blocks_by_time(y, np.arange(2000), np.arange(2000.0), 4)
    counts = np.bincount(fold[y == 1] + 1)
    assert counts.max() - counts.min() <= 1


def write(folder: Path, **columns: Any) -> Path:
    """A table of 24 rows, 12 positive, with columns of its own."""
    x = np.random.default_rng(0).normal(size=24).round(3)
    frame = pl.DataFrame({"x": x, "y": [0, 1] * 12, **columns})
    frame.write_csv(folder / "table.csv")
    return folder / "table.csv"


DAYS = [f"2026-01-{day:02d}" for day in range(1, 25)]


def test_the_time_of_a_row_orders_it_and_is_no_feature(tmp_path: Path) -> None:
    """If it failed, networks would extrapolate over the calendar, or dates would be ordered as text."""
    table = load_table(
        write(tmp_path, when=[f"{day}.1.2026" for day in range(1, 25)]), target="y", positive="1", time="when"
    )
    assert table.frame.columns == ["x"]
    fold, notes = hold_out(table, 2, 0)
    assert fold.tolist() == [NEVER] * 8 + [0] * 8 + [1] * 8
    assert "2 blocks, the first from 2026-01-09 on, the last from 2026-01-17," in notes[0]
    assert "the first 8 rows are trained on and never scored" in notes[0]
    plain = load_table(write(tmp_path), target="y", positive="1")
    assert plain.fingerprint != table.fingerprint, "a study would be resumed though the times are others"
    assert {c["name"]: c["why"] for c in table.columns}["when"] == "--time"


@pytest.mark.parametrize(
    ("columns", "named", "message"),
    [
        ({"when": ["a", "b"] * 12}, {"time": "when"}, "must hold dates or numbers.*kind 'category'"),
        ({"when": [f"{hour}:15" for hour in range(24)]}, {"time": "when"}, "times of day"),
        ({"when": [None, *range(23)]}, {"time": "when"}, "every row needs a time; 'when' is blank in 1 rows, row 1"),
        ({"when": [1] * 12 + [2] * 12}, {"time": "when"}, "3 folds by time need 4 blocks.*2 times apart.*fewer folds"),
        ({}, {"time": "y"}, "the target is no column"),
        ({}, {"time": "never"}, "'never'"),
        ({"part": [1] * 24}, {"fold": "part"}, "2 to 100 different values.*holds 1"),
        ({"part": [None, *[1, 2] * 11, 1]}, {"fold": "part"}, "every row needs a fold"),
        (
            {"part": ["a"] * 23 + ["b"]},
            {"fold": "part"},
            "every fold must hold both classes.*'b' holds no negative row",
        ),
        (
            {"part": ["a"] * 12 + ["b"] * 12, "who": [*range(12), *range(12)]},
            {"fold": "part", "group": "who"},
            "rows of one group must lie in one fold; 'part' parts 12 groups of 'who'",
        ),
    ],
)
def test_what_cannot_hold_rows_out_is_refused(
    tmp_path: Path, columns: dict[str, Any], named: dict[str, Any], message: str
) -> None:
    """If it failed, rows would be held out in an order that means nothing."""
    with pytest.raises(TableError, match=message):
        hold_out(load_table(write(tmp_path, **columns), target="y", positive="1", **named), 3, 0)


def test_own_folds_are_taken_as_they_are(tmp_path: Path) -> None:
    """If it failed, a user's hospitals would be mixed, or copies across them would go unsaid."""
    table = load_table(
        write(tmp_path, part=["b"] * 10 + ["a"] * 14, x=[k + 0.5 for k in range(12)] * 2),
        target="y",
        positive="1",
        fold="part",
    )
    fold, _ = hold_out(table, 5, 0)
    assert fold.tolist() == [1] * 10 + [0] * 14
    assert table.frame.columns == ["x"]
    assert "folds are those of 'part': 2" in table.notes
    assert any(note.startswith("20 rows have an equal one in another of these folds") for note in table.notes)


def test_a_date_column_without_time_is_pointed_out(tmp_path: Path) -> None:
    """If it failed, folds that know the future would flatter a forecast, and nothing would say so."""
    path = write(tmp_path, when=DAYS)
    asked = "--time when"
    assert any(asked in note for note in load_table(path, target="y", positive="1").notes)
    assert not any(asked in note for note in load_table(path, target="y", positive="1", time="when").notes)


def test_a_test_table_within_the_training_time_is_said(tmp_path: Path) -> None:
    """If it failed, a test on rows of the same time would pass for a forecast."""
    table = load_table(write(tmp_path, when=DAYS), target="y", positive="1", time="when")
    within, after = tmp_path / "within.csv", tmp_path / "after.csv"
    pl.DataFrame({"x": [0.1, 0.2], "y": [0, 1], "when": ["2026-01-24", "2026-02-01"]}).write_csv(within)
    pl.DataFrame({"x": [0.1, 0.2], "y": [0, 1], "when": ["2026-02-01", "2026-02-02"]}).write_csv(after)
    assert any(
        "1 of 2 test rows lie within the time trained on, which ends at 2026-01-24" in note
        for note in load_test(within, table).notes
    )
    assert not load_test(after, table).notes
