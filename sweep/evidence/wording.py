"""The verdict in plain words: a paragraph with the rule that led to it, and a sentence for each piece of evidence.

Every constant that a sentence names is that of the code that rules.
"""

from typing import TYPE_CHECKING

from sweep.evidence import rule, weights_or_threshold
from sweep.evidence.baselines import Baselines
from sweep.evidence.bullets import by_boosting, say_condition, say_p
from sweep.evidence.learning_curve import LearningCurve
from sweep.evidence.permutation_test import PermutationTest
from sweep.evidence.test_size import SizeOfTest
from sweep.evidence.weights_or_threshold import WeightsOrThreshold
from sweep.evidence.yardsticks import Yardsticks
from sweep.statistics.calibration import Calibration, Measured
from sweep.statistics.confusion import Counts
from sweep.statistics.digits import rate, span

if TYPE_CHECKING:
    from sweep.evidence.verdict import Verdict


def say_verdict(verdict: "Verdict", counts: Counts) -> str:
    """Say the answer, the rule and the numbers that led to it, and what to do now.

    Parameters
    ----------
    verdict : Verdict
    counts : Counts
        Out-of-fold, of the selected balance.
    """
    said = {
        "futile": _say_futile,
        "workable": _say_workable,
        "data-limited": _say_data_limited,
        "feature-limited": _say_feature_limited,
    }[verdict.answer](verdict, counts)
    tested = verdict.test_size.positives is not None and verdict.answer != "futile"
    parts = [alarm.says for alarm in verdict.alarms if alarm.kind == "leak"]
    if verdict.yardsticks is not None and verdict.answer != "futile":
        first = verdict.yardsticks.boosting.finding == "better"
        compared = _say_boosting(verdict.yardsticks)
        parts += [compared, said] if first else [said, compared]
    else:
        parts.append(said)
    return " ".join([*parts, say_test_size(verdict.test_size)] if tested else parts)


def _say_futile(v: "Verdict", counts: Counts) -> str:
    return (
        f"Futile, as far as these rows can tell: with {counts.positives} positives, what the features say of the class "
        f"is not told from chance. {say_signal(v.signal)} The rule asks for p = {v.signal.level} or less. At the very "
        f"most, average precision here is {v.signal.high:.2f}. Do not use the model: no balance of the weights and no "
        "larger network changes this. Look for features that bear on the class; if you have reason to believe that "
        "these do, only more positives can show it."
    )


def _say_workable(v: "Verdict", counts: Counts) -> str:
    if not v.sure and v.yardsticks is not None:
        b = v.yardsticks.boosting
        return (
            f"Probably workable, with gradient boosting. There is signal ({say_p(v.signal)}); {_say_score(v)}, and its "
            f"low end does not reach the {v.enough:g} that counts as enough, but that of gradient boosting on the same "
            f"features does: {b.score:.3f} (95 % {b.low or 0:.3f} to {b.high or 1:.3f}). {_say_counts(counts)} "
            f"{say_learning(v.learning)}"
        )
    return (
        f"Workable{say_condition(v)}. There is signal ({say_p(v.signal)}), and {_say_score(v)}: "
        f"its low end reaches the "
        f"{v.enough:g} that counts as enough, which is the rule. {_say_counts(counts)} More positives may still help: "
        f"{_lower(say_learning(v.learning))}"
    )


def _say_data_limited(v: "Verdict", counts: Counts) -> str:
    start = (
        f"Not futile, but {'' if v.sure else 'probably '}short of positives. There is signal "
        f"({say_p(v.signal)}), yet {_say_score(v)}: its low end does not reach the {v.enough:g} that counts as enough. "
    )
    if v.learning.gain is None:
        return start + (
            f"Whether more positives would help cannot be told: {v.learning.why}. {_say_counts(counts)} "
            "If more positives can be had, get them first; if not, take this for what the table gives, and do not tune "
            "further: with so few, no change could be told from luck."
        )
    if v.yardsticks is not None and by_boosting(v):
        b = v.yardsticks.boosting
        return start + (
            f"Gradient boosting scores {b.score:.3f} on the same features "
            f"(95 % {b.low or 0:.3f} to {b.high or 1:.3f}): "
            "by that estimate the features do not lack, but its low end does not reach what counts as enough either. "
            f"{say_learning(v.learning)} {_say_counts(counts)} Try gradient boosting; only more positives can show "
            "whether it holds what it promises."
        )
    by_rule = (
        f"The low end of the latter is above {rule.CLEARLY_MORE:g}, which is the rule. "
        if v.sure
        else "That leaves open whether more positives or better features are what lacks; by the estimate, positives. "
    )
    return start + (
        f"{say_learning(v.learning)} {by_rule}{_say_counts(counts)} If more positives can be had, get them; if not, "
        "this is about what the table gives, and tuning further will not change it."
    )


def _say_feature_limited(v: "Verdict", counts: Counts) -> str:
    by_rule = (
        f"The high end of the latter is below {rule.CLEARLY_FLAT:g}, which is the rule: more rows of the same kind "
        "would not help much. "
        if v.sure
        else "That leaves open whether more positives or better features are what lacks; by the estimate, features. "
    )
    return (
        f"Not futile, but {'' if v.sure else 'probably '}limited by what the features tell. There is signal "
        f"({say_p(v.signal)}), yet {_say_score(v)}: its low end does not reach the {v.enough:g} that counts as enough. "
        f"{say_learning(v.learning)} {by_rule}{_say_counts(counts)} Look for features that tell the two classes apart, "
        "or use the model to rank rows for a second look rather than to decide."
    )


def _say_counts(counts: Counts) -> str:
    """Say what the delivered balance does, in people's numbers."""
    (_, precision), (_, recall) = counts.precision, counts.recall
    spans = counts.intervals()
    found = f"finds {_in_100(recall)} of 100 positives{_in_100_span(spans['R1'])}"
    right = f"of 100 alarms {_in_100(precision)} are right{_in_100_span(spans['P1'])}"
    return f"Out-of-fold, the selected balance {found}, and {right if precision is not None else 'raises no alarm'}."


def _say_score(v: "Verdict") -> str:
    return (
        f"the lesser of precision and recall of the positives, min(P1, R1), is {v.score.value:.3f} once corrected "
        f"for the search (95 % {v.score.low:.3f} to {v.score.high:.3f})"
    )


def say_signal(s: PermutationTest) -> str:
    """Say what the permutation test found."""
    return (
        f"A small network fixed beforehand has average precision {s.average_precision:.3f} "
        f"(95 % {s.low:.3f} to {s.high:.3f}) out-of-fold; {s.as_good or 'none'} of {s.shuffles} shuffles "
        f"of the labels did as well (median {s.shuffled.median:.3f}, 99 % of them up to "
        f"{s.shuffled.high:.3f}): {say_p(s)}."
    )


def say_learning(curve: LearningCurve) -> str:
    """Say what doubling the positives would bring."""
    if curve.gain is None:
        return f"Whether more positives would help cannot be told: {curve.why}."
    by = " and ".join(
        f"{name} by about {gain.value:+.3f} (95 % {gain.low:+.3f} to {gain.high:+.3f})"
        for name, gain in (
            ("min(P1, R1)", curve.gain.score),
            ("average precision", curve.gain.average_precision),
        )
    )
    return f"Doubling the positives, with the same negatives, would change {by}."


def say_test_size(size: SizeOfTest) -> str:
    """Say what a test can settle: the given test table, or one of a usual size."""
    if size.positives is None or size.interval is None:
        positives, ends = size.sizes[1].positives, size.sizes[1].interval
        start = f"A test with {positives} positives"
    else:
        positives, ends = size.positives, size.interval
        start = f"The test table with its {positives} positives"
    text = (
        f"{start} cannot tell recalls from {span(ends, ' to ')} apart (95 %, at a recall of "
        f"{rate(size.recall)}); for plus or minus {size.wanted:g} it takes {size.needed}."
    )
    if size.precision is not None and size.share is not None:
        text += (
            f" As {100 * size.share:.1f} % of its rows are positive, against {100 * size.trained_share:.1f} % "
            f"here, expect a precision of {size.precision:.2f} there with nothing gone wrong."
        )
    return text


def say_weights_or_threshold(w: WeightsOrThreshold) -> str:
    """Say whether weighting did anything that moving the threshold would not."""
    ends = (
        f"min(P1, R1) {w.weights.score:.2f} with weights, {w.threshold.score:.2f} with the threshold of the unweighted "
        f"network moved instead, both at FP = FN (difference {w.difference:+.2f}, 95 % {w.low:+.2f} to "
        f"{w.high:+.2f})"
    )
    return {
        "weights": f"Weighting did better than moving the threshold: {ends}.",
        "cut": f"Moving the threshold did better than weighting: {ends}.",
        "no different": "Weighting and moving the threshold are no different here, to within "
        f"{weights_or_threshold.ALIKE:g}: {ends}.",
        "not told apart": f"Weighting and moving the threshold are not told apart: {ends}.",
    }[w.finding]


def say_baselines(b: Baselines) -> str:
    """Say how the network compares with the baselines."""
    d = b.logistic_regression.against.score
    better = "better than" if d.low > 0 else "worse than" if d.high < 0 else "not told apart from"
    return (
        f"The network is {better} logistic regression: {d.value:+.2f} in min(P1, R1), 95 % {d.low:+.2f} to "
        f"{d.high:+.2f}, each at the FP = FN threshold that the other folds choose. With the same weights and its own "
        f"threshold the regression has {b.logistic_regression.score:.2f}; predicting no row positive has 0, predicting "
        f"every row positive {b.everybody.score:.2f}."
    )


def say_yardsticks(y: Yardsticks, signal: PermutationTest) -> str:
    """Say how the network compares with gradient boosting, the best single column and the network fixed beforehand."""
    best, own = y.best_column, y.network_average_precision
    gained = "" if own > signal.average_precision else ", so the search gained nothing in it"
    return (
        f"{_say_boosting(y)} The best single column is {best.column} ({best.rule}): alone it has average precision "
        f"{best.average_precision:.3f}, where the network has {own:.3f} and the small one fixed beforehand "
        f"{signal.average_precision:.3f}{gained}."
    )


def _say_boosting(y: Yardsticks) -> str:
    d = y.boosting.against.score
    ends = f"{-d.value:+.3f} in min(P1, R1), 95 % {-d.high:+.3f} to {-d.low:+.3f}"
    return {
        "better": f"Gradient boosting does better than the network ({ends}), and class_weights.json serves it too.",
        "worse": f"Gradient boosting does worse than the network ({ends}).",
        "not told apart": f"Gradient boosting and the network are not told apart ({ends}).",
    }[y.boosting.finding]


def say_calibration(c: Calibration) -> str:
    """Say whether the probability can be believed, and whether a recalibration goes out with it."""
    alone = c.slope.value is None
    if c.export:
        fitted = "an intercept fitted out-of-fold goes" if alone else "an intercept and a slope fitted out-of-fold go"
        outcome = f"An interval excludes 1: {fitted} out with the probability."
    elif alone:
        outcome = "The probability goes out as it is."
    else:
        outcome = "Neither interval excludes 1: the probability goes out as it is."
    return (
        f"With the weights undone, the probabilities sum to {_say_measured(c.total)} times the positives, and their "
        f"slope is {_say_measured(c.slope)}; both should be 1. {outcome}"
    )


def _say_measured(m: Measured) -> str:
    if m.value is None:
        return "undefined, as the classes hardly overlap"
    return f"{m.value:.2f} (95 % {m.low:.2f} to {m.high:.2f})"


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _in_100(rate: float | None) -> str:
    return "none" if rate is None else f"{100 * rate:.0f}"


def _in_100_span(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f" ({100 * ends[0]:.0f} to {100 * ends[1]:.0f})"
