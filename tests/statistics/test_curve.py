"""The balance curve: its rules by made counts, its bands, and the criterion that is delivered."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweep.class_weight import balance_grid, weight_ratio
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import CRITERIA, gap
from sweep.statistics.curve import SEED_SETS, Curve, balance_curve, choose


def made(
    rows: int = 600, positives: int = 30, repeats: int = 2, *, apart: float = 2.5, noise: float = 0.3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Labels, single-row groups, logits (rows, 21, repeats) of a well-weighted network, and the grid.

    Its feature is normal, `apart` standard deviations apart; logits carry the log weight ratio in full, and noise.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(rows) < positives
    share = positives / rows
    most = balance_grid(share)
    feature = apart * y + rng.standard_normal(rows)
    plain = apart * feature - apart**2 / 2 + np.log(share / (1 - share))
    logits = plain[:, None, None] + np.log(weight_ratio(most, share))[:, None]
    return y, np.arange(rows), logits + noise * rng.standard_normal((rows, most.size, repeats)), most


def decided(*tables: tuple[int, int], positives: int, negatives: int, most: list[float]) -> Curve:
    """The curve of given (tp, fp) at each balance."""
    y = np.arange(positives + negatives) < positives
    logits = np.full((y.size, len(tables), 1), -1.0)
    for balance, (tp, fp) in enumerate(tables):
        logits[:tp, balance] = logits[positives : positives + fp, balance] = 1
    return balance_curve(y, np.arange(y.size), logits, most, resamples=200)


def test_the_ratio_crossing_by_hand() -> None:
    """If it failed, the balance would not be where FP = FN, interpolated in the log of the weight ratio."""
    curve = decided((20, 2), (30, 5), (36, 20), positives=40, negatives=360, most=[0.5, 0.75, 0.9])
    found = curve.crossings["ratio"]  # fp - fn: -18, -5, 16; log ratio: 0, log 3, log 9
    at = np.log(3) * (1 + 5 / 21)
    assert found.reached
    assert found.why is None
    assert found.most == pytest.approx(np.exp(at) / (1 + np.exp(at)))
    assert found.raw == pytest.approx((found.most,))
    assert found.low <= found.most <= found.high
    assert curve.counts[1].tolist() == [30, 5, 10, 355]
    np.testing.assert_allclose(curve.precision[1], [355 / 365, 30 / 35])
    np.testing.assert_allclose(curve.recall[1], [355 / 360, 30 / 40])
    assert choose(curve, "ratio") == ("ratio", None)


def test_precision_that_is_not_reached_gives_way_and_says_why() -> None:
    """If it failed, the user would get another balance than asked for without a word."""
    curve = decided((20, 4), (30, 7), (36, 20), positives=40, negatives=360, most=[0.5, 0.75, 0.9])
    found = curve.crossings["precision"]
    assert (found.reached, found.most, found.raw) == (False, 0.5, ())
    criterion, why = choose(curve, "precision")
    assert criterion == "ratio"
    assert why == (
        "equal precision is not reached between most = 0.5 and 0.9 (at 0.5 class 1's precision is still 0.11 below "
        "class 0's), so P1 = R1, as many alarms as positives, was taken"
    )


def test_precision_that_is_reached_is_taken() -> None:
    """If it failed, the default would never be what was asked for."""
    curve = decided((300, 5), (330, 30), (360, 160), positives=400, negatives=3600, most=[0.5, 0.75, 0.9])
    found = curve.crossings["precision"]
    assert found.reached
    assert found.share_inside >= 0.9
    assert 0.5 < found.most < 0.75
    assert choose(curve, "precision") == ("precision", None)


def test_ratio_and_recall_give_way_to_nothing() -> None:
    """If it failed, `--equal recall` would deliver another criterion where recall does not meet."""
    curve = decided((20, 30), (22, 40), (24, 50), positives=40, negatives=360, most=[0.5, 0.75, 0.9])
    ratio, recall = curve.crossings["ratio"], curve.crossings["recall"]
    assert (ratio.reached, ratio.most) == (False, 0.5)
    assert (recall.reached, recall.most) == (False, 0.9)
    assert recall.why is not None
    assert "(at 0.9 class 1's recall is still 0.26 below class 0's)" in recall.why
    assert choose(curve, "ratio") == ("ratio", None)
    assert choose(curve, "recall") == ("recall", None)
    assert "by moving the threshold at most = 0.5" in str(choose(curve, "precision")[1])


def test_fewer_than_ten_called_are_left_out() -> None:
    """If it failed, 3 of 3 called right would pass for equal precision."""
    few = decided((3, 0), (6, 2), (20, 20), positives=40, negatives=360, most=[0.5, 0.75, 0.9])
    assert not few.crossings["precision"].reached
    assert few.crossings["precision"].most == 0.9  # the only point with a precision is the nearest end
    none = decided((3, 0), (4, 0), (5, 1), positives=40, negatives=360, most=[0.5, 0.75, 0.9])
    assert not none.crossings["precision"].reached
    assert "fewer than 10 rows are predicted positive" in str(none.crossings["precision"].why)


def test_an_unsure_precision_is_not_reached() -> None:
    """If it failed, a crossing that a third of the resamples do not see would be delivered as found."""
    curve = decided((36, 3), (37, 10), (38, 30), positives=40, negatives=160, most=[0.5, 0.65, 0.8])
    left = gap(Counts.from_array(curve.counts[0]), "precision")
    assert left is not None
    assert left < 0
    unsure = decided((36, 0), (37, 10), (38, 30), positives=40, negatives=160, most=[0.5, 0.65, 0.8])
    assert unsure.crossings["precision"].reached
    close = decided((27, 2), (37, 10), (38, 30), positives=40, negatives=160, most=[0.5, 0.65, 0.8])
    found = close.crossings["precision"]
    assert 0 < found.share_inside < 0.9
    assert not found.reached
    assert found.most == 0.5
    assert "of the resampled curves" in str(found.why)


def test_perfect_separation_is_every_balance() -> None:
    """If it failed, a network without an error would be said to have no balance, even of 8 positives."""
    curve = decided((8, 0), (8, 0), (8, 0), positives=8, negatives=100, most=[0.5, 0.75, 0.9])
    for equal in CRITERIA:
        assert curve.crossings[equal].reached
        assert curve.crossings[equal].share_inside == 1
        assert curve.crossings[equal].most == pytest.approx(0.75)


def test_nothing_called_is_undefined_and_not_an_error() -> None:
    """If it failed, a silent network would stop the run, or be given a precision."""
    curve = decided((0, 0), (0, 0), positives=20, negatives=100, most=[0.5, 0.8])
    assert np.isnan(curve.precision[:, 1]).all()
    assert np.isnan(curve.bands["P1"]).all()
    assert curve.crossings["ratio"].most == 0.8
    assert "no row is predicted positive" in str(curve.crossings["ratio"].why)
    assert not any(crossing.reached for crossing in curve.crossings.values())


def test_a_common_positive_class_works() -> None:
    """If it failed, a table whose positives are the commoner class would be balanced the wrong way."""
    y, units, logits, most = made(positives=570)
    curve = balance_curve(y, units, logits, most, resamples=100)
    assert (np.diff(curve.log_ratio) < 0).all()
    found = curve.crossings["recall"]
    mirrored = balance_curve(~y, units, -logits, most, resamples=100).crossings["recall"]
    assert found.reached
    assert found.low <= found.most <= found.high
    assert found.most == pytest.approx(mirrored.most)


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(1, 3))
def test_relabelling_and_reordering_change_nothing_measured(seed: int, repeats: int) -> None:
    """If it failed, the order of rows, repeats or group numbers would move the curve."""
    y, _, logits, most = made(120, 20, repeats, seed=seed)
    units = np.arange(120) // 2
    order = np.random.default_rng(seed).permutation(120)
    first = balance_curve(y, units, logits, most, resamples=20)
    second = balance_curve(y[order], 1000 - units[order], logits[order][:, :, ::-1], most, resamples=20)
    np.testing.assert_array_equal(first.counts, second.counts)
    for equal in CRITERIA:
        assert first.crossings[equal].raw == second.crossings[equal].raw


def test_one_seed_gives_one_curve() -> None:
    """If it failed, the same command would give two intervals."""
    data = made()
    first, second = (balance_curve(*data, resamples=50, seed=3) for _ in range(2))
    assert first.crossings == second.crossings
    np.testing.assert_array_equal(first.bands["P1"], second.bands["P1"])


def test_duplicated_rows_do_not_narrow_the_bands() -> None:
    """If it failed, writing every row four times would make the curve look twice as sure."""
    y, units, logits, most = made(400, 60)
    once = balance_curve(y, units, logits, most)
    four = balance_curve(np.tile(y, 4), np.tile(units, 4), np.tile(logits, (4, 1, 1)), most)
    for name in ("P1", "R1"):
        width, again = (np.ptp(curve.bands[name], axis=1)[5:] for curve in (once, four))
        np.testing.assert_allclose(again, width, atol=0.05)


def test_seeds_are_resampled_with_the_rows() -> None:
    """If it failed, a network whose repeats disagree would have bands as narrow as one whose repeats agree."""
    y, units, logits, most = made(600, 60, 1, noise=0)
    steady = np.repeat(logits, 2, axis=2)
    torn = steady + np.array([1.5, -1.5])
    widths = [np.ptp(balance_curve(y, units, both, most).bands["R1"][8]) for both in (steady, torn)]
    assert widths[1] > 1.4 * widths[0]


def test_many_repeats_cost_a_bounded_number_of_passes() -> None:
    """If it failed, 8 repeats would take a pass over all logits for each of 1000 resamples."""
    y, units, logits, most = made(300, 40, 8)
    assert balance_curve(y, units, logits, most, resamples=10 * SEED_SETS).crossings["ratio"].share_inside > 0.9


def test_bands_and_interval_cover_the_truth() -> None:
    """If it failed, the 95 % bands of a steady network, or the interval of its balance, would be too narrow or wide.

    The truth is that of the made world: FP = FN there at the log ratio at which a large table crosses.
    """
    _, _, _, most = made()
    large = balance_curve(*made(200_000, 10_000, 1, noise=0.0, seed=99), resamples=1)
    small = [balance_curve(*made(600, 30, 1, noise=0.0, seed=seed), resamples=200) for seed in range(120)]
    np.testing.assert_allclose(large.most, most)
    truth = large.crossings["ratio"].most
    covered = np.mean([curve.crossings["ratio"].low <= truth <= curve.crossings["ratio"].high for curve in small])
    assert 0.87 <= covered <= 1
    for name, values in (("R1", large.recall[:, 1]), ("R0", large.recall[:, 0]), ("P1", large.precision[:, 1])):
        inside = [(curve.bands[name][10, 0] <= values[10] <= curve.bands[name][10, 1]) for curve in small]
        assert 0.87 <= np.mean(inside) <= 1, name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(600)}, "y must hold both classes; got 0 positives in 600 rows"),
        ({"units": np.arange(599)}, "units must be integers of shape"),
        ({"logits": np.zeros((600, 20, 2))}, r"logits must have shape \(600, 21, repeats\); got \(600, 20, 2\)"),
        ({"logits": np.full((600, 21, 2), np.nan)}, "logits must be finite; got 25200 values"),
        ({"most": np.full(21, 0.5)}, "most must rise"),
        ({"most": np.linspace(0.5, 1, 21)}, "most must not pass saturation, 0.95"),
        ({"resamples": 0}, "resamples must be at least 1"),
    ],
)
def test_errors_name_the_argument(change: dict[str, Any], message: str) -> None:
    """If it failed, a wrong argument would pass, or the message would not say which one it is."""
    given_ = dict(zip(("y", "units", "logits", "most"), made(), strict=True)) | change
    with pytest.raises(ValueError, match=message):
        balance_curve(**given_)


def test_choose_knows_the_criteria() -> None:
    """If it failed, a mistyped criterion would be taken for another."""
    with pytest.raises(ValueError, match="equal must be one of precision, ratio, recall; got 'accuracy'"):
        choose(balance_curve(*made(), resamples=2), "accuracy")
