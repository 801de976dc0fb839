"""The corrected score: the rule by hand, its direction and coverage by simulation, and the prediction interval."""

from typing import Any

import numpy as np
import pytest

from sweep.class_weight import balance_grid
from sweep.statistics import repeated_search
from sweep.statistics.bootstrap import row_draws
from sweep.statistics.confusion import Counts, count
from sweep.statistics.corrected_score import Corrected, corrected_score, prediction_interval
from sweep.statistics.criteria import balancing_threshold, score
from sweep.statistics.intervals import effective_size, score_interval

ROWS, POSITIVES = 600, 24
LABELS = np.arange(ROWS) < POSITIVES
SINGLE = np.arange(ROWS)


def coins(recall: float, seed: int, trials: int = 40, own: float = 0.7) -> np.ndarray:
    """Logits (rows, trials) of trials of one true recall, with FP = FN in truth; a row's difficulty is partly shared.

    `own` is the share of the variance that is a trial's own.
    """
    rng = np.random.default_rng(seed)
    luck = np.sqrt(1 - own) * rng.standard_normal((ROWS, 1)) + np.sqrt(own) * rng.standard_normal((ROWS, trials))
    false = (1 - recall) * POSITIVES / (ROWS - POSITIVES)
    high, low = np.quantile(np.random.default_rng(0).standard_normal(1_000_000), [1 - recall, 1 - false])
    logits: np.ndarray = luck - np.where(LABELS, high, low)[:, None]
    return logits


def correct(trials: np.ndarray, **settings: Any) -> Corrected:
    """The corrected score of trials without a curve."""
    apart = {"trial_on_curve": np.full(trials.shape[1], False), "curve_logits": trials[:, :1, None], "most": [0.5]}
    options: dict[str, Any] = {
        "y": LABELS,
        "units": SINGLE,
        "equal": "ratio",
        "deliver": "ratio",
        "resamples": 300,
        **apart,
    }
    return corrected_score(trials=trials, **{**options, **settings})


def test_one_trial_needs_no_correction() -> None:
    """If it failed, the correction would take something off where nothing was picked."""
    found = correct(coins(0.5, seed=1, trials=1), resamples=2000)
    assert found.score == pytest.approx(found.uncorrected, abs=0.01)
    assert found.low < found.score < found.high


def test_picking_the_best_of_40_equal_trials_is_seen_through() -> None:
    """If it failed, the headline would be flattered by the search; or a mean of small scores would put it too low.

    The simulation of STATISTICS.md: 24 positives, the best of 40 trials that are all equally good.
    """
    truth, found, means = 0.4, [], []
    for seed in range(30):
        trials = coins(truth, seed)
        found.append(correct(trials, resamples=150, seed=seed))
        for block in row_draws(LABELS.astype(int), SINGLE, 150, np.random.default_rng(seed)):
            for weights in block.astype(int):
                drawn, left_out = np.repeat(SINGLE, weights), weights == 0
                best = np.argmax(score(count(LABELS[drawn], trials[drawn] > 0)))
                means.append(score(count(LABELS[left_out], trials[left_out, best : best + 1] > 0))[0])
    corrected = np.mean([one.score for one in found])
    assert np.mean([one.uncorrected for one in found]) > truth + 0.06
    assert corrected == pytest.approx(truth, abs=0.03)
    assert np.mean(means) < corrected - 0.01
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.9


def test_a_trial_that_is_truly_best_keeps_its_score() -> None:
    """If it failed, a network that is picked in every resample would still be marked down."""
    trials = coins(0.3, seed=2)
    trials[:, 7] = np.where(LABELS, 1.0, -1.0)
    trials[:3, 7] = -1
    found = correct(trials)
    assert found.uncorrected == 21 / 24
    assert found.score == pytest.approx(21 / 24, abs=0.03)


def test_on_the_curve_the_delivered_balance_is_scored_and_not_the_trial() -> None:
    """If it failed, the corrected score would be that of the objective's best trial, which is not what is delivered."""
    trials = coins(0.4, seed=3, trials=2)
    trials[:, 0] = np.where(LABELS, 1.0, -1.0)
    most = balance_grid(POSITIVES / ROWS, 5)
    called = np.zeros((ROWS, 5), dtype=bool)
    called[:12] = True  # tp = 12 everywhere; fp = 4, 8, 12, 40, 80, so that the ratio meets in the middle
    for balance, fp in enumerate((4, 8, 12, 40, 80)):
        called[POSITIVES : POSITIVES + fp, balance] = True
    curve = np.where(called, 1.0, -1.0)[:, :, None]
    settings = {"curve_logits": curve, "most": most, "trial_on_curve": np.array([True, False])}
    assert correct(trials, **settings).uncorrected == 0.5
    assert correct(trials, **settings).score == pytest.approx(0.5, abs=0.06)
    lowest = correct(trials, **settings, deliver="precision")  # P0 = P1 lies below the range: the end, 12 of 16 called
    assert lowest.uncorrected == 0.5
    assert lowest.recall[0] == pytest.approx(1 - 4 / 576, abs=0.002)
    settings["trial_on_curve"] = np.array([False, False])
    assert correct(trials, **settings).score == 1.0


def test_a_search_for_equal_recall_is_corrected_in_the_same_score() -> None:
    """If it failed, `--equal recall` would be given min(R0, R1), which a coin brings to one half."""
    trials = np.where(LABELS, 1.0, -1.0)[:, None]
    trials[:6], trials[30:90] = -1, 1
    found = correct(trials, equal="recall", deliver="recall")
    assert found.uncorrected == 18 / 78
    assert found.score == pytest.approx(18 / 78, abs=0.03)


def test_a_search_that_might_as_well_have_come_to_something_else_says_so() -> None:
    """If it failed, a pick that another draw of the rows would turn round would carry the interval of a steady one."""
    sure, bold = np.full(ROWS, -1.0), np.full(ROWS, -1.0)
    sure[:6] = 1  # 6 of 24, no false alarm: .25
    bold[[*range(7), *range(100, 121)]] = 1  # 7 of 24, 21 false alarms: .25
    steady = correct(bold[:, None])
    torn = correct(np.stack([sure, bold], axis=1))
    assert len(steady.choices) == 1
    assert {choice[1:] for choice in torn.choices} == {(1.0, 6 / 24), (1 - 21 / 576, 7 / 24)}
    assert sum(choice[0] for choice in torn.choices) == pytest.approx(1)
    assert torn.high - torn.low > steady.high - steady.low
    assert np.ptp(prediction_interval(torn, 1200, 28_800)) > np.ptp(prediction_interval(steady, 1200, 28_800))


def test_groups_are_left_out_whole() -> None:
    """If it failed, a duplicate would score the choice that its twin made, and the interval would shrink by copies."""
    trials = coins(0.4, seed=4)
    four = correct(
        np.tile(trials, (4, 1)), y=np.tile(LABELS, 4), units=np.tile(SINGLE, 4), curve_logits=np.zeros((2400, 1, 1))
    )
    once = correct(trials, curve_logits=np.zeros((600, 1, 1)))
    assert four.uncorrected == once.uncorrected
    assert four.score == pytest.approx(once.score)
    assert four.effective == pytest.approx(once.effective)
    assert four.high - four.low == pytest.approx(once.high - once.low, abs=0.02)


def test_the_effective_size_by_hand() -> None:
    """If it failed, rows that come in groups would count as so many rows drawn singly."""
    assert effective_size(np.array([1, 0, 1, 0]), np.array([1, 1, 1, 1])) == 4
    assert effective_size(np.array([3, 0, 3, 0]), np.array([3, 3, 3, 3])) == pytest.approx(4)
    assert effective_size(np.array([1, 1]), np.array([2, 2])) == 4  # groups that balance out tell no more than rows
    assert effective_size(np.array([3, 3]), np.array([3, 3])) == 2


def test_a_score_of_one_keeps_an_interval() -> None:
    """If it failed, 24 of 24 without a false alarm would be certain, or 1 would lie outside its own interval."""
    found = correct(np.where(LABELS, 1.0, -1.0)[:, None])
    assert found.score == found.uncorrected == 1
    assert 0.8 < found.low < 0.95
    assert found.high == 1


def test_a_score_of_zero_keeps_an_interval() -> None:
    """If it failed, a network that calls nothing would stop the run, or be certain to be of no use."""
    found = correct(np.full((ROWS, 1), -1.0))
    assert found.score == found.low == 0 or found.low < 0.01
    assert 0.02 < found.high < 0.3


def test_the_interval_of_a_fixed_rule_covers_it() -> None:
    """If it failed, the interval would be narrower than the sampling of 24 positives alone makes it."""
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        recall1, recall0 = rng.binomial(24, 0.5) / 24, rng.binomial(576, 1 - 12 / 576) / 576
        low, high = score_interval((recall0, recall1), (576.0, 24.0), 0.04, rng)
        covered += low <= 0.5 <= high
    assert covered >= 184


def test_the_prediction_interval_holds_test_tables() -> None:
    """If it failed, an honest test score would look like a broken promise, or the interval would say nothing."""
    rng = np.random.default_rng(0)
    held, widths = [], []
    for _ in range(150):
        recall1, recall0 = rng.binomial(24, 0.5) / 24, rng.binomial(576, 1 - 12 / 576) / 576
        corrected = Corrected(0.5, 0.3, 0.7, 0.5, (recall0, recall1), (576.0, 24.0))
        low, high = prediction_interval(corrected, 12, 288)
        tp, fp = rng.binomial(12, 0.5), rng.binomial(288, 12 / 576)
        held.append(low <= tp / max(tp + fp, 12) <= high)
        widths.append(high - low)
    assert np.mean(held) >= 0.9
    assert np.mean(widths) < 0.65


def test_the_prediction_interval_knows_the_test_tables_size_and_share() -> None:
    """If it failed, 12 test positives would be trusted as 1200, or a rarer positive class taken for a failure."""
    corrected = Corrected(0.6, 0.5, 0.7, 0.6, (1 - 0.4 * 380 / 8982, 0.6), (8982.0, 380.0))
    wide, narrow = (np.ptp(prediction_interval(corrected, size, 24 * size)) for size in (12, 1200))
    assert wide > 2 * narrow
    assert prediction_interval(corrected, 1200, 60 * 1200)[1] < 0.5


def test_one_seed_gives_one_score() -> None:
    """If it failed, the same command would give two headlines."""
    trials = coins(0.4, seed=5)
    assert correct(trials, seed=1) == correct(trials, seed=1)


def test_groups_that_all_hold_a_positive_are_resampled() -> None:
    """If it failed, a study over patients who all fell ill at some time would end without a result."""
    found = correct(coins(0.4, seed=0, trials=2), units=SINGLE % POSITIVES)
    assert 0 < found.low < found.score < found.high < 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": np.zeros(ROWS)}, "y must hold both classes"),
        ({"trials": np.zeros((ROWS, 0))}, r"trials must have shape \(600, trials\); got \(600, 0\)"),
        (
            {"trial_on_curve": np.array([0, 1])},
            r"trial_on_curve must be bool of shape \(2,\), one per trial; got int64",
        ),
        ({"curve_logits": np.zeros((ROWS, 3, 1))}, r"curve_logits must have shape \(600, 1, repeats\)"),
        ({"most": 0.5}, r"most must have shape \(balances,\)"),
        ({"equal": "f1"}, "equal must be one of"),
        ({"deliver": "f1"}, "deliver must be one of"),
        ({"resamples": 0}, "resamples must be at least 1"),
        (
            {"units": np.where(LABELS, 0, SINGLE)},
            "units must hold each class in at least 2 row groups; got positives in 1",
        ),
    ],
)
def test_errors_name_the_argument(change: dict[str, Any], message: str) -> None:
    """If it failed, a wrong argument would pass, or the message would not say which one it is."""
    with pytest.raises(ValueError, match=message):
        correct(**({"trials": coins(0.4, seed=0, trials=2)} | change))


def test_a_test_table_needs_both_classes() -> None:
    """If it failed, a test table without positives would be given an interval of nothing."""
    with pytest.raises(ValueError, match="test_positives and test_negatives must be at least 1; got 0 and 5"):
        prediction_interval(correct(coins(0.4, seed=0, trials=1)), 0, 5)


def test_a_curve_that_ends_before_the_balance_is_finished_by_the_threshold() -> None:
    """If it failed, the score of a balance would be corrected that is not the one delivered."""
    rng = np.random.default_rng(3)
    y = np.arange(1000) < 60
    weak = (1.5 * y + rng.normal(size=1000) - 3.0)[:, None]  # so far below 0 that hardly a row is called
    options: dict[str, Any] = {"equal": "recall", "deliver": "recall", "resamples": 300}
    found = corrected_score(y, np.arange(1000), weak, np.full(1, True), weak[:, :, None], [0.9], **options)
    threshold = balancing_threshold(y, weak[:, 0], "recall")
    at_it = Counts.of(y, weak[:, 0] > threshold)
    assert found.recall[1] == pytest.approx(at_it.recall[1], abs=0.05)
    assert found.recall[0] == pytest.approx(found.recall[1], abs=0.05)
    assert found.uncorrected == pytest.approx(float(score(at_it)), abs=0.03)


def shifted(recall: float, shifts: list[float], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Trials of nearly one network, each further from its balance, and losses by which the last is the best."""
    trials = coins(recall, seed, trials=len(shifts), own=0.05) + np.array(shifts)
    losses = np.tile(np.linspace(0.2, 0.1, len(shifts)), (ROWS, 1))
    return trials, losses


@pytest.mark.parametrize("deliver", ["precision", "ratio", "recall"])
def test_a_trial_far_from_its_balance_is_scored_where_its_own_curve_would_have_led(deliver: str) -> None:
    """If it failed, a trial at a low `most` that has the lowest log loss would pull the score down to nothing.

    It predicts no row positive at logit 0, and has no curve; nobody would deliver it like that.
    """
    trials, losses = shifted(0.6, [0.0, -1.5, -8.0], seed=6)
    settings: dict[str, Any] = {
        "curve_logits": trials[:, :1, None] + np.array([-0.3, 0.0, 0.3])[:, None],
        "most": [0.85, 0.9, 0.95],
        "trial_on_curve": np.array([True, False, False]),
        "equal": "ratio",
        "deliver": deliver,
    }
    assert not (trials[:, 2] > 0).any()
    on_curve = correct(trials, **settings, losses=losses[:, ::-1])
    off_curve = correct(trials, **settings, losses=losses)
    assert min(on_curve.score, off_curve.score) > 0.05
    if deliver == "ratio":
        threshold = balancing_threshold(LABELS, trials[:, 2])
        assert off_curve.uncorrected == float(score(Counts.of(LABELS, trials[:, 2] > threshold)))
        assert off_curve.score == pytest.approx(on_curve.score, abs=0.08)
    if deliver == "recall":
        assert off_curve.recall[0] == pytest.approx(off_curve.recall[1], abs=0.05)


def test_a_balance_that_predicts_no_row_or_all_is_scored_at_the_threshold_that_is_delivered() -> None:
    """If it failed, a network that learned little would be said to find nothing, where its threshold is moved."""
    flat = 0.01 * coins(0.4, seed=11, trials=1)
    curve = flat[:, :, None] + np.array([-0.5, 0.5])[:, None]
    found = correct(flat, trial_on_curve=np.array([True]), curve_logits=curve, most=[0.5, 0.95])
    plain = correct(flat)
    assert found.uncorrected == plain.uncorrected
    assert found.score == pytest.approx(plain.score, abs=0.02)


def test_where_no_threshold_has_equal_precision_the_ratio_is_delivered() -> None:
    """If it failed, the score of a weak network would be that of a threshold that no run delivers."""
    weak, losses = coins(0.15, seed=8, trials=1), np.ones((ROWS, 1))
    as_precision, as_ratio = (correct(weak - 5, deliver=deliver, losses=losses) for deliver in ("precision", "ratio"))
    assert as_precision.score == as_ratio.score


@pytest.mark.parametrize("deliver", ["precision", "ratio"])
def test_a_large_table_need_not_be_told_apart_row_by_row(deliver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a million rows would take gigabytes, or be corrected otherwise than on all of them."""
    rng = np.random.default_rng(9)
    y = np.arange(8000) < 80
    strong = rng.normal(size=(8000, 1)) + 2.2 * y[:, None] - 2.0
    trials = strong + 0.3 * rng.normal(size=(8000, 6))
    losses = np.logaddexp(0, 2 * trials - 3) - y[:, None] * (2 * trials - 3)
    options: dict[str, Any] = {
        "y": y,
        "units": np.arange(8000) // 2,
        "trial_on_curve": np.arange(6) < 3,
        "curve_logits": (trials[:, :3].mean(axis=1)[:, None] + np.array([-1.0, 0.0, 1.0]))[:, :, None],
        "most": [0.7, 0.9, 0.98],
        "losses": losses,
        "deliver": deliver,
    }
    whole = correct(trials, **options)
    monkeypatch.setattr(repeated_search, "ALL", 0)
    some = correct(trials, **options)
    assert some.uncorrected == whole.uncorrected
    assert some.effective == whole.effective
    assert some.score == pytest.approx(whole.score, abs=0.01)
    assert (some.low, some.high) == pytest.approx((whole.low, whole.high), abs=0.015)
    np.testing.assert_allclose(some.recall, whole.recall, atol=0.01)
