"""The answer in words: in a headline, and in one sentence with the class's own name."""

from sweep.evidence.bullets import say_condition
from sweep.evidence.verdict import Verdict
from sweep.statistics.confusion import Counts

ANSWERS = {
    "futile": "Futile, as far as these rows can tell",
    "data-limited": "Not futile: short of positives",
    "feature-limited": "Not futile: limited by the features",
    "workable": "Not futile: workable",
}


def headline(verdict: Verdict | None) -> str:
    """Say the answer in a few words."""
    if verdict is None:
        return "Not asked: the run was a quick one, without a verdict"
    return ANSWERS[verdict.answer] + ("" if verdict.sure else ", probably") + say_condition(verdict)


def say_found(counts: Counts, name: str) -> str:
    """Say how much is found of a class, and how many alarms are right; in hundreds where there are as many.

    Examples
    --------
    >>> say_found(Counts(tp=3, fp=1, fn=9, tn=99), "ill")
    'Finds 3 of 12 ill; 3 of 4 alarms are right.'
    >>> say_found(Counts(tp=104, fp=96, fn=96, tn=904), "y = 1")
    'Finds 52 of 100 with y = 1; 52 of 100 alarms are right.'
    """
    alarms = counts.tp + counts.fp
    if not alarms:
        return f"Finds none of {counts.positives} {with_name(name)}."
    if counts.positives < 100 or alarms < 100:
        return f"Finds {counts.tp} of {counts.positives} {with_name(name)}; {counts.tp} of {alarms} alarms are right."
    precision, recall = 100 * counts.tp / alarms, 100 * counts.tp / counts.positives
    return f"Finds {recall:.0f} of 100 {with_name(name)}; {precision:.0f} of 100 alarms are right."


def with_name(name: str) -> str:
    """Write a class's name behind a number of its rows."""
    return f"with {name}" if " = " in name else name
