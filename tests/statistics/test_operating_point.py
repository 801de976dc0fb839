"""The rule of each kind by hand, how confidence and `met` go together, and edges: ties, floors beyond reach."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.statistics.confusion import Counts
from sweep.statistics.operating_point import Ranking, Wanted, find_point, highest, share_met

Y = np.array([0, 0, 0, 0, 1, 0, 1, 0, 1, 1])
LOGITS = np.arange(10.0)  # from the top: 1 1 0 1 0 1 0 0 0 0
UNITS = np.arange(10)


@pytest.mark.parametrize(
    ("asked", "called", "value"),
    [
        (Wanted("recall", 0.5), 2, 1.0),
        (Wanted("recall", 0.51), 4, 0.75),
        (Wanted("recall", 1.0), 6, 4 / 6),
        (Wanted("top", 0.3), 3, 2 / 3),
        (Wanted("top", 5.0), 5, 3 / 5),
        (Wanted("cost", 0.5), 2, 1 - 1.0 / 2.0),
        (Wanted("cost", 10.0), 6, 1 - 2.0 / 6.0),
    ],
)
def test_the_rule_by_hand(asked: Wanted, called: int, value: float) -> None:
    """If it failed, another threshold would be delivered than the one asked for."""
    found = find_point(asked, Y, UNITS, LOGITS)
    assert found.counts.called == called
    assert found.value == pytest.approx(value)
    assert found.threshold == 9.5 - called
    assert found.reached


def test_a_precision_floor_takes_the_lowest_threshold_with_ten_called() -> None:
    """If it failed, 3 of 3 called right would pass for a precision, or recall be given away."""
    y = np.array([1] * 9 + [0] + [1] * 4 + [0] * 6 + [1] * 2 + [0] * 20)
    logits = -np.arange(len(y), dtype=float)
    found = find_point(Wanted("precision", 0.9), y, np.arange(len(y)), logits)
    assert (found.counts.tp, found.counts.fp, found.reached) == (13, 1, True)
    beyond = find_point(Wanted("precision", 0.99), y, np.arange(len(y)), logits)
    assert not beyond.reached
    assert beyond.counts == highest("precision", y, logits) == Counts(tp=13, fp=1, fn=2, tn=26)
    assert beyond.value == pytest.approx(13 / 14 - 0.99)


def test_rows_of_one_logit_are_called_together_or_not_at_all() -> None:
    """If it failed, a budget would be overdrawn, or a threshold promised that parts what cannot be parted."""
    logits = np.array([0.0] * 6 + [1.0] * 4)
    assert find_point(Wanted("top", 3.0), Y, UNITS, logits).counts.called == 0
    assert not find_point(Wanted("top", 3.0), Y, UNITS, logits).reached
    assert find_point(Wanted("top", 4.0), Y, UNITS, logits).counts.called == 4


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([-1.0, 0.0, 1e-45, 0.1, 2.0])), min_size=4, max_size=30))
def test_counts_are_those_at_the_threshold_in_single_precision(rows: list[tuple[bool, float]]) -> None:
    """If it failed, an export would decide other rows than the counts say: thresholds are compared in float32."""
    y = np.array([True, False, *[label for label, _ in rows]])
    logits = np.array([0.1, 0.1, *[logit for _, logit in rows]], dtype=np.float32)
    for asked in (Wanted("recall", 0.7), Wanted("top", 0.4), Wanted("cost", 3.0)):
        found = find_point(asked, y, np.arange(y.size), logits)
        assert np.float32(found.threshold) == found.threshold
        assert found.counts == Counts.of(y, logits > np.float32(found.threshold))
    ranking = Ranking.of(logits)
    for places, threshold in zip(ranking.places, ranking.thresholds, strict=True):
        assert np.count_nonzero(logits > np.float32(threshold)) == places


def test_confidence_moves_the_threshold_until_the_floor_holds_so_often() -> None:
    """If it failed, a floor would be missed on new rows half the time, although nine times in ten was asked for."""
    rng = np.random.default_rng(0)
    y = np.arange(1000) < 80
    logits = (rng.normal(size=1000) + 2 * y).astype(np.float32)
    for kind, floor in (("recall", 0.8), ("precision", 0.5)):
        plain, sure = (find_point(Wanted(kind, floor, c), y, np.arange(1000), logits) for c in (None, 0.9))
        met = [share_met(Wanted(kind, floor), y, np.arange(1000), logits, p.threshold) for p in (plain, sure)]
        assert 0.4 < met[0] < 0.65
        assert met[1] == pytest.approx(0.9, abs=0.04)
        assert (sure.threshold < plain.threshold) == (kind == "recall")
    none = find_point(Wanted("precision", 0.9, 0.9), y, np.arange(1000), np.abs(logits))
    assert not none.reached


def test_row_groups_make_confidence_dearer() -> None:
    """If it failed, ten copies of a patient would count as ten patients."""
    rng = np.random.default_rng(1)
    y = np.repeat(np.arange(100) < 10, 10)
    logits = np.repeat(rng.normal(size=100) + 2 * (np.arange(100) < 10), 10)
    asked = Wanted("recall", 0.6, 0.9)
    alone, grouped = (find_point(asked, y, units, logits) for units in (np.arange(1000), np.repeat(np.arange(100), 10)))
    assert grouped.counts.tp > alone.counts.tp


def test_the_cost_is_told_in_the_units_given() -> None:
    """If it failed, "50:2" would read as if a false alarm cost 1."""
    asked = Wanted("cost", 25.0, costs=(50.0, 2.0))
    assert asked.cost([[1, 3, 2, 4]]).tolist() == [2 * 50 + 3 * 2]


def test_a_recall_that_only_predicting_all_rows_positive_has_is_beyond_reach() -> None:
    """If it failed, a recall would be said to be reached by a model that decides nothing."""
    y, logits = np.array([1, 0, 1, 0, 1]), np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    found = find_point(Wanted("recall", 0.9), y, np.arange(5), logits)
    assert (found.reached, found.counts.called) == (False, 5)
    kept = highest("recall", y, logits)
    assert kept.recall[1] == pytest.approx(2 / 3)
    assert kept.called == 3, "of the thresholds with that recall, the one with the fewest alarms"
    sure = find_point(Wanted("recall", 0.9, 0.99), y[1:], np.arange(4), logits[1:])
    assert not sure.reached or sure.counts.called < 4
