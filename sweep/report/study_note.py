"""What the dashboard says of a finished study: its answer, what was selected and why, its pictures, its report."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from sweep.dashboard.notes import TAGS, attach_pictures, read_note, tag_trials, write_note
from sweep.dashboard.view import REPORT
from sweep.report.answer import headline, say_found
from sweep.report.result import Result
from sweep.report.standing import point_lines
from sweep.report.terminal import network, selected_line
from sweep.statistics.digits import rate
from sweep.study.study import COMPLETE, Study, best

HEAD = "## What sweep selected"
END = "*(written by sweep; what you write below this line stays)*"
TITLES = {
    "delivered": "The delivered model",
    "precision-recall": "All trials",
    "balance-curve": "The balance curve",
    "thresholds": "Where to stand",
    "reliability": "Can the probability be believed?",
    "importance": "What it goes by",
    "learning-curve": "Would more positives help?",
}


def note_study(study: Study, result: Result, pictures: Sequence[Path]) -> None:
    """Put what was selected into the dashboard: the study's note, attributes and artifacts, and tags on trials.

    Parameters
    ----------
    study : Study
    result : Result
    pictures : sequence of path
        PNG, of the whole study.
    """
    addresses = attach_pictures(study, pictures)
    own = read_note(study).partition(END)[2] if HEAD in (before := read_note(study)) else f"\n\n{before}"
    write_note(study, f"{study_note(result, addresses)}\n\n{END}{own}".rstrip() + "\n")
    top = best(study.trials(COMPLETE)).number
    tag_trials(study, tags(result, top, study.metric))
    study.describe(attributes(result))


def study_note(result: Result, addresses: Mapping[str, str]) -> str:
    """Write the note: the verdict, what was selected, the pictures and where the report is."""
    verdict, selected = result.verdict, result.selected
    name = result.data.class_names[1]
    parts = [HEAD, f"**{plain(headline(verdict))}**"]
    parts.append(
        f"{plain(say_found(selected.counts, name))} Weights {selected.weight_ratio:.3g} : 1, {network(result)}."
    )
    if verdict:
        parts.append("\n".join(f"- {plain(bullet)}" for bullet in verdict.bullets))
        parts += [f"**Ask:** {plain(alarm.says)}" for alarm in verdict.alarms]
    taken = selected_line(result)
    parts.append(f"{plain(taken[:1].upper() + taken[1:])}.{f' Why: {plain(selected.why)}.' if selected.why else ''}")
    if result.operating_point:
        parts.append("\n".join(f"- {plain(line)}" for line in point_lines(result.operating_point)))
    if result.test:
        parts.append(f"Test table: {plain(say_found(result.test.counts, name))}")
    parts.append(f"**[The report]({REPORT})** (`studies/{plain(result.name)}/report.html`)")
    parts += [f"### {TITLES.get(stem, stem)}\n\n![{stem}]({at})" for stem, at in addresses.items()]
    return "\n\n".join(parts)


def tags(result: Result, top: int, metric: str) -> dict[int, str]:
    """Say of the selected trial that it is, and why it need not be the dashboard's Best Trial; and of that one.

    Parameters
    ----------
    result : Result
    top : int
        The number of the dashboard's Best Trial.
    metric : str
        By which it is.
    """
    selected = result.selected
    again = ", ".join(f"trial {one.trial} {one.score:.3f}" for one in selected.confirmed)
    rule = (
        f"The score of one run is noisy, so the best networks were run again with fresh seeds ({again}), beside "
        "a few more, and taken is the one of the lowest log loss, or the mean of those that cannot be told from it"
    )
    delivered = (
        f"Its network is delivered at most {selected.params.most:.4f} (weights {selected.weight_ratio:.3g} : 1), found "
        "on the balance curve, which need not be this trial's own balance"
    )
    if selected.trial == top:
        return {top: f"{TAGS[0]}{delivered}."}
    return {
        selected.trial: f"{TAGS[0]}{delivered}. Best Trial is trial {top}, by {metric} of one run. {rule}.",
        top: f"{TAGS[1]}It has the highest {metric} of one run; selected is trial {selected.trial}. {rule}.",
    }


def attributes(result: Result) -> dict[str, str]:
    """Name what the study's page tells first."""
    selected = result.selected
    (_, p1), (_, r1) = selected.precision, selected.recall
    intervals, name = selected.counts.intervals(), result.data.class_names[1]
    found = {
        "verdict": headline(result.verdict),
        "selected trial": str(selected.trial),
        "delivered": f"{network(result)}, weights {selected.weight_ratio:.3g} : 1 (most {selected.params.most:.4f})",
        f"precision of {name}": _with_interval(p1, intervals["P1"]),
        f"recall of {name}": _with_interval(r1, intervals["R1"]),
        "min(P1, R1), corrected": _with_interval(
            selected.corrected.score, (selected.corrected.low, selected.corrected.high)
        ),
    }
    if result.operating_point:
        found["operating point"] = "; ".join(point_lines(result.operating_point))
    if result.test:
        found["test table"] = say_found(result.test.counts, name)
    return found


def plain(text: str) -> str:
    r"""Escape what Markdown would take for a link, a picture or markup.

    Examples
    --------
    >>> plain("[a](b) <c> *d*")
    '\\[a\\](b) \\<c\\> \\*d\\*'
    """
    return re.sub(r"([\\\[\]<>*])", r"\\\1", text)


def _with_interval(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return rate(value)
    low, high = interval
    return f"{rate(value, interval)} ({rate(low, interval)} to {rate(high, interval)})"
