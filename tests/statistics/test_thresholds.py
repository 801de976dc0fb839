"""The table of thresholds: few rows, the delivered threshold among them, counts that are those of the decisions."""

import numpy as np

from sweep.statistics.confusion import Counts
from sweep.statistics.thresholds import MOST, threshold_table


def test_few_thresholds_stand_for_all_and_hold_the_delivered_one() -> None:
    """If it failed, thresholds.csv would be as long as the table, or lack the line that the model decides by."""
    rng = np.random.default_rng(0)
    y = np.arange(5000) < 200
    logits = (rng.normal(size=5000) + 2 * y).astype(np.float32)
    found = threshold_table(y, logits, always=1.2345)
    assert 100 < len(found) <= MOST
    assert 1.2345 in [at.threshold for at in found]
    falling = [at.threshold for at in found]
    assert falling == sorted(falling, reverse=True)
    assert found[0].counts.called == 0
    assert found[-1].counts.called == 5000
    for at in found[::7]:
        assert at.counts == Counts.of(y, logits > at.threshold)
    called = [at.counts.called for at in found]
    assert len(set(called)) == len(called), "two lines say the same"
