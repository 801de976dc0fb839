"""Each column alone: what tells the class is found and asked about, what does not is left in peace."""

import time
from typing import Any

import numpy as np
import pytest

from sweep.data.features import Column, Features
from sweep.data.folds import fold_of_row
from sweep.evidence.columns import check_columns_alone, find_alarms, score_column, score_columns, source_columns

ROWS, POSITIVES = 600, 60
RNG = np.random.default_rng(0)
Y = RNG.permutation(np.repeat([0, 1], [ROWS - POSITIVES, POSITIVES]))
FOLDS = fold_of_row(Y, np.arange(ROWS), 5, 0)


def of(values: np.ndarray, name: str = "x") -> Any:
    """The columns of a table with one number."""
    return source_columns(Features((Column(name, "number"),)), values[:, None].astype(float))


def lengths_given(monkeypatch: pytest.MonkeyPatch, function: str, place: int) -> list[int]:
    """The length of one argument of a function of NumPy, call by call, from now on."""
    lengths: list[int] = []
    plain = getattr(np, function)

    def counted(*arguments: np.ndarray) -> Any:
        lengths.append(len(arguments[place]))
        return plain(*arguments)

    monkeypatch.setattr(f"sweep.evidence.columns.np.{function}", counted)
    return lengths


def alarms(values: np.ndarray, whole: float | None = None) -> list[str]:
    columns = of(values)
    return [alarm.kind for alarm in find_alarms([score_column(c, Y, FOLDS)[0] for c in columns], columns, whole)]


@pytest.mark.parametrize(
    "leak", [Y.astype(float), np.where(Y == 1, 3.0, np.nan), np.where((Y == 1) & (RNG.random(ROWS) < 0.7), 9.0, 1.0)]
)
def test_a_column_known_only_afterwards_is_asked_about_before_anything_is_trained(leak: Any) -> None:
    """If it failed, a table whose label leaks would be called workable without a word."""
    features = Features((Column("leak", "number"),))
    (alarm,) = check_columns_alone(features, leak[:, None], Y, FOLDS)
    assert (alarm.kind, alarm.column) == ("leak", "leak")
    assert "known when the prediction is made" in alarm.says


def test_a_good_column_beside_a_better_model_raises_no_alarm() -> None:
    """If it failed, honest columns would be called leaks on clean tables."""
    assert alarms(RNG.normal(size=ROWS) + 1.5 * Y, whole=0.9) == []
    assert alarms(RNG.normal(size=ROWS)) == []


def test_a_column_as_good_as_the_model_is_asked_about() -> None:
    """If it failed, a model that goes by one column alone would not be doubted."""
    good = RNG.normal(size=ROWS) + 4 * Y
    (column,) = of(good)
    area = score_column(column, Y, FOLDS)[0].average_precision
    assert area > 0.8
    assert "leak" in alarms(good, whole=area)


def test_what_a_common_class_gives_by_chance_raises_no_alarm() -> None:
    """If it failed, every column would be called a leak where nine of ten rows are positive."""
    columns = of(RNG.normal(size=ROWS) + 0.5 * (1 - Y))
    score = score_column(columns[0], 1 - Y, FOLDS)[0]
    assert (score.prevalence, score.average_precision > 0.9) == (0.9, True)
    assert find_alarms([score], columns, 0.98) == ()


@pytest.mark.parametrize("numbers", [np.arange(ROWS), RNG.permutation(ROWS) + 17, -3 * np.arange(ROWS)])
def test_numbers_of_the_rows_raise_the_index_alarm(numbers: Any) -> None:
    """If it failed, a row number that tells the label by its order would pass for a feature."""
    assert alarms(numbers) == ["index"]


def test_counts_and_dates_with_gaps_are_no_index() -> None:
    """If it failed, every column of whole numbers would be doubted."""
    assert alarms(RNG.integers(0, 50, ROWS)) == []
    assert alarms(RNG.normal(size=ROWS)) == []


def test_bins_are_chosen_on_the_other_folds() -> None:
    """If it failed, a column of noise would be flattered by the rows that score it."""
    scores = [score_column(of(RNG.normal(size=ROWS))[0], Y, FOLDS)[0].average_precision for _ in range(10)]
    assert np.mean(scores) == pytest.approx(POSITIVES / ROWS, abs=0.03)


def test_a_category_is_scored_by_its_levels_and_named_by_the_one_that_tells() -> None:
    """If it failed, a level that gives the class away would be missed, or the wrong one be named."""
    features = Features((Column("state", "category", ("closed", "open", None)),))
    level = np.where(Y == 1, 0, np.where(RNG.random(ROWS) < 0.9, 1, 2))
    (column,) = source_columns(features, np.eye(3)[level])
    found, _ = score_column(column, Y, FOLDS)
    assert found.average_precision == pytest.approx(1.0)
    assert found.rule == "where it is closed"


LEVELS = Features((Column("x", "category", ("late", "broken", None)),))


@pytest.mark.parametrize("kind", ["number", "category"])
@pytest.mark.parametrize("told", [True, False])
def test_a_column_that_tells_by_being_missing_or_not_is_named_by_that(kind: str, told: bool) -> None:
    """If it failed, a reader would look for a value that tells, where having one at all is what tells."""
    given = Y == 1 if told else Y == 0
    if kind == "number":
        (column,) = of(np.where(given, RNG.normal(size=ROWS), np.nan))
    else:
        (column,) = source_columns(LEVELS, np.eye(3)[np.where(given, RNG.integers(0, 2, ROWS), 2)])
    assert score_column(column, Y, FOLDS)[0].rule == f"where it is {'given' if told else 'missing'}"


def test_a_value_that_tells_is_named_beside_missing_ones() -> None:
    """If it failed, a range of numbers that tells would be hidden behind gaps that do not."""
    values = np.where(RNG.random(ROWS) < 0.3, np.nan, 10.0 * Y + RNG.normal(size=ROWS))
    assert score_column(of(values)[0], Y, FOLDS)[0].rule.startswith("above ")


def test_columns_that_come_of_another_are_gathered_under_its_name() -> None:
    """If it failed, the month of a date would be permuted or doubted apart from the date."""
    features = Features((Column("day", "number"), Column("day month", "number"), Column("age", "number")))
    found = source_columns(features, np.zeros((4, 3)), {"day month": "day"})
    assert [(column.name, column.parts) for column in found] == [("day", (0, 1)), ("age", (2,))]


def test_a_hundred_columns_are_checked_within_seconds() -> None:
    """If it failed, the check before a search would keep its user waiting."""
    features = Features(tuple(Column(f"x{k}", "number") for k in range(100)))
    X = RNG.normal(size=(ROWS, 100))
    started = time.process_time()
    check_columns_alone(features, X, Y, FOLDS)
    assert time.process_time() - started < 5


def test_quantiles_of_a_large_table_are_those_of_some_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, each column of millions of rows would be sorted once per fold, or a leak in one be overlooked."""
    monkeypatch.setattr("sweep.evidence.columns.SORTED", 100)
    taken = lengths_given(monkeypatch, "quantile", 0)
    assert alarms(RNG.normal(size=ROWS) + 20 * Y, whole=0.9) == ["leak"]
    assert 100 <= max(taken) < 200


def test_numbers_are_looked_at_where_they_lie_and_the_logits_of_one_column_are_kept() -> None:
    """If it failed, evidence would hold a second copy of ten million rows, and a third of out-of-fold logits."""
    X = np.column_stack([RNG.normal(size=ROWS), RNG.normal(size=ROWS) + 2 * Y, RNG.normal(size=ROWS)])
    columns = source_columns(Features(tuple(Column(name, "number") for name in "abc")), X)
    assert all(np.shares_memory(column.values[0], X) for column in columns)
    scores, best, alone = score_columns(columns, Y, FOLDS)
    each = [score_column(column, Y, FOLDS) for column in columns]
    assert [found for found, _ in each] == scores
    assert best is scores[1]
    np.testing.assert_array_equal(alone, each[1][1])


def test_values_are_sorted_into_cells_once_for_all_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, each column of ten million rows would be searched eleven times, for a minute in all."""
    searched = lengths_given(monkeypatch, "searchsorted", 1)
    score_columns(of(RNG.normal(size=ROWS) + Y), Y, FOLDS)
    assert searched == [ROWS]
