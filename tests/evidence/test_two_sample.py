"""The two-sample test: equal tables are not told apart, others are, by the columns that differ."""

import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.document import Document
from sweep.evidence.columns import SourceColumn
from sweep.evidence.two_sample import ROWS, TIMES, Rows, TwoSampleTest, compare_tables, rows_compared, say_two_sample
from sweep.parallel.workers import Workers
from sweep.stack.design import Design
from sweep.stack.recipe import Committee, Recipe


def rows(seed: int, size: int, *, shift: float = 0.0, south: float = 0.5) -> Rows:
    """A table of `age`, some of it missing, `noise` and `site`; groups of one row."""
    rng = np.random.default_rng(seed)
    age, noise = rng.normal(shift, size=size), rng.normal(size=size)
    age[rng.random(size) < 0.1] = np.nan
    return of_columns(age, noise, (rng.random(size) < south).astype(float))


def of_columns(age: np.ndarray, noise: np.ndarray, site: np.ndarray) -> Rows:
    columns = (
        SourceColumn("age", (0,), (age,), (None,)),
        SourceColumn("noise", (1,), (noise,), (None,)),
        SourceColumn("site", (2, 3), (site,), (("north", "south"),)),
    )
    return Rows(np.column_stack([age, noise, site == 0, site == 1]), np.arange(len(age)), columns)


class Short(Workers):
    """Workers that train briefly and remember the last design."""

    design: Design

    def fit(self, X: np.ndarray, design: Design, recipe: Recipe | Committee, *, seed: int) -> Any:
        self.design = design
        assert isinstance(recipe, Recipe)
        return super().fit(X, design, replace(recipe, epochs=20), seed=seed)


def compared(training: Rows, test: Rows, workers: Workers | None = None) -> TwoSampleTest:
    found = compare_tables(training, test, seed=0, workers=workers or Short())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def shifted() -> TwoSampleTest:
    """Of a table whose ages and sites are others."""
    return compared(rows(0, 400), rows(1, 100, shift=1.5, south=0.95))


def test_rows_of_one_distribution_are_not_told_apart() -> None:
    """If it failed, a user would be told that a table drawn as the training table was is another."""
    found = compared(rows(0, 400), rows(1, 100))
    assert found.p > found.level
    assert not found.found
    assert not found.columns
    assert found.average_precision == pytest.approx(found.by_chance, abs=0.1)
    assert found.says.startswith(
        "No network told the test table's rows from the training table's (average precision 0."
    )


def test_a_shifted_table_is_told_apart_by_the_columns_that_differ(shifted: TwoSampleTest) -> None:
    """If it failed, a table from elsewhere would pass for one of here, or the wrong column would be looked at."""
    assert (shifted.p, shifted.shuffles, shifted.rows, shifted.test_rows) == (0.01, 99, 500, 100)
    assert shifted.average_precision > shifted.by_chance + 0.2
    assert [column.name for column in shifted.columns] == ["age", "site"]
    assert all(1 >= column.difference > column.by_chance >= 0 for column in shifted.columns)
    assert shifted.says == (
        "The test table differs from the training table: a network tells their rows apart (average precision "
        f"{shifted.average_precision:.2f}, by chance {shifted.by_chance:.2f}; p at most 0.01); most by `age`, `site`."
    )
    assert say_two_sample(shifted) == shifted.says


def test_equal_rows_of_both_tables_stay_in_one_fold_and_groups_too() -> None:
    """If it failed, a network would know a test row by its copies, or by others of its group."""
    training, test, short = rows(0, 60), rows(0, 60), Short()
    found = compared(training, replace(test, groups=np.arange(60) // 2), short)
    folds = short.design.fold_of_row
    assert folds is not None
    pairs = np.sort(folds.reshape(2, 30, 2), axis=None).reshape(3, 40)
    assert (np.ptp(pairs, axis=1) == 0).all(), "the folds differ in size"
    assert (folds[:60] == folds[60:]).all(), "copies of a row were held out apart"
    assert (folds[60::2] == folds[61::2]).all(), "rows of a group were held out apart"
    labels = short.design.Y[:, :: short.design.folds]
    assert (labels[:, 0] == np.repeat([0, 1], 60)).all()
    assert (labels[:60] + labels[60:] == 1).all(), "a shuffle gave copies labels that no such pair has"
    assert not found.found


def test_tables_of_too_few_rows_or_groups_are_not_compared() -> None:
    """If it failed, a run with a tiny test table would end with an error, after all of its search."""
    one = rows(0, 60)
    assert compare_tables(one, rows(1, 9), seed=0, workers=Short()) is None
    tied = replace(rows(1, 30), groups=np.arange(30) // 15)
    assert compare_tables(one, tied, seed=0, workers=Short()) is None


@given(st.integers(10, 10**6), st.integers(10, 10**6))
def test_so_many_rows_are_drawn_that_the_test_takes_seconds(training: int, test: int) -> None:
    """If it failed, a table of millions would be compared for hours, or one table's rows would hardly count."""
    some = rows_compared(training, test)
    assert sum(some) <= ROWS
    assert 10 <= some[0] <= min(training, TIMES * some[1])
    assert 10 <= some[1] <= min(test, TIMES * some[0])


@dataclass(frozen=True)
class Kept(Document):
    """A document that holds the test, or none, as the verdict does."""

    two_sample: TwoSampleTest | None


def test_a_document_gives_it_back(shifted: TwoSampleTest) -> None:
    """If it failed, a finished study could not be shown."""
    for kept in (Kept(shifted), Kept(None)):
        assert Kept.from_dict(json.loads(json.dumps(kept.to_dict(), allow_nan=False))) == kept
