"""The verdict in three bullets: is there signal, how good is it, what would help; at most 20 words each."""

from typing import TYPE_CHECKING

from sweep.evidence import rule
from sweep.evidence.permutation_test import PermutationTest
from sweep.statistics.bootstrap import Estimate
from sweep.statistics.digits import digits

if TYPE_CHECKING:
    from sweep.evidence.verdict import Verdict

WORDS = 20  # of a bullet, at most
LONGEST = 40  # characters of a column's name
MOST_DIGITS = 3  # of a rate


def say_bullets(verdict: "Verdict") -> tuple[str, str, str]:
    """Say whether there is signal, how good the model is, and what would help, each in a line."""
    return _say_signal(verdict), _say_quality(verdict), _say_help(verdict)


def say_p(signal: PermutationTest) -> str:
    """Say p; where no shuffle was as good it is the smallest that so many shuffles can give.

    A p at its floor is "at most" what is said.
    """
    return f"p at most {signal.p:.3g}" if signal.at_floor else f"p = {signal.p:.3g}"


def say_columns(names: list[str]) -> str:
    """Name columns in a headline: two, and how many more.

    Examples
    --------
    >>> say_columns(["chargeback", "refund", "fee"])
    '`chargeback`, `refund` and 1 more'
    """
    quoted = [f"`{name if len(name) <= LONGEST else name[: LONGEST - 1] + '…'}`" for name in names]
    if len(quoted) > 2:
        return f"{', '.join(quoted[:2])} and {len(quoted) - 2} more"
    return " and ".join(quoted)


def say_condition(verdict: "Verdict") -> str:
    """Say on what the answer depends: that columns which tell too much are known; empty where none does."""
    leaks = [alarm.column for alarm in verdict.alarms if alarm.kind == "leak"]
    if not leaks or verdict.answer == "futile":
        return ""
    return f", if {say_columns(leaks)} {'is' if len(leaks) == 1 else 'are'} known when the prediction is made"


def by_boosting(v: "Verdict") -> bool:
    """Check whether gradient boosting's estimate alone, not its low end, keeps `feature-limited` from being said."""
    if v.answer != "data-limited" or v.sure or v.yardsticks is None or v.learning.gain is None:
        return False
    boosting, gain = v.yardsticks.boosting, v.learning.gain.average_precision
    return boosting.score >= v.enough and (gain.high < rule.CLEARLY_FLAT or gain.value <= rule.MIDDLE)


def _say_signal(v: "Verdict") -> str:
    as_good = f"{v.signal.as_good or 'none'} of {v.signal.shuffles} shuffles of the labels did as well"
    start = "There is signal" if v.signal.found else "No signal is told from chance"
    return f"{start}: {as_good} ({say_p(v.signal)})."


def _say_quality(v: "Verdict") -> str:
    if v.yardsticks is not None and v.yardsticks.boosting.finding == "better":
        by = v.yardsticks.boosting.against.score
        better = Estimate(-by.value, -by.high, -by.low)
        return f"Gradient boosting does better, by {_span(better)} in min(P1, R1); the class weights serve it too."
    difference = v.baselines.logistic_regression.against.score
    beside = ""
    if not difference.excludes_zero:
        beside = ", not told apart from logistic regression"
    elif difference.high < 0:
        beside = ", worse than logistic regression"
    return f"The lesser of precision and recall is {_span(v.score)}{beside}."


def _say_help(v: "Verdict") -> str:
    leaks = [alarm.column for alarm in v.alarms if alarm.kind == "leak"]
    if v.answer == "futile":
        return "Look for features that bear on the class; no balance and no larger network changes this."
    if leaks:
        return f"First find out whether {say_columns(leaks[:1])} is known when the prediction is made."
    if v.answer == "workable" and not v.sure:
        return "Try gradient boosting with these class weights: it reaches what counts as enough."
    if by_boosting(v):
        return "Gradient boosting may reach what counts as enough; more positives would show whether it does."
    if v.learning.gain is None:
        return "Whether more positives would help cannot be told: there are too few for a learning curve."
    gain = v.learning.gain.average_precision
    then = {"data-limited": ": get more", "feature-limited": ": look for better features"}.get(v.answer, "")
    said = _span(Estimate(gain.value, gain.low, gain.high), "+")
    return f"Doubling the positives would change average precision by about {said}{then}."


def _span(e: Estimate, sign: str = "") -> str:
    """Write an estimate with its interval, in two digits, or three where an end would read as a 0 that it is not."""
    values = [0.0 if abs(one) < 0.5 * 10**-MOST_DIGITS else one for one in (e.value, e.low, e.high)]
    value, low, high = (f"{one:{sign}.{min(MOST_DIGITS, digits(*values))}f}" for one in values)
    return f"{value} ({low} to {high})"
