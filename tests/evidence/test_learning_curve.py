"""The learning curve: what a share leaves of a column, when it cannot tell, and what doubling brings."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.data.folds import fold_of_row
from sweep.evidence.learning_curve import decide_by_other_folds, doubling, measure_learning_curve, score_points
from sweep.parallel.workers import Workers
from sweep.search.budget import Budget
from sweep.search.setup import TrialSetup
from sweep.stack.design import Design, cross_validation, positive_shares
from sweep.stack.network import Stack
from sweep.stack.recipe import Committee, Recipe
from sweep.statistics.bootstrap import average_precisions, row_draws
from sweep.statistics.confusion import average_precision
from sweep.study.params import Params
from tests.made_evidence import count_scored

Y = np.repeat([0, 1], [90, 30])


def shares_design(units: Any = None, shares: Any = (0.2, 0.5, 1.0), draws: int = 2) -> Any:
    units = np.arange(len(Y)) if units is None else units
    folds = fold_of_row(Y, units, 3, 0)
    return positive_shares(Y, units, folds, most=0.8, shares=shares, draws=draws, seed=0), folds


def test_zeroed_positives_leave_the_weighted_prior_and_the_negatives_alone() -> None:
    design, folds = shares_design()
    whole = cross_validation(Y, folds, most=[0.8], repeats=2, seed=0)
    W, full = (d.W.reshape(len(Y), -1, 2, 3) for d in (design, whole))
    assert np.allclose(W[:, 2], full[:, 0]), "all positives is not the column of the cross-validation"
    for share in range(3):
        assert np.allclose(W[Y == 0][:, share], full[Y == 0][:, 0]), "dropping positives changed the negatives"
        mass = W[Y == 1][:, share].sum(axis=0)
        assert np.allclose(mass, full[Y == 1][:, 0].sum(axis=0)), "recall would fall for the lower prior alone"
    kept = (W[Y == 1] > 0).sum(axis=0)
    assert (kept[0] == 4).all(), "a fifth of 20 training positives is not 4"
    assert (kept[1] == 10).all(), "half of 20 training positives is not 10"


def test_smaller_shares_lie_inside_larger_ones_and_share_their_start() -> None:
    design, _ = shares_design()
    live = design.W.reshape(len(Y), 3, 2, 3) > 0
    assert (live[:, 0] <= live[:, 1]).all(), "points of a draw are not nested: their difference is noisier than need be"
    assert (live[:, 1] <= live[:, 2]).all(), "points of a draw are not nested: their difference is noisier than need be"
    assert (live[:, 0, 0] != live[:, 0, 1]).any(), "two draws dropped the same positives"
    seeds = design.init_seed.reshape(3, 2, 3)
    assert (seeds == seeds[:1, :, :1]).all(), "shares of a draw start from other weights"
    assert seeds[0, 0, 0] != seeds[0, 1, 0], "two draws start from the same weights"


def test_copies_of_a_positive_stay_or_go_together() -> None:
    units = np.concatenate([np.arange(90), 90 + np.arange(30) // 3])
    design, _ = shares_design(units, draws=3)
    live = design.W > 0
    for unit in range(90, 100):
        copies = live[units == unit]
        assert (copies == copies[0]).all(), "a copy of a dropped positive was still trained on"


def test_too_few_positives_cannot_tell_and_train_nothing() -> None:
    y = np.repeat([0, 1], [60, 20])
    units = np.arange(80)
    small = TrialSetup(y, fold_of_row(y, units, 5, 0), units, 1, 2, 64, "precision", 0)
    nothing: Any = {"workers": None, "budget": None}
    found = measure_learning_curve(np.zeros((80, 2)), small, Params(0.8, 1, 8), np.zeros((80, 1)), **nothing)
    assert found.gain is None, "16 training positives make points of 8: too few for the rule"
    assert "16 positives" in str(found.why), "the reader is not told why the curve cannot tell"


def test_points_are_scored_on_all_held_out_rows() -> None:
    y = np.repeat([0, 1], [150, 60])
    units = np.arange(210)
    X = np.random.default_rng(0).normal(size=(210, 2)) + np.outer(y, [3, 0])
    easy = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 80, 64, "precision", 0)
    network, budget = Params(0.7, 1, 8), Budget(easy, 2, np.inf)
    found = measure_learning_curve(X, easy, network, X.sum(axis=1, keepdims=True), workers=Workers(), budget=budget)
    assert [p.positives for p in found.points] == [16, 20, 24, 32, 40], "the axis is not positives trained on"
    for p in found.points:
        for name in ("score", "average_precision", "recall"):
            low, value, high = (getattr(p, f"{name}{end}") for end in ("_low", "", "_high"))
            assert low <= value <= high, "an interval leaves its own value out"
    assert found.points[-1].score > 0.7, "an easy table scores badly: rows are counted that were trained on less"


def test_of_a_large_table_what_ranks_low_stands_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, ten million rows would be scored by dozens of networks, of which few rows enter into a number."""
    rng, units = np.random.default_rng(0), np.arange(3000)
    y = (units < 60).astype(int)
    X = rng.normal(size=(3000, 2)) + np.outer(y, [2, 0])
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 5, 64, "precision", 0)
    scored = count_scored(monkeypatch)
    of: Any = X, setup, Params(0.7, 1, 8), X[:, :1]
    brief = Budget(setup, 2, 0.0)
    whole = measure_learning_curve(*of, workers=Workers(), budget=brief).points
    monkeypatch.setattr("sweep.evidence.learning_curve.ROWS_SCORED", 800)
    part = measure_learning_curve(*of, workers=Workers(), budget=brief).points
    assert scored[0] == 3000
    assert 600 < scored[1] < 1000
    for one, other in zip(whole, part, strict=True):
        assert other.average_precision == pytest.approx(one.average_precision, abs=0.02)
        assert other.score == pytest.approx(one.score, abs=0.05)


def test_of_a_mean_the_best_member_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The curve would take as many times as long as the mean has members, to say the same."""
    trained = []
    plain = Workers.fit

    def fit(self: Workers, X: np.ndarray, design: Design, recipe: Recipe | Committee, *, seed: int) -> Stack:
        trained.append(recipe)
        return plain(self, X, design, recipe, seed=seed)

    monkeypatch.setattr(Workers, "fit", fit)
    y, units = np.repeat([0, 1], [150, 60]), np.arange(210)
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 1, 2, 64, "precision", 0)
    members = (Params(0.7, 1, 8), Params(0.7, 0, 8))
    X, of_mean, workers = np.zeros((210, 2)), Params.mean_of(members), Workers()
    found = measure_learning_curve(
        X, setup, of_mean, np.zeros((210, 1)), workers=workers, budget=Budget(setup, 2, np.inf)
    )
    assert trained == [setup.recipe(members[0])]
    assert [point.share for point in found.points] == [0.4, 0.5, 0.6, 0.8, 1.0]
    brief = measure_learning_curve(X, setup, of_mean, np.zeros((210, 1)), workers=workers, budget=Budget(setup, 2, 0.0))
    assert [point.share for point in brief.points] == [0.4, 0.5, 1.0], "it takes longer than the search did"


def test_what_was_trained_for_the_balance_is_not_trained_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a third of the curve of slow networks would be trained twice, or its last point be of another."""
    y, units = np.repeat([0, 1], [150, 60]), np.arange(210)
    X = np.random.default_rng(0).normal(size=(210, 2)) + np.outer(y, [1, 0])
    setup = TrialSetup(y, fold_of_row(y, units, 3, 0), units, 2, 5, 64, "precision", 0)
    network, budget = Params(0.7, 1, 8), Budget(setup, 2, 0.0)
    design, folds = setup.cross_validation([0.7]), 3
    logits = design.out_of_fold(Workers().fit(X, design, setup.recipe(network), seed=0).logits(X, design.held_out))[
        :, 0
    ]
    monkeypatch.setattr("sweep.evidence.learning_curve.DRAWS", 2)
    columns: list[int] = []
    plain = Workers.fit

    def fit(self: Workers, X: np.ndarray, design: Design, recipe: Recipe | Committee, *, seed: int) -> Stack:
        columns.append(design.columns)
        return plain(self, X, design, recipe, seed=seed)

    monkeypatch.setattr(Workers, "fit", fit)
    known, anew = (
        measure_learning_curve(X, setup, params, logits, workers=Workers(), budget=budget)
        for params in (network, Params.mean_of((network, network)))
    )
    assert columns == [2 * 2 * folds, 3 * 2 * folds]
    assert known == anew


def test_a_known_gain_is_measured() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=len(Y))
    weak, strong = noise + 0.5 * Y, noise + 6.0 * Y
    logits = np.stack([weak, weak, strong, strong], axis=1).reshape(len(Y), 2, 2)
    folds = fold_of_row(Y, np.arange(len(Y)), 3, 0)
    found = score_points(Y, np.arange(len(Y)), folds, logits, [0.5, 1.0], [10, 20], seed=0)
    half, whole = (average_precision(Y, z) for z in (weak, strong))
    assert found.gain is not None
    assert whole is not None
    assert half is not None
    assert found.gain.average_precision.from_half == pytest.approx(whole - half), "the gain is not all less half"
    assert found.gain.average_precision.low > 0.1, "a large gain is lost in its interval"


@given(st.floats(-1, 1), st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_doubling_brings_between_half_the_gain_and_all_of_it(from_half: float, drawn: list[float]) -> None:
    gain = doubling(from_half, np.array(drawn))
    least, most = sorted((from_half / 2, from_half))
    assert least <= gain.value <= most, "the estimate lies outside of what the exponents 0 to 1 allow"
    assert gain.low <= least, "the low end claims more than the steepest exponent gives"
    assert gain.high >= most, "the high end promises less than a concave curve may bring"


def test_a_fold_is_cut_where_the_other_folds_say() -> None:
    y = np.array([1, 0, 0, 0, 1, 0])
    logits = np.array([5.0, 4.0, 3.0, 2.5, 2.0, 1.0])
    called = decide_by_other_folds(logits, y, np.array([0, 0, 0, 1, 1, 1]))
    assert called.tolist() == [True, True, True, False, False, False], "a fold's own labels chose its cut"


@given(st.integers(0, 1000), st.integers(1, 4))
def test_weights_of_one_give_the_plain_average_precision(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    y = (rng.random(30) < 0.3).astype(int)
    y[0] = 1
    logits = rng.integers(0, 4**levels, 30).astype(float)  # with ties
    plain, double = average_precisions(y, logits, np.array([np.ones(30), np.full(30, 2.0)]))
    assert plain == pytest.approx(average_precision(y, logits)), "the resampled score is another than the plain one"
    assert double == pytest.approx(plain), "drawing every row twice changed the score"


def test_draws_keep_the_classes_and_row_groups() -> None:
    units = np.repeat(np.arange(60), 2)
    y = np.repeat([0, 1], [90, 30])
    for block in row_draws(y, units, 40, np.random.default_rng(0)):
        assert (block[:, y == 1].sum(axis=1) == 30).all(), "a resample has more or fewer positives than the table"
        assert (block[:, ::2] == block[:, 1::2]).all(), "rows of a group were drawn apart"
