"""A result in the 15 to 20 lines that a terminal shows: the answer with the classes' own names, and what to do next."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sweep.class_weight import weight_ratio
from sweep.config import EQUAL
from sweep.progress import duration
from sweep.report.html import headline
from sweep.report.result import Result
from sweep.report.standing import point_lines
from sweep.report.terminal import DASH, network
from sweep.statistics.confusion import Counts


def summarise_briefly(result: Result, root: Path) -> Iterator[Text | Table | str]:
    """Give the lines and the table of a finished study; they fit any width from 60 columns on.

    Parameters
    ----------
    result : Result
    root : Path
        Under which the study lies, as the commands name it.
    """
    data, selected = result.data, result.selected
    name = data.class_names[1]
    yield (
        f"[bold]{escape(result.name)}[/]: {data.rows} rows, {data.positives} {escape(_with(name))}; "
        f"{result.trials.complete + result.trials.pruned} trials in {duration(sum(result.seconds.values()))}"
    )
    if result.verdict:
        yield f"[bold]{escape(headline(result.verdict))}[/]"
    found = escape(say_found(selected.counts, name))
    yield f"{found} Weights {selected.weight_ratio:.3g} : 1, {network(result)}."
    if result.verdict:
        yield from (f"- {escape(bullet)}" for bullet in result.verdict.bullets)
    if result.operating_point:
        yield from (escape(line) for line in point_lines(result.operating_point))
    if not result.verdict:
        corrected = selected.corrected
        interval = f"{corrected.low:.2f} to {corrected.high:.2f}"
        yield f"The lesser of the two, corrected for the search: {corrected.score:.2f} ({interval})."
    if selected.equal == "ratio" and result.equal == "precision":
        yield f"Equal precision is out of reach; taken: as many alarms as {escape(_with(name))}."
    yield _balances(result)
    if result.test:
        yield f"Test table: {escape(say_found(result.test.counts, name))}"
    yield from _next_commands(result.name, root)


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
        return f"Finds none of {counts.positives} {_with(name)}."
    if counts.positives < 100 or alarms < 100:
        return f"Finds {counts.tp} of {counts.positives} {_with(name)}; {counts.tp} of {alarms} alarms are right."
    precision, recall = 100 * counts.tp / alarms, 100 * counts.tp / counts.positives
    return f"Finds {recall:.0f} of 100 {_with(name)}; {precision:.0f} of 100 alarms are right."


def _with(name: str) -> str:
    """Write a class's name behind a number of its rows."""
    return f"with {name}" if " = " in name else name


def _balances(result: Result) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("balance", "found", "alarms right", "weights", "reached by"):
        table.add_column(head, justify="left" if head in ("balance", "reached by") else "right", no_wrap=True)
    for name in EQUAL:
        balance = result.balances[name]
        mark = " *" if name == result.selected.equal else ""
        ratio = weight_ratio(balance.most, result.data.positives / result.data.rows)
        rates = (_percent(balance.recall[1]), _percent(balance.precision[1]))
        table.add_row(f"{name}{mark}", *rates, f"{ratio:.3g} : 1", balance.reached_by or "out of reach")
    return table


def _percent(rate: float | None) -> str:
    return DASH if rate is None else f"{100 * rate:.0f} %"


def _next_commands(name: str, root: Path) -> Iterator[Text]:
    """Say where the report is, and the commands that come next, ready to be copied."""
    called, where = shlex.quote(name), "" if root == Path() else f" --root {shlex.quote(str(root))}"
    yield Text(f"Next: open {shlex.quote(str(root / 'studies' / name / 'report.html'))}")
    for command in (
        f"predict {called} NEW.csv --out scored.csv",
        f"export {called} --to model",
        f"dashboard {called}",
        f"show {called} --full",
    ):
        yield Text(f"  sweep {command}{where}")
