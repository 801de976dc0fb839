"""An operating point corrected for the search, held to the truth over made tables, and the rule that it repeats."""

import numpy as np
import pytest
from scipy.stats import norm

from sweep.statistics.corrected_point import choose_point, corrected_point
from sweep.statistics.operating_point import Wanted

ROWS, POSITIVES, TABLES = 800, 60, 200
TRIALS = np.linspace(1.8, 2.2, 4)  # how far apart each trial's logits have the classes
BALANCES = np.array([2.1, 2.2, 2.1])
ON_CURVE = np.array([False, False, True, True])
LABELS = np.arange(ROWS) < POSITIVES


def made(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal logits of trials and of a curve, as alike as those of real studies: correlations of .94 and .99."""
    rng = np.random.default_rng([7, seed])
    shared, own = rng.standard_normal((ROWS, 1)), rng.standard_normal((ROWS, 4))
    trials = np.sqrt(0.94) * shared + np.sqrt(0.06) * own
    curve = np.sqrt(0.99) * trials[:, -1:] + np.sqrt(0.01) * rng.standard_normal((ROWS, 3))
    moved = LABELS[:, None]
    return (trials + TRIALS * moved).astype(np.float32), (curve + BALANCES * moved).astype(np.float32)


def truth(threshold: float, apart: float) -> tuple[float, float]:
    """(P1, R1) on fresh rows without end."""
    share = POSITIVES / ROWS
    r1, false = float(norm.sf(threshold - apart)), float(norm.sf(threshold))
    return share * r1 / (share * r1 + (1 - share) * false), r1


@pytest.mark.parametrize(("kind", "floor"), [("recall", 0.8), ("precision", 0.5)])
def test_corrected_rates_are_right_and_floors_hold_as_often_as_asked(kind: str, floor: float) -> None:
    """If it failed, whoever relies on "95 % recall" would be promised what new rows do not keep."""
    units, asked = np.arange(ROWS), Wanted(kind, floor)
    off, inside, holds = [], [], []
    for seed in range(TABLES):
        trials, curve = made(seed)
        balance, point = choose_point(asked, LABELS, units, trials, ON_CURVE, curve)
        found = corrected_point(asked, LABELS, units, trials, ON_CURVE, curve, balance, point, resamples=40, seed=seed)
        assert found.precision is not None
        true = truth(point.threshold, BALANCES[balance])
        told = (found.precision, found.recall)
        off.append([told[i][0] - true[i] for i in range(2)])
        inside.append([told[i][1] <= true[i] <= told[i][2] for i in range(2)])
        sure = Wanted(kind, floor, 0.9)
        balance, point = choose_point(sure, LABELS, units, trials, ON_CURVE, curve, resamples=60, seed=seed)
        p1, r1 = truth(point.threshold, BALANCES[balance])
        holds.append((r1 if kind == "recall" else p1) >= floor)
    print(kind, "bias", np.mean(off, axis=0).round(3), "inside", np.mean(inside, axis=0), "holds", np.mean(holds))
    assert (np.abs(np.mean(off, axis=0)) <= 0.02).all()
    assert (np.mean(inside, axis=0) >= 0.9).all()
    assert (np.mean(inside, axis=0) <= 0.99).all()
    assert 0.85 <= np.mean(holds) <= 0.95


def test_the_rule_that_is_repeated() -> None:
    """If it failed, the corrected numbers would be those of a trial or a balance that is not delivered."""
    trials, curve = made(0)
    nothing = np.zeros_like(curve)
    asked = Wanted("recall", 0.8)
    balance, point = choose_point(asked, LABELS, np.arange(ROWS), trials, ON_CURVE, curve)
    options = {"resamples": 40}
    on = corrected_point(asked, LABELS, np.arange(ROWS), trials, ON_CURVE, curve, balance, point, **options)
    off = corrected_point(asked, LABELS, np.arange(ROWS), trials, ~ON_CURVE, nothing, balance, point, **options)
    assert on.precision is not None
    assert off.precision is not None
    assert on.precision[0] > 0.3
    assert off.precision[0] == pytest.approx(on.precision[0], abs=0.1), "the best trials are not on that curve"
    worse = corrected_point(asked, LABELS, np.arange(ROWS), trials, ON_CURVE, nothing, balance, point, **options)
    assert worse.precision is not None
    assert worse.precision[0] == pytest.approx(POSITIVES / ROWS, abs=0.01), "a useless curve calls everybody"
    assert on.cost is None


def test_the_trial_of_the_lowest_losses_is_the_one_that_is_repeated() -> None:
    """If it failed, the corrected rates would be those of trials picked by luck, and not those that a run picks."""
    trials, curve = made(0)
    trials[:, 0] = np.random.default_rng(0).normal(size=ROWS)  # knows nothing
    asked, units = Wanted("recall", 0.8), np.arange(ROWS)
    balance, point = choose_point(asked, LABELS, units, trials, ON_CURVE, curve)
    found = []
    for lowest in (0, 3):
        losses = np.where(np.arange(4) == lowest, 0.1, 0.2) * np.ones((ROWS, 1))
        of_all = asked, LABELS, units, trials, ON_CURVE, curve, balance, point
        found.append(corrected_point(*of_all, losses=losses, resamples=40).precision)
    useless, good = found
    assert useless is not None
    assert good is not None
    assert useless[0] == pytest.approx(POSITIVES / ROWS, abs=0.02)
    assert good[0] > 0.3


def test_cost_per_thousand_rows_is_that_of_the_corrected_recalls() -> None:
    """If it failed, an expected cost would not follow from the rates beside it."""
    trials, curve = made(1)
    asked = Wanted("cost", 20.0, costs=(20.0, 1.0))
    balance, point = choose_point(asked, LABELS, np.arange(ROWS), trials, ON_CURVE, curve)
    found = corrected_point(asked, LABELS, np.arange(ROWS), trials, ON_CURVE, curve, balance, point, resamples=40)
    r0, r1 = found.score.recall
    assert found.cost is not None
    assert found.cost[0] == pytest.approx(1000 * (0.075 * (1 - r1) * 20 + 0.925 * (1 - r0)), rel=0.01)
    assert found.cost[1] < found.cost[0] < found.cost[2]
