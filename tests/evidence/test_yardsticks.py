"""The yardsticks: out-of-fold, paired, and named better or worse only where the interval excludes 0."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sweep.data.features import Column, Features
from sweep.data.folds import fold_of_row
from sweep.evidence.baselines import Against
from sweep.evidence.boosting import boost_out_of_fold, weighted_edges
from sweep.evidence.columns import SourceColumn, source_columns
from sweep.evidence.yardsticks import Yardstick
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import Estimate
from sweep.statistics.confusion import average_precision
from tests.made_evidence import Case


def table() -> tuple[tuple[SourceColumn, ...], TrialSetup]:
    """A category that tells, and a number with gaps that does not."""
    rng = np.random.default_rng(0)
    y = rng.permutation(np.repeat([0, 1], [240, 60]))
    level = np.where(rng.random(300) < 0.85, y, 1 - y)
    noise = np.where(rng.random(300) < 0.2, np.nan, rng.normal(size=300))
    features = Features((Column("state", "category", ("a", "b")), Column("noise", "number")))
    columns = source_columns(features, np.column_stack([np.eye(2)[level], noise]))
    units = np.arange(300)
    return columns, TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 2, 64, "precision", 0)


def test_boosting_learns_from_categories_and_gaps_as_they_are() -> None:
    """If it failed, the yardstick would be too short, and the network pass for better than it is."""
    columns, setup = table()
    assert (average_precision(setup.y, boost_out_of_fold(columns, setup)) or 0) > 0.4


def test_boosting_sees_nothing_of_the_rows_that_it_is_scored_on() -> None:
    """If it failed, the yardstick would be flattered: no network could reach it."""
    columns, setup = table()
    clean = boost_out_of_fold(columns, setup)
    held_out = setup.fold_of_row == 0
    spoilt = replace(setup, y=np.where(held_out, 1 - setup.y, setup.y))
    np.testing.assert_array_equal(boost_out_of_fold(columns, spoilt)[held_out], clean[held_out])


def test_weighted_numbers_are_in_the_bins_that_scikit_learn_sorts_them_into(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, the yardstick would be another than scikit-learn's, whose own search for the edges takes long."""
    rng = np.random.default_rng(0)
    y, units = (np.arange(4000) < 300).astype(int), np.arange(4000)
    plain, tied, few = rng.normal(size=4000) + y, np.maximum(rng.normal(size=4000) + y, 0), rng.integers(0, 9, 4000)
    gaps = np.where(rng.random(4000) < 0.2, np.nan, rng.normal(size=4000) + y)
    numbers, times = (plain, tied, few.astype(float), gaps), np.ones(4000)
    columns = [SourceColumn(str(k), (k,), (of,), (None,)) for k, of in enumerate(numbers)]
    sample = (y == 1) | (rng.random(4000) < 0.7)
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 2, 64, "precision", 0, sample=sample)
    ours = boost_out_of_fold(columns, setup)
    monkeypatch.setattr("sweep.evidence.boosting.SUBSAMPLED", 0)
    np.testing.assert_array_equal(ours, boost_out_of_fold(columns, setup))
    counts = [None if edges is None else len(edges) for edges in (weighted_edges(of, times) for of in numbers)]
    assert counts == [254, 134, None, 254], "half of the tied ones share a bin, and few need no edges"


def test_boosting_copies_no_more_of_the_table_than_a_fold_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, ten million rows would lie in memory once more than need be."""
    columns, setup = table()
    copied: list[int] = []
    plain = np.stack

    def counted(arrays: Sequence[np.ndarray], **given: Any) -> Any:
        copied.append(len(arrays[0]))
        return plain(arrays, **given)

    monkeypatch.setattr("sweep.evidence.boosting.np.stack", counted)
    boost_out_of_fold(columns, setup)
    assert copied == [200, 100] * 3


def test_boosting_is_fitted_on_the_rows_that_the_networks_are() -> None:
    """If it failed, millions of rows would be boosted where networks see thousands; weights make the sums right."""
    columns, setup = table()
    sample = (setup.y == 1) | (np.arange(300) % 2 == 0)
    sampled, left_out = replace(setup, sample=sample), ~sample
    clean = boost_out_of_fold(columns, sampled)
    spoilt = [
        replace(column, values=tuple(np.where(left_out, 1 - of, of) for of in column.values)) for column in columns
    ]
    np.testing.assert_array_equal(boost_out_of_fold(spoilt, sampled)[~left_out], clean[~left_out])
    whole = boost_out_of_fold(columns, setup)
    assert abs((1 / (1 + np.exp(-clean))).mean() - (1 / (1 + np.exp(-whole))).mean()) < 0.05
    for fold in range(3):
        rows, times = sampled.stand_ins(fold)
        assert sample[rows].all()
        assert abs(times.sum() - np.sum(setup.fold_of_row != fold)) < 1e-9


def test_better_and_worse_are_said_only_where_the_interval_excludes_zero() -> None:
    """If it failed, noise would be sold as a finding, or the signs be turned round."""
    for low, high, finding in ((-0.1, -0.01, "better"), (0.01, 0.1, "worse"), (-0.1, 0.0, "not told apart")):
        difference = Estimate((low + high) / 2, low, high)
        assert Yardstick(0.5, 0.5, Against(difference, difference)).finding == finding


def test_the_verdict_holds_every_yardstick_of_the_contract(case: Case) -> None:
    """If it failed, programs that read result.json would miss what it promises."""
    found = case.evidence.yardsticks
    assert found.best_column.column == "dose"
    assert found.boosting.seconds is not None
    for one in (found.boosting, found.logistic_regression, found.best_column):
        assert 0 <= one.score <= 1
        assert one.against.score.low <= one.against.score.value <= one.against.score.high
