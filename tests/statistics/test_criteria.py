"""The criteria as laws, the weight ratio, the crossing, and the moved cut."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from sweep.class_weight import balance_grid, most_of_ratio, saturation, weight_ratio
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import CRITERIA, balancing_threshold, gap, score, sign
from sweep.statistics.crossing import crossing, raw_crossings, rising_fit

CELL = st.integers(0, 40)
TABLES = st.builds(Counts, tp=CELL, fp=CELL, fn=CELL, tn=CELL)
SHARES = st.floats(0.001, 0.999)


def cells(counts: Counts) -> np.ndarray:
    return np.array([counts.tp, counts.fp, counts.fn, counts.tn])


@given(TABLES)
def test_the_score_is_the_lesser_rate(counts: Counts) -> None:
    """If it failed, the study would maximise something other than min(P1, R1), or min(R0, R1)."""
    (_, p1), (r0, r1) = counts.precision, counts.recall
    want = 0.0 if p1 is None or r1 is None else min(p1, r1)
    assert score(counts) == score(counts, "ratio") == pytest.approx(want)
    assert score(counts, "recall") == pytest.approx(0.0 if r0 is None or r1 is None else min(r0, r1))


@given(st.lists(TABLES, min_size=1, max_size=5), st.sampled_from(CRITERIA))
def test_one_table_and_many_agree(tables: list[Counts], equal: str) -> None:
    """If it failed, a trial and the bootstrap would score the same counts differently."""
    many = np.stack([cells(counts) for counts in tables])
    assert score(many, equal).tolist() == [score(counts, equal) for counts in tables]
    singles = [gap(counts, equal) for counts in tables]
    np.testing.assert_array_equal(gap(many, equal), [np.nan if single is None else single for single in singles])


@given(TABLES)
def test_the_signs_vanish_exactly_at_the_balances(counts: Counts) -> None:
    """If it failed, a crossing would be found where the criterion's two rates are not equal."""
    if min(counts.positives, counts.negatives, counts.called, counts.rows - counts.called) == 0:
        return
    p0, p1, r0, r1 = (float(rate or 0) for rate in (*counts.precision, *counts.recall))
    assert (sign(cells(counts), "ratio") == 0) == (counts.fp == counts.fn)
    assert (sign(cells(counts), "precision") == 0) == (counts.tn * counts.fp == counts.tp * counts.fn)
    assert sign(cells(counts), "recall") == pytest.approx(r1 - r0)
    assert np.sign(round(p0 - p1, 12)) == np.sign(sign(cells(counts), "precision"))
    if counts.tp:
        assert (gap(counts, "ratio") == 0) == (counts.fp == counts.fn)
    if counts.tp and counts.tn:
        assert (round(p0 / r0 - p1 / r1, 9) == 0) == (counts.fp == counts.fn)


@given(TABLES.filter(lambda counts: counts.positives > 0 and counts.negatives > 0), st.sampled_from(["fp", "tp"]))
def test_the_signs_rise_with_every_call(counts: Counts, kind: str) -> None:
    """If it failed, isotonic smoothing would smooth the wrong way: more weight calls more rows, right or wrong."""
    tp, fp, fn, tn = cells(counts)
    if (fn if kind == "tp" else tn) == 0:
        return
    more = np.array([tp + 1, fp, fn - 1, tn] if kind == "tp" else [tp, fp + 1, fn, tn - 1])
    for equal in ("ratio", "recall"):
        assert sign(more, equal) > sign(cells(counts), equal)


@given(TABLES)
def test_swapping_the_classes_turns_the_signs(counts: Counts) -> None:
    """If it failed, which class is called positive would move the balance."""
    swapped = np.array([counts.tn, counts.fn, counts.fp, counts.tp])
    for equal in ("precision", "recall"):
        assert sign(swapped, equal) == pytest.approx(-sign(cells(counts), equal))
    assert score(swapped, "recall") == score(cells(counts), "recall")


@given(SHARES, st.floats(0.5, 1.0))
def test_the_weight_ratio_is_the_recipes(share: float, most: float) -> None:
    """If it failed, the log ratio of the curve would not be that of the weights trained with."""
    b = min(max(share, 1 - most), most)
    assert weight_ratio(most, share) == pytest.approx((1 / (2 * b)) / (1 / (2 * (1 - b))))
    assert weight_ratio(0.5, share) == 1.0
    for cap in (saturation(share), 1.0):
        assert weight_ratio(cap, share) == pytest.approx((1 - share) / share)


@given(SHARES, st.floats(0.0, 1.0))
def test_most_and_ratio_are_each_others_inverse(share: float, along: float) -> None:
    """If it failed, a crossing found in log ratio would be delivered as another balance."""
    most = 0.5 + along * (saturation(share) - 0.5)
    assert most_of_ratio(weight_ratio(most, share), share) == pytest.approx(most)


@given(SHARES.filter(lambda share: abs(share - 0.5) > 1e-6), st.integers(2, 40))
def test_the_grid_is_even_in_the_log_ratio(share: float, points: int) -> None:
    """If it failed, the curve would be coarse just where the crossing lies; a common positive class must work too."""
    grid = balance_grid(share, points)
    assert (grid[0], grid[-1], grid.size) == (0.5, saturation(share), points)
    assert (np.diff(grid) > 0).all()
    steps = np.diff(np.log(weight_ratio(grid, share)))
    np.testing.assert_allclose(steps, np.log((1 - share) / share) / (points - 1), rtol=1e-5, atol=1e-9)


def test_nothing_to_weigh_where_both_classes_are_equally_common() -> None:
    """If it failed, a grid of one value repeated would be trained 21 times over."""
    assert balance_grid(0.5).tolist() == [0.5]


CURVES = st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=12)


@given(CURVES)
def test_the_rising_fit_is_scipys(curve: list[tuple[int, bool]]) -> None:
    """If it failed, the vectorised isotonic fit would not be the least-squares one."""
    signs, valid = np.array([value for value, _ in curve], dtype=float), np.array([keep for _, keep in curve])
    if valid.any():
        want = isotonic_regression(signs[valid]).x
        np.testing.assert_allclose(rising_fit(signs, valid)[valid], want, atol=1e-12)


@given(st.lists(CURVES, min_size=1, max_size=1), st.booleans())
def test_the_crossing_is_where_the_fit_is_zero(curves: list[list[tuple[int, bool]]], falling: bool) -> None:
    """If it failed, the balance would be picked beside the crossing; a falling axis must give the same place."""
    signs, valid = np.array([value for value, _ in curves[0]], dtype=float), np.array([keep for _, keep in curves[0]])
    position = np.log1p(np.arange(signs.size))
    turn = slice(None, None, -1 if falling else 1)
    found = float(crossing(position[turn], signs[turn], valid[turn]))
    if not valid.any():
        assert np.isnan(found)
        return
    fit = isotonic_regression(signs[valid]).x.round(12)
    if np.isfinite(found):
        assert np.interp(found, position[valid], fit) == pytest.approx(0, abs=1e-9)
    else:
        assert fit.min() > 0 if found < 0 else fit.max() < 0


def test_many_crossings_at_once_are_each_alone() -> None:
    """If it failed, the interval of a crossing would be made of other crossings."""
    rng = np.random.default_rng(0)
    position = np.linspace(0, 3, 9)
    signs = (position - 1.5 + rng.standard_normal((2, 20, 9))).round(1)
    valid = rng.random((2, 20, 9)) < 0.8
    together = crossing(position, signs, valid)
    alone = [[crossing(position, s, v) for s, v in zip(*pair, strict=True)] for pair in zip(signs, valid, strict=True)]
    np.testing.assert_array_equal(together, np.array(alone))


def test_raw_crossings_names_each_zero() -> None:
    """If it failed, a noisy curve would look as if it crossed once."""
    assert raw_crossings([0, 1, 2, 3], [-1, 1, -1, 1]) == (0.5, 1.5, 2.5)
    assert raw_crossings([0, 1, 2, 3], [-1, 1, -1, 1], [True, False, True, True]) == (2.5,)
    assert raw_crossings([0, 1], [1, 2]) == ()


@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=25), st.booleans())
def test_the_balancing_threshold_calls_as_many_as_there_are(rows: list[tuple[bool, int]], single: bool) -> None:
    """If it failed, another cut of the same network would bring FP nearer to FN."""
    y = np.array([positive for positive, _ in rows])
    logits: np.ndarray = np.array([logit for _, logit in rows], np.float64).astype(np.float32 if single else np.float64)
    logits = logits / 3
    reachable = [np.count_nonzero(logits > cut) for cut in (-np.inf, *logits)]
    called = np.count_nonzero(logits > balancing_threshold(y, logits))
    assert abs(called - y.sum()) == min(abs(number - y.sum()) for number in reachable)


@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=25))
@example([(0, z) for z in (-2, -1, -1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 2, 4)] + [(1, z) for z in (-1, -1, 1, 2)])
def test_the_balancing_threshold_brings_the_recalls_nearest(rows: list[tuple[bool, int]]) -> None:
    """If it failed, another cut of the same network would bring R0 nearer to R1, or as near with fewer calls."""
    y, logits = np.array(rows).T
    assume(0 < y.sum() < len(y))

    def missed(cut: float) -> tuple[int, int]:
        c = Counts.of(y, logits > cut)
        return abs(c.tp * c.negatives - c.tn * c.positives), c.tp + c.fp

    assert missed(balancing_threshold(y, logits, "recall")) == min(missed(cut) for cut in (-np.inf, *logits))


@pytest.mark.parametrize("equal", ["ratio", "recall"])
def test_a_row_that_stands_for_several_moves_the_balancing_threshold_as_they_do(equal: str) -> None:
    """If it failed, a large table of which a part is scored would be decided as if it had no other rows."""
    rng = np.random.default_rng(0)
    y, logits = np.arange(5000) < 50, rng.integers(0, 4000, 5000) / 100
    times = np.where(y, 1, rng.integers(1, 5, 5000) + 5 * (logits < 20))
    several = balancing_threshold(y.repeat(times), logits.repeat(times), equal)
    assert balancing_threshold(y, logits, equal, times.astype(float)) == several
    assert balancing_threshold(y, logits, equal) != several


def test_of_many_rows_the_balancing_threshold_sorts_the_highest_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, each threshold of a million rows would cost a sort of them all."""
    rng = np.random.default_rng(0)
    y, logits = np.arange(5000) < 50, rng.integers(0, 4000, 5000) / 100
    sorted_rows: list[int] = []
    plain = np.unique

    def counted(values: Any, **given: Any) -> Any:
        sorted_rows.append(np.size(values))
        return plain(values, **given)

    monkeypatch.setattr(np, "unique", counted)
    called = np.count_nonzero(logits > balancing_threshold(y, logits))
    assert 0 < max(sorted_rows) < 200
    assert abs(called - 50) == min(abs(np.count_nonzero(logits > at) - 50) for at in (*logits[:4000], -1.0))


def test_the_balancing_threshold_lies_halfway_even_between_neighbours() -> None:
    """If it failed, rounding would put the cut onto the logit that it should let pass."""
    assert balancing_threshold([0, 1], [1.0, 2.0]) == 1.5
    for dtype in (np.float32, np.float64):
        one = dtype(1)
        logits = np.array([one, np.nextafter(one, dtype(2))])
        assert (logits > balancing_threshold([0, 1], logits)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: score(Counts(1, 1, 1, 1), "accuracy"),
            "equal must be one of precision, ratio, recall; got 'accuracy'",
        ),
        (lambda: sign(np.zeros(3), "ratio"), r"counts must have shape \(\.\.\., 4\)"),
        (lambda: weight_ratio(0.4, 0.1), r"most must lie in \[0.5, 1\]; got 0.4"),
        (lambda: weight_ratio(0.6, 0.0), "prevalence must lie inside"),
        (lambda: most_of_ratio(0.5, 0.1), "ratio must lie in"),
        (lambda: balance_grid(0.1, 1), "points must be at least 2"),
        (lambda: crossing([0, 1], [1, 2, 3]), r"signs must have shape \(\.\.\., 2\)"),
        (lambda: crossing([0, 1], [1, 2], [True]), "valid must have the shape of signs"),
        (lambda: raw_crossings([0, 1], [[1, 2]]), "signs must be one curve"),
    ],
)
def test_errors_name_the_argument(call: Callable[..., Any], message: str) -> None:
    """If it failed, a wrong argument would pass, or the message would not say which one it is."""
    with pytest.raises(ValueError, match=message):
        call()
