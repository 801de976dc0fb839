"""A result in the 15 to 20 lines that a terminal shows: the answer with the classes' own names, and what to do next."""

from collections.abc import Iterator
from pathlib import Path

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from sweep.class_weight import weight_ratio
from sweep.config import EQUAL
from sweep.report.html import headline
from sweep.report.result import Result
from sweep.report.standing import point_lines
from sweep.report.terminal import DASH, duration
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
    label = escape(data.positive)
    yield (
        f"[bold]{escape(result.name)}[/]: {data.rows} rows, {data.positives} with {escape(data.target)} = {label}; "
        f"{result.trials.complete + result.trials.pruned} trials in {duration(sum(result.seconds.values()))}"
    )
    yield ""
    if result.verdict:
        yield f"[bold]{escape(headline(result.verdict))}[/]"
        yield from (f"- {escape(bullet)}" for bullet in result.verdict.bullets)
    yield f"{_found(selected.counts, label)} Weights {selected.weight_ratio:.3g} : 1, network {_network(result)}."
    if result.operating_point:
        yield from (escape(line) for line in point_lines(result.operating_point))
    if not result.verdict:
        corrected = selected.corrected
        interval = f"{corrected.low:.2f} to {corrected.high:.2f}"
        yield f"The lesser of the two, corrected for the search: {corrected.score:.2f} ({interval})."
    if selected.equal != result.equal and result.equal == "precision":
        yield f"Equal precision is out of reach at any weight; taken: as many alarms as there are {label}."
    yield _balances(result)
    if result.test:
        yield f"Test table: {_found(result.test.counts, label)}"
    yield ""
    yield from _next_commands(result.name, root)


def _found(counts: Counts, label: str) -> str:
    """Say what is found of a class, and how many alarms are right."""
    alarms = counts.tp + counts.fp
    if not alarms:
        return f"Finds none of {counts.positives} {label}."
    if counts.positives < 100 or alarms < 100:
        return f"Finds {counts.tp} of {counts.positives} {label}; {counts.tp} of {alarms} alarms are right."
    precision, recall = 100 * counts.tp / alarms, 100 * counts.tp / counts.positives
    return f"Finds {recall:.0f} of 100 {label}; {precision:.0f} of 100 alarms are right."


def _network(result: Result) -> str:
    params = result.selected.params
    return f"{params.depth} x {params.width}{' with bins' if result.selected.bins else ''}"


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
    """Give the commands that come next, ready to be copied; never broken within a word."""
    where = "" if root == Path() else f" --root {root}"
    for command in (
        f"open {root / 'studies' / name / 'report.html'}",
        f"sweep predict {name} NEW.csv --out scored.csv{where}",
        f"sweep export {name} --to model{where}",
        f"sweep show {name} --full{where}",
        f"sweep dashboard {name}{where}",
    ):
        yield Text(f"  {command}", overflow="fold", no_wrap=True)
