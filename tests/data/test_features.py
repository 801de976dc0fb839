"""Table columns as X: which columns come out, and that the same row always gives the same X."""

import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.data.cells import plain
from sweep.data.features import MOST_LEVELS, RARE, Column, Features
from sweep.errors import TableError

FRAME = pl.DataFrame(
    {
        "age": [30, None, 50] * 5,
        "sex": ["F", "M", None] * 5,
        "ill": [True, None, False] * 5,
        "town": ["once", *["often"] * 14],
    }
)


def test_learn_and_transform() -> None:
    """If this failed, X would hold other features than its names say."""
    features = Features.learn(FRAME)
    assert features.names == ("age", "sex=F", "sex=M", "sex=(missing)", "ill", "town=often")
    nan = np.nan
    expected = [[30, 1, 0, 0, 1, 0], [nan, 0, 1, 0, nan, 1], [50, 0, 0, 1, 0, 1]]
    np.testing.assert_array_equal(features.transform(FRAME)[:3], expected)


def test_columns_are_found_by_name() -> None:
    """If this failed, a test table with its columns in another order would be scored wrongly."""
    features = Features.learn(FRAME)
    shuffled = FRAME.select("town", "ill", pl.lit(1).alias("new"), "sex", "age")
    np.testing.assert_array_equal(features.transform(shuffled), features.transform(FRAME))
    with pytest.raises(TableError, match="lacks 'ill', 'town'"):
        features.transform(FRAME.drop("town", "ill"))


def test_rare_and_unseen_levels_are_one() -> None:
    """If this failed, an unseen level would stop the prediction or be taken for a known one."""
    features = Features.learn(FRAME)
    rows = FRAME.head(2).with_columns(town=pl.Series(["once", "new"]), sex=pl.Series(["X", "F"]))
    assert features.transform(rows)[:, [1, 2, 3, 5]].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("values", [["1", "2"], [1, 2], [1.0, 2.0]])
def test_a_category_that_comes_as_numbers(values: Any) -> None:
    """If this failed, codes that the test file happens to hold as numbers would all be unseen."""
    features = Features((Column("code", "category", ("1", "2", "A", None)),))
    X = features.transform(pl.DataFrame({"code": [*values, None]}))
    assert X.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


def test_a_category_that_comes_as_truth_values() -> None:
    """If this failed, a test file without the third answer would be all unseen."""
    features = Features((Column("q", "category", ("False", "True", "perhaps")),))
    assert features.transform(pl.DataFrame({"q": [True, False, None]})).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_numbers_that_come_as_text() -> None:
    """If this failed, a word among numbers would be scored as missing."""
    features = Features((Column("x", "number"),))
    assert features.transform(pl.DataFrame({"x": ["1.5", " 2", ""]}))[:2].tolist() == [[1.5], [2]]
    with pytest.raises(TableError, match=r"column 'x' must hold numbers.* row 2 holds 'two'"):
        features.transform(pl.DataFrame({"x": ["1", "two"]}))


def test_many_levels() -> None:
    """If this failed, a column of names would make X as wide as the table is long, or without a word."""
    names = [f"n{i:03}" for i in range(MOST_LEVELS + 20)]
    often = [name for i, name in enumerate(names) for _ in range(RARE + (i >= 20))]
    frame = pl.DataFrame({"city": often, "id": [str(i) for i in range(len(often))]})
    features = Features.learn(frame)
    assert features.columns[0].levels == tuple(names[20:])
    assert features.notes(frame) == (
        "left out, for holding no level in 5 rows or more: 'id'",
        "column 'city' has 120 levels: the 100 most frequent are kept apart, the others are one",
    )
    with pytest.raises(TableError, match="'id' gives none"):
        Features.learn(frame.select("id"))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "(missing)", "", None]), min_size=12, max_size=60))
def test_laws_of_one_hot(values: list[str | None]) -> None:
    """If this failed, a row would hold two levels of one column, or lose its level through JSON."""
    frame = pl.DataFrame({"s": pl.Series(values, dtype=pl.String), "x": np.arange(len(values))})
    features = Features.learn(frame)
    assert Features.from_dict(json.loads(json.dumps(features.to_dict()))) == features
    X = features.transform(frame)
    assert X.shape == (len(values), len(features.names))
    kept = [value in features.columns[0].levels for value in values]
    assert X[:, :-1].sum(axis=1).tolist() == kept
    for index, level in enumerate(features.columns[0].levels):
        assert X[:, index].tolist() == [value == level for value in values]
        assert X[:, index].sum() >= RARE


def test_a_tidy_column_of_numbers_is_not_copied() -> None:
    """If it failed, a table would lie in memory twice while it is read, or NaN and -0 pass for values of their own."""
    tidy = pl.Series("x", [1.5, 0.0, None, -2.0])
    assert np.shares_memory(plain(tidy).to_physical().to_arrow().buffers()[1], tidy.to_arrow().buffers()[1])
    assert plain(pl.Series("x", [1.5, float("nan")])).to_list() == [1.5, None]
    (zero,) = plain(pl.Series("x", [-0.0])).to_numpy()
    assert not np.signbit(zero)
