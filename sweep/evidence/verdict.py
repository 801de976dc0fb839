"""The verdict: the evidence gathered, the answer that the rule draws from it, and the words for both."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from sweep.document import key
from sweep.evidence import bullets, wording
from sweep.evidence.baselines import Baselines, compare_baselines
from sweep.evidence.columns import Alarm, SourceColumn, find_alarms, score_columns
from sweep.evidence.importance import Importance, measure_importance
from sweep.evidence.leaks import hold_against_rest
from sweep.evidence.learning_curve import LearningCurve, measure_learning_curve
from sweep.evidence.permutation_test import PermutationTest, measure_signal
from sweep.evidence.rule import Answer, decide
from sweep.evidence.test_size import SizeOfTest, assess_test_size
from sweep.evidence.two_sample import Rows, TwoSampleTest, compare_tables
from sweep.evidence.weights_or_threshold import WeightsOrThreshold, compare_weights_and_threshold
from sweep.evidence.yardsticks import Yardsticks, measure_yardsticks
from sweep.progress import Progress
from sweep.search.selection import Selection
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import Estimate
from sweep.statistics.calibration import Calibration, calibration
from sweep.statistics.confusion import Counts
from sweep.statistics.corrected_score import Corrected

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers
    from sweep.search.budget import Budget


@dataclass(frozen=True)
class Evidence:
    """All that the answer rests on; each piece but `importance` says itself in a sentence, `says`."""

    signal: PermutationTest
    learning: LearningCurve
    test_size: SizeOfTest
    weights_or_threshold: WeightsOrThreshold
    baselines: Baselines
    calibration: Calibration
    yardsticks: Yardsticks
    alarms: tuple[Alarm, ...]
    importance: tuple[Importance, ...]
    two_sample: TwoSampleTest | None


@dataclass(frozen=True)
class Verdict:
    """The answer to whether it is futile, with its evidence.

    Attributes
    ----------
    answer : str
        One of `sweep.evidence.rule.ANSWERS`.
    sure : bool
    enough : float
        From which low end of the corrected score on a table is workable.
    score : Estimate
        min(P1, R1) of the delivered balance, corrected for the search.
    paragraph : str
    signal, learning, test_size, weights_or_threshold, baselines, calibration, yardsticks, alarms, importance
        As in `Evidence`.
    bullets : tuple of str
        Is there signal, how good is it, what would help: in at most 20 words each.
    two_sample : TwoSampleTest or None
        Where there is a test table.
    """

    answer: Answer
    sure: bool
    enough: float
    score: Estimate
    paragraph: str
    signal: PermutationTest
    learning: LearningCurve
    test_size: SizeOfTest
    weights_or_threshold: WeightsOrThreshold = field(metadata=key("weights_or_cut"))
    baselines: Baselines = field(metadata=key("simple"))
    calibration: Calibration
    yardsticks: Yardsticks | None = field(default=None, metadata=key("baselines"))
    alarms: tuple[Alarm, ...] = ()
    importance: tuple[Importance, ...] = ()
    bullets: tuple[str, ...] = ()
    two_sample: TwoSampleTest | None = None


def gather_evidence(
    X: np.ndarray,
    setup: TrialSetup,
    selection: Selection,
    *,
    columns: Sequence[SourceColumn],
    numbering: Sequence[str] = (),
    test: tuple[int, int] | None,
    test_rows: Rows | None = None,
    workers: "Workers",
    budget: "Budget",
    progress: Progress,
) -> Evidence:
    """Gather the evidence on the delivered balance; what trains no stack runs in a thread beside what does.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    selection : Selection
    columns : sequence of SourceColumn
        That X comes of.
    numbering : sequence of str
        Columns that were left out because they number the rows.
    test : (rows, positives) or None
        Of the test table, if there is one.
    test_rows : Rows, optional
        The test table's own, which are compared with X.
    workers : Workers
    budget : Budget
    progress : Progress
    """
    progress.phase("verdict", 5 if test_rows is None else 6)
    rows, taken = selection.rows, selection.picks[selection.equal]
    params = replace(selection.winner.params, most=taken.most)
    logits = taken.logits.mean(axis=1)

    def compare_with_yardsticks() -> tuple[Baselines, Yardsticks, tuple[Alarm, ...]]:
        baselines = compare_baselines(X, setup, taken.most, logits)
        scores, best, alone = score_columns(columns, setup.y, setup.fold_of_row)
        yardsticks = measure_yardsticks(setup, logits, baselines.logistic_regression, columns, best, alone)
        alarms = find_alarms(scores, columns, yardsticks.network_average_precision)
        left_out = (Alarm("index", name, f"`{name}` numbers the rows, and was left out.") for name in numbering)
        return baselines, yardsticks, (*hold_against_rest(alarms, columns, setup, logits), *left_out)

    with one_thread() as beside:
        against = beside.submit(compare_with_yardsticks)
        moved = beside.submit(
            compare_weights_and_threshold,
            rows.y,
            rows.units,
            rows.fold_of_row,
            selection.curve_logits.mean(axis=2),
            selection.curve.log_ratio,
            selection.picks["unweighted"].logits.mean(axis=1),
            seed=setup.seed,
        )
        calibrated = beside.submit(calibration, rows, logits, taken.most, seed=setup.seed)
        signal = measure_signal(X, setup, workers=workers)
        progress.step("signal")
        learning = measure_learning_curve(X, setup, params, taken.logits, workers=workers, budget=budget)
        progress.step("learning curve")
        importance = measure_importance(
            X,
            setup,
            params,
            columns,
            logits,
            repeats=selection.repeats,
            networks=taken.networks,
            workers=workers,
            budget=budget,
        )
        progress.step("importance")
        two_sample = None
        if test_rows is not None:
            training = Rows(X, setup.groups, columns)
            two_sample = compare_tables(training, test_rows, seed=setup.seed, workers=workers)
            progress.step("test table compared")
        baselines, yardsticks, alarms = against.result()
        progress.step("yardsticks")
        evidence = Evidence(
            signal=signal,
            learning=learning,
            test_size=assess_test_size(
                taken.counts, positives=test[1] if test else None, share=test[1] / test[0] if test else None
            ),
            weights_or_threshold=moved.result(),
            baselines=baselines,
            calibration=calibrated.result(),
            yardsticks=yardsticks,
            alarms=alarms,
            importance=importance,
            two_sample=two_sample,
        )
    progress.step("comparisons")
    return evidence


@contextmanager
def one_thread() -> Iterator[ThreadPoolExecutor]:
    """Run in a thread, one after the other, what trains no stack, so that it fills the gaps of what does.

    Where the block ends by an error, what has not begun is given up and what runs is waited for.
    """
    beside = ThreadPoolExecutor(1, thread_name_prefix="beside")
    try:
        yield beside
    finally:
        beside.shutdown(cancel_futures=True)


def reach_verdict(evidence: Evidence, corrected: Corrected, counts: Counts, *, enough: float) -> Verdict:
    """Answer by the rule, and put the answer and each piece of evidence into words.

    Parameters
    ----------
    evidence : Evidence
    corrected : Corrected
        The delivered balance's score, corrected for the search.
    counts : Counts
        Of the delivered balance, out-of-fold.
    enough : float
        From which low end of the corrected score on a table is workable.
    """
    gain, boosting = evidence.learning.gain, evidence.yardsticks.boosting
    answer, sure = decide(
        evidence.signal.p,
        corrected.low,
        enough,
        gain.average_precision if gain else None,
        (boosting.score, boosting.low or 0.0),
    )
    verdict = Verdict(
        answer=answer,
        sure=sure,
        enough=enough,
        score=Estimate(corrected.score, corrected.low, corrected.high),
        paragraph="",
        signal=replace(evidence.signal, says=wording.say_signal(evidence.signal)),
        learning=replace(evidence.learning, says=wording.say_learning(evidence.learning)),
        test_size=replace(evidence.test_size, says=wording.say_test_size(evidence.test_size)),
        weights_or_threshold=replace(
            evidence.weights_or_threshold, says=wording.say_weights_or_threshold(evidence.weights_or_threshold)
        ),
        baselines=replace(evidence.baselines, says=wording.say_baselines(evidence.baselines)),
        calibration=replace(evidence.calibration, says=wording.say_calibration(evidence.calibration)),
        yardsticks=replace(evidence.yardsticks, says=wording.say_yardsticks(evidence.yardsticks, evidence.signal)),
        alarms=evidence.alarms,
        importance=evidence.importance,
        two_sample=evidence.two_sample,
    )
    verdict = replace(verdict, bullets=bullets.say_bullets(verdict))
    return replace(verdict, paragraph=wording.say_verdict(verdict, counts))
