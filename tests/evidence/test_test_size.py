"""The size of a test: enough positives, and no more than it takes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweep.evidence.test_size import assess_test_size, at_recall, needed
from sweep.statistics.confusion import Counts


@given(st.floats(0, 1))
def test_the_positives_needed_are_enough_and_one_fewer_are_not(recall: float) -> None:
    n = needed(recall)

    def longest(positives: Any) -> Any:
        ends = [at_recall(k / positives, positives) for k in (int(recall * positives), -int(-recall * positives // 1))]
        return max(high - low for low, high in ends)

    assert longest(n) <= 0.2 + 1e-9, "a test of the size named is not sure to plus or minus 0.1"
    assert longest(n - 1) > 0.2 - 1e-9, "a smaller test would do"


def test_other_prevalence_gives_the_precision_it_implies() -> None:
    counts = Counts(tp=60, fp=40, fn=40, tn=2299)  # 4.1 %, R1 = P1 = .6
    found = assess_test_size(counts, positives=12, share=0.02)
    assert found.precision == pytest.approx(0.42, abs=0.01), "expecting the training precision there would alarm"
    assert found.interval is not None
    assert found.interval[0] < 0.35, "12 positives cannot be so sure"
    assert found.interval[1] > 0.8, "12 positives cannot be so sure"
    assert assess_test_size(counts, positives=None, share=None).interval is None, "a test table is made up"
