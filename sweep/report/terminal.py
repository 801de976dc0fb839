"""A result as tables for a terminal: the numbers of result.json, none of its own."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table

from sweep.evidence.bullets import say_condition
from sweep.progress import duration
from sweep.report.markup import escape
from sweep.report.result import Balance, Result
from sweep.report.standing import point_lines
from sweep.statistics.confusion import Counts
from sweep.statistics.digits import DASH, span

HOLDS = {
    "precision": "P0 = P1",
    "ratio": "P1 = R1 (FP = FN)",
    "recall": "R0 = R1",
    "unweighted": "most = 0.5",
    "moved_cut": "FP = FN by the threshold alone",
}
LONGEST = 24  # characters of a class's name in a table


def number(value: float | None, digits: int = 3) -> str:
    """Write a number, or a dash where it is undefined."""
    return DASH if value is None else f"{value:.{digits}f}"


def selected_line(result: Result) -> str:
    """Say the balance taken, in one line."""
    s = result.selected
    more = {k: v for k, v in asdict(s.params).items() if v is not None and k not in ("most", "depth", "width")}
    taken = HOLDS[s.equal] if s.equal else "the operating point"
    return (
        f"taken: {taken}; weights {s.weight_ratio:.3g} : 1 (most = {s.params.most:.4f}), {network(result)}"
        f"{''.join(f', {name} {value:g}' for name, value in more.items())}, from trial {s.trial}"
    )


def network(result: Result) -> str:
    """Describe the network taken: hidden layers x units, and whether it has bins, or trees; of a mean each member."""
    selected = result.selected
    words = selected.network or f"{selected.params.depth} x {selected.params.width}"
    return words if len(selected.members) > 1 or any(one.trees for one in selected.members) else f"network {words}"


def recall_by_cut(result: Result) -> str | None:
    """Say in one line what a threshold does where no weight searched makes the recalls equal."""
    found = result.balances["recall"].by_threshold
    if found is None or found.probability is None or result.balances["recall"].reached:
        return None
    (r0, r1), (_, p1) = found.recall, found.precision
    return (
        f"no weight of those searched makes R0 = R1; a threshold of {found.probability:.3g} on the probability does: "
        f"R0 {number(r0)}, R1 {number(r1)}, P1 {number(p1)} (out-of-fold, the threshold chosen on the same rows)"
    )


def summarise(result: Result) -> Iterator[Any]:
    """Lines and tables of at most 100 columns."""
    d, s = result.data, result.selected
    yield (
        f"[bold]{escape(result.name)}[/]: {d.rows} rows, {d.positives} of them "
        f"{escape(d.target)} = {escape(d.positive)}, {d.features} features; "
        f"trials: {result.trials.complete} complete, {result.trials.pruned} pruned, "
        f"{result.trials.failed} failed"
    )
    if result.verdict:
        sure = "" if result.verdict.sure else ", probably"
        yield f"[bold]{result.verdict.answer}[/]{sure}{escape(say_condition(result.verdict))}"
        yield from (escape(f"- {bullet}") for bullet in result.verdict.bullets)
        yield escape(result.verdict.paragraph)
        yield ""
        yield from (escape(f"ask: {alarm.says}") for alarm in result.verdict.alarms)
        if result.verdict.importance:
            yield importance(result)
    yield escape(selected_line(result))
    if result.operating_point:
        yield from (escape(line) for line in point_lines(result.operating_point))
    if s.why:
        yield escape(f"why: {s.why}")
    yield confusion(s.counts, "Out-of-fold, all training rows", d.class_names)
    yield balances(result)
    if by_cut := recall_by_cut(result):
        yield by_cut
    yield (
        f"min(P1, R1) {number(s.score)} uncorrected"
        f", {number(s.corrected.score)} ({span((s.corrected.low, s.corrected.high))}) corrected for the search"
        f"; average precision {number(s.average_precision)} pooled, "
        f"{number(s.average_precision_by_fold)} mean of the folds"
    )
    if result.test:
        yield confusion(result.test.counts, "Test table, scored once by the exported model", d.class_names)
        yield (
            f"expected precision there, from the out-of-fold recalls at its prevalence: "
            f"P0 {number(result.test.expected_precision[0])}, P1 {number(result.test.expected_precision[1])}"
        )
        if result.verdict and result.verdict.two_sample:
            yield escape(result.verdict.two_sample.says)
    seconds = "  ".join(f"{k} {duration(v)}" for k, v in result.seconds.items())
    yield f"seconds: {seconds}"
    yield "Intervals are exact 95 % ones of the counts, conditional on the fitted networks."
    yield from notes(d.notes, "Said on reading the tables:")


def notes(lines: Sequence[str], title: str) -> Iterator[str]:
    """List notes under a title, one line each; nothing where there are none."""
    if lines:
        yield f"[bold]{title}[/]"
        yield from (f"- {escape(line)}" for line in lines)


def check(found: dict[str, Any]) -> Iterator[Any]:
    """Describe what `sweep check` found, as lines and a table of the columns."""
    yield (
        f"{found['rows']} rows, {found['positives']} of them {escape(repr(found['positive']))}, the others "
        f"{escape(repr(found['negative']))}"
    )
    table = Table()
    for head in ("column", "kind", "missing", "levels", "why"):
        table.add_column(head, justify="right" if head in ("missing", "levels") else "left", overflow="fold")
    for column in found["columns"]:
        cells = ("" if column[key] is None else str(column[key]) for key in ("missing", "levels", "why"))
        table.add_row(escape(repr(column["name"])), column["kind"], *map(escape, cells))
    yield table
    yield from notes(found["notes"], "To know:")
    if found["test"]:
        yield f"test table: {found['test']['rows']} rows, {found['test']['positives']} positive"
        yield from notes(found["test"]["notes"], "To know of the test table:")


def importance(result: Result) -> Table:
    """Tabulate the ten columns that matter most."""
    table = Table(title="Importance: fall of average precision", title_justify="left")
    table.add_column("")
    for head in ("fall", "95 %"):
        table.add_column(head, justify="right")
    for one in result.verdict.importance[:10] if result.verdict else ():
        table.add_row(escape(one.column[:40]), f"{one.value:+.3f}", f"{one.low:+.3f} to {one.high:+.3f}")
    return table


def confusion(c: Counts, title: str, names: tuple[str, str]) -> Table:
    """Tabulate a confusion matrix by the names of class 0 and class 1, with precision and recall at its edges."""
    intervals = c.intervals()
    table = Table(title=title, title_justify="left")
    negative, positive = (escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…") for name in names)
    for head in ("", f"predicted\n{negative}", f"predicted\n{positive}", "recall", "95 %"):
        table.add_column(head, justify="right")
    recall, precision = c.recall, c.precision
    table.add_row(negative, str(c.tn), str(c.fp), number(recall[0]), span(intervals["R0"]))
    table.add_row(positive, str(c.fn), str(c.tp), number(recall[1]), span(intervals["R1"]))
    table.add_row("precision", number(precision[0]), number(precision[1]), "", "")
    table.add_row("95 %", span(intervals["P0"]), span(intervals["P1"]), "", "")
    return table


def balances(result: Result) -> Table:
    """Tabulate the three balances side by side, with no weighting and with the threshold moved instead."""
    table = Table(title="Balances, out-of-fold", title_justify="left")
    table.add_column("")
    for name in result.balances:
        mark = " *" if name == result.selected.equal else ""
        table.add_column(f"{name.replace('_', ' ')}{mark}", justify="right")
    of = result.balances
    rows: dict[str, Callable[[str, Balance], str]] = {
        "holds": lambda n, b: HOLDS[n].split(" (")[0] if n != "moved_cut" else "FP = FN",
        "reached by": lambda n, b: "" if n == "unweighted" else b.reached_by or "no",
        "most": lambda n, b: number(b.most, 4),
        "threshold": lambda n, b: number(b.threshold),
        "95 % of most": lambda n, b: "" if b.low is None else span((b.low, b.high)),
        "gap left": lambda n, b: "" if n == "unweighted" else number(b.gap),
        "tp / fn": lambda n, b: f"{b.counts.tp} / {b.counts.fn}",
        "fp / tn": lambda n, b: f"{b.counts.fp} / {b.counts.tn}",
        "P0": lambda n, b: number(b.precision[0]),
        "P1": lambda n, b: number(b.precision[1]),
        "P1 95 %": lambda n, b: span(b.counts.intervals()["P1"]),
        "R0": lambda n, b: number(b.recall[0]),
        "R1": lambda n, b: number(b.recall[1]),
        "R1 95 %": lambda n, b: span(b.counts.intervals()["R1"]),
    }
    for head, cell in rows.items():
        table.add_row(head, *(cell(name, balance) for name, balance in of.items()))
    return table
