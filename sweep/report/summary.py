"""A result in the 15 to 20 lines that a terminal shows: the answer with the classes' own names, and what to do next."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from rich.table import Table
from rich.text import Text

from sweep.class_weight import weight_ratio
from sweep.config import EQUAL
from sweep.progress import duration
from sweep.report.answer import headline, say_found, with_name
from sweep.report.markup import escape
from sweep.report.result import Result
from sweep.report.standing import point_lines
from sweep.report.terminal import network
from sweep.statistics.digits import DASH
from sweep.streams import printable


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
        f"[bold]{escape(result.name)}[/]: {data.rows} rows, {data.positives} {escape(with_name(name))}; "
        f"{result.trials.complete + result.trials.pruned} trials in {duration(sum(result.seconds.values()))}"
    )
    if result.verdict:
        yield f"[bold]{escape(headline(result.verdict))}[/]"
    found, members = escape(say_found(selected.counts, name)), len(selected.members)
    taken = f"{members} networks" if members > 1 else network(result)
    yield f"{found} Weights {selected.weight_ratio:.3g} : 1, {taken}."
    if result.verdict:
        yield from (f"- {escape(bullet)}" for bullet in result.verdict.bullets)
    if result.operating_point:
        yield from (escape(line) for line in point_lines(result.operating_point))
    if not result.verdict:
        corrected = selected.corrected
        interval = f"{corrected.low:.2f} to {corrected.high:.2f}"
        yield f"The lesser of the two, corrected for the search: {corrected.score:.2f} ({interval})."
    if selected.equal == "ratio" and result.equal == "precision":
        yield "Equal precision is out of reach; taken: as many alarms as positives."
    yield _balances(result)
    if result.test:
        yield f"Test table: {escape(say_found(result.test.counts, name))}"
    yield from _next_commands(result.name, root)


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
    yield Text(printable(f"Next: open {shlex.quote(str(root / 'studies' / name / 'report.html'))}"))
    for command in (
        f"predict {called} NEW.csv --out scored.csv",
        f"export {called} --to model",
        f"dashboard {called}",
        f"show {called} --full",
    ):
        yield Text(printable(f"  sweep {command}{where}"))
