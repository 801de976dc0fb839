"""The rule: every branch on exact small cases, and laws that hold for all evidence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.evidence.learning_curve import Gain
from sweep.evidence.rule import ANSWERS, decide


def gain(low: float, value: float, high: float) -> Gain:
    return Gain(2 * value, value, low, high)


GAINS = st.none() | st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(lambda ends: gain(*sorted(ends)))


@pytest.mark.parametrize(
    ("p", "low", "found", "expected"),
    [
        (0.0101, 0.9, gain(0.3, 0.4, 0.5), ("futile", True)),
        (0.01, 0.5, gain(0.3, 0.4, 0.5), ("workable", True)),
        (0.01, 0.4999, gain(0.021, 0.04, 0.3), ("data-limited", True)),
        (0.01, 0.4999, gain(0.02, 0.036, 0.05), ("data-limited", False)),
        (0.01, 0.4999, gain(-0.1, 0.01, 0.049), ("feature-limited", True)),
        (0.01, 0.4999, gain(-0.1, 0.034, 0.05), ("feature-limited", False)),
        (0.0025, 0.1, None, ("data-limited", False)),
    ],
)
def test_each_branch_of_the_rule_at_its_edge(p: float, low: float, found: Any, expected: Any) -> None:
    """If it failed, a constant of the rule, or the order of its steps, has moved."""
    assert decide(p, low, 0.5, found) == expected


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), GAINS)
def test_only_signal_decides_futility_and_only_futility_needs_no_signal(
    p: float, low: float, enough: float, found: Any
) -> None:
    """If it failed, a table would be called futile for another reason than chance, or an answer be unsure for none."""
    name, sure = decide(p, low, enough, found)
    assert name in ANSWERS
    assert (name == "futile") == (p > 0.01)
    assert sure or name in ("data-limited", "feature-limited")


@given(st.floats(0, 0.01), GAINS, st.floats(0, 1), st.floats(0, 1))
def test_a_higher_score_never_makes_a_table_worse(p: float, found: Any, one: float, other: float) -> None:
    """If it failed, a better score could lose a table its answer."""
    low, high = sorted((one, other))
    if decide(p, low, 0.5, found)[0] == "workable":
        assert decide(p, high, 0.5, found)[0] == "workable"


def test_features_are_not_blamed_where_boosting_does_with_them_what_was_asked() -> None:
    """If it failed, a user would look for better features where trees reach what was asked for with these."""
    flat = gain(-0.1, 0.01, 0.049)
    assert decide(0.01, 0.3, 0.5, flat, (0.49, 0.4)) == ("feature-limited", True)
    assert decide(0.01, 0.3, 0.5, flat, (0.6, 0.5)) == ("workable", False)
    assert decide(0.01, 0.3, 0.5, gain(0.021, 0.04, 0.3), (0.9, 0.8)) == ("data-limited", True)
    assert decide(0.5, 0.3, 0.5, flat, (0.9, 0.8)) == ("futile", True)


def test_an_estimate_alone_makes_no_table_workable() -> None:
    """If it failed, gradient boosting's luck on a few positives would be told as an answer."""
    flat = gain(-0.1, 0.01, 0.049)
    assert decide(0.01, 0.3, 0.5, flat, (0.518, 0.42)) == ("data-limited", False)
