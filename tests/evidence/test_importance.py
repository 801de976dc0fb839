"""Importance: what the network goes by falls, noise does not, and groups move whole inside their fold."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.data.features import Column, Features
from sweep.data.folds import fold_of_row
from sweep.evidence.columns import source_columns
from sweep.evidence.importance import measure_importance, permute_groups
from sweep.parallel.workers import Workers
from sweep.search.budget import Budget
from sweep.search.setup import TrialSetup
from sweep.study.params import Params
from tests.made_evidence import Case, count_scored


def test_the_column_that_tells_comes_first_and_noise_is_near_nothing(case: Case) -> None:
    """If it failed, a reader would look for the meaning of a model in the wrong column."""
    first, second = case.evidence.importance
    assert (first.column, second.column) == ("dose", "noise")
    assert first.low > 0.1
    assert second.low <= 0.05
    for one in (first, second):
        assert one.low <= one.value <= one.high


@given(st.integers(0, 1000), st.lists(st.integers(1, 4), min_size=4, max_size=20))
def test_every_row_of_a_fold_is_taken_once_and_copies_stay_alike(seed: int, sizes: list[int]) -> None:
    """If it failed, values would leak from fold to fold, or copies of a row be told apart."""
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    folds = rng.integers(0, 2, len(sizes))[groups]
    taken = permute_groups(groups, folds, rng)
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        assert sorted(taken[rows]) == rows.tolist()


def test_groups_of_one_size_exchange_their_values_whole() -> None:
    """If it failed, a row group would hold values of several others: the permuted table would be noisier than asked."""
    groups = np.repeat(np.arange(10), 3)
    taken = permute_groups(groups, np.zeros(30, int), np.random.default_rng(0))
    assert (np.ptp(groups[taken].reshape(10, 3), axis=1) == 0).all()


def test_the_networks_that_gave_the_logits_are_not_trained_again(case: Case) -> None:
    """If it failed, a verdict would train networks that the run had a minute ago, or look into others."""
    selection, setup = case.selection, case.setup
    taken = selection.picks[selection.equal]
    assert taken.networks is not None
    assert [pick.networks for name, pick in selection.picks.items() if name != selection.equal] == [None] * 3
    design = setup.cross_validation([taken.most], repeats=selection.repeats)
    logits = design.out_of_fold(taken.networks.logits(case.X, design.held_out))[:, 0]
    np.testing.assert_allclose(logits, taken.logits, rtol=0, atol=1e-5)
    columns = source_columns(Features((Column("dose", "number"), Column("noise", "number"))), case.X)
    params, nobody = replace(selection.winner.params, most=taken.most), cast(Workers, None)
    of = case.X, setup, params, columns, taken.logits.mean(axis=1)
    budget = Budget(setup, 2, np.inf)
    kept = measure_importance(*of, repeats=selection.repeats, networks=taken.networks, workers=nobody, budget=budget)
    again = measure_importance(*of, repeats=selection.repeats, workers=Workers(), budget=budget)
    for one, other in zip(kept, again, strict=True):
        assert one.column == other.column
        assert one.value == pytest.approx(other.value, abs=1e-3)


def test_rows_that_stand_for_all_are_scored_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, each column of a million rows would be scored whole, of which few rows enter into a number."""
    monkeypatch.setattr("sweep.statistics.bootstrap.THIN", 200)
    rng = np.random.default_rng(0)
    y = (np.arange(1000) < 60).astype(int)
    X = rng.normal(size=(1000, 2)) + np.outer(y, [3, 0])
    columns = source_columns(Features((Column("tells", "number"), Column("noise", "number"))), X)
    units = np.arange(1000)
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 20, 64, "precision", 0)
    scored = count_scored(monkeypatch)
    given: dict[str, Any] = {"repeats": 1, "workers": Workers(), "budget": Budget(setup, 2, np.inf)}
    first, second = measure_importance(X, setup, Params(0.8, 1, 8), columns, X[:, 0], **given)
    assert (first.column, second.column) == ("tells", "noise")
    assert scored[1:] == [5 * scored[0]] * 2, "not every column was permuted five times"
    assert 100 < scored[0] < 300


def test_a_search_that_took_little_has_each_column_permuted_less_often(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it failed, a table of 200 columns whose trees take long to score would wait for this longest of all."""
    selection, setup = case.selection, case.setup
    taken = selection.picks[selection.equal]
    columns = source_columns(Features((Column("dose", "number"), Column("noise", "number"))), case.X)
    params = replace(selection.winner.params, most=taken.most)
    once = 2 * selection.repeats * Budget(setup, 2, 0.0).scoring(params, len(case.X))
    more: dict[str, Any] = {"repeats": selection.repeats, "networks": taken.networks, "workers": Workers()}
    for spent, draws in ((5 * 3.5 * once, 3), (0.0, 1)):
        scored = count_scored(monkeypatch)
        measure_importance(
            case.X, setup, params, columns, taken.logits.mean(axis=1), budget=Budget(setup, 2, spent), **more
        )
        assert sum(scored) == (1 + 2 * draws) * len(case.X)
        monkeypatch.undo()


def test_tables_scored_at_once_are_those_scored_one_by_one(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a permuted column would stay so while the next one is, or a draw be scored as another."""
    selection = case.selection
    taken = selection.picks[selection.equal]
    columns = source_columns(Features((Column("dose", "number"), Column("noise", "number"))), case.X)
    of = case.X, case.setup, replace(selection.winner.params, most=taken.most), columns, taken.logits.mean(axis=1)
    more: dict[str, Any] = {"repeats": selection.repeats, "networks": taken.networks, "workers": Workers()}
    more["budget"] = Budget(case.setup, 2, np.inf)
    at_once = measure_importance(*of, **more)
    monkeypatch.setattr("sweep.evidence.importance.ENTRIES", 1)
    assert [one.column for one in at_once] == ["dose", "noise"]
    for one, other in zip(at_once, measure_importance(*of, **more), strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-6)
        assert one.low == pytest.approx(other.low, abs=1e-6)
