"""What is trained once the search is over is bounded by the search, whatever network won."""

from dataclasses import replace

import numpy as np
import pytest

from sweep.parallel.workers import Workers
from sweep.search.budget import Budget
from sweep.search.curve import COARSE, EXPECTED, FEWER
from sweep.search.estimate import middle_of
from sweep.search.members import Confirmed, average_good_ones
from sweep.search.selection import select
from sweep.search.setup import TrialSetup
from sweep.study.params import Params
from sweep.study.space import Space

ROWS = 300
Y = (np.arange(ROWS) < 60).astype(int)
SETUP = TrialSetup(Y, np.arange(ROWS) % 3, np.arange(ROWS), 2, 4, 64, "precision", 0)
SIGNAL = np.random.default_rng(0).normal(size=ROWS) + 2.0 * Y
SPACE = Space((0.5, 0.8), (1, 2), (8, 16))
SMALL, WIDE = Params(0.6, 1, 4), Params(0.6, 2, 32)


def test_the_search_is_added_up_and_a_short_one_counts_as_a_curve() -> None:
    """If it failed, a search of two trials would leave no curve, or a wide network's take ten times the search."""
    few, many = (Budget.of_search(SETUP, SETUP, [(WIDE, 4)] * n, SPACE, 2) for n in (1, 200))
    assert few.spent > few.seconds(middle_of(SPACE), EXPECTED + 3)
    assert few.allows_curve(replace(middle_of(SPACE), bins=True))
    assert many.spent == pytest.approx(200 * many.seconds(WIDE, 1))
    stopped = Budget.of_search(SETUP, SETUP, [(WIDE, 2)] * 200, SPACE, 2)
    assert stopped.spent == pytest.approx(many.spent / 2), "a trial that was pruned"
    both = Params.mean_of((WIDE, SMALL))
    assert many.seconds(both, 3) == pytest.approx(many.seconds(WIDE, 3) + many.seconds(SMALL, 3))
    assert many.seconds(replace(WIDE, bins=True), 1) > many.seconds(WIDE, 1)


def test_of_good_networks_the_slowest_are_left_out_until_the_curve_is_allowed() -> None:
    """If it failed, the mean of three wide networks would take minutes where each alone is as good."""
    heard = [Confirmed(0, params, SIGNAL[:, None], 0.0) for params in (WIDE, SMALL, replace(SMALL, depth=2))]
    free, tight = Budget(SETUP, 2, np.inf), Budget(SETUP, 2, 0.0)
    both = tight.seconds(SMALL, FEWER + 3) + tight.seconds(replace(SMALL, depth=2), FEWER + 3)
    assert len(average_good_ones(SETUP, heard, free).params.parts) == 3
    without = average_good_ones(SETUP, heard, replace(tight, spent=both / 2))
    assert WIDE not in without.params.parts
    assert len(without.params.parts) == 2
    assert average_good_ones(SETUP, heard, tight).params == SMALL, "one is always taken"


def test_a_network_that_takes_longer_than_the_search_has_a_short_curve_and_one_repeat() -> None:
    """If it failed, the curve of a network that is trained for long would take most of the run."""
    X = np.stack([SIGNAL, np.arange(ROWS) % 7], axis=1)
    heard = (Confirmed(0, SMALL, SIGNAL[:, None], 0.0),)
    for spent, balances, repeats in ((np.inf, COARSE, 2), (0.0, FEWER, 1)):
        budget = Budget(SETUP, 2, spent)
        found = select(X, SETUP, heard, 0.5, 0.8, asked="ratio", workers=Workers(), budget=budget)
        assert len(found.curve.most) >= balances
        assert (len(found.curve.most) == FEWER) == (repeats == 1)
        assert found.repeats == repeats == found.picks["ratio"].logits.shape[1]
