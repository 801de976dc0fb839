"""The source columns of a table, each alone: which tells the class by itself, and which only numbers the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sweep.data.features import Features
from sweep.statistics.confusion import average_precision, precision_recall_points
from sweep.validation import NEVER, count_folds, trained_on

BINS = 16  # of a number, by quantiles of the rows, and as many by those of the positives
LEAK_SHARE, LEAK_PRECISION_AREA = 0.9, 0.8  # of the model's average precision, above the prevalence, and at least
LEAK_P1, LEAK_R1 = 0.98, 0.5  # precision at this recall
SORTED = 50_000  # rows of which quantiles are taken, at least
NEARLY = 0.8  # of the highest prevalence, from which on a bin next to it belongs to the same range
FEWEST_ROWS = 20  # below which whole numbers may be consecutive by chance


@dataclass(frozen=True, eq=False)
class SourceColumn:
    """A column of the table as evidence looks at it.

    Attributes
    ----------
    name : str
    parts : tuple of int
        The columns of X that come of it.
    values : tuple of array of float, each shape (rows,)
        Of each column read from it: numbers, as they lie in X, or codes of levels; NaN where missing, or of none of
        the levels.
    levels : tuple of (tuple of str or None, or None)
        Of each of them, what the codes mean; None for numbers.
    """

    name: str
    parts: tuple[int, ...]
    values: tuple[np.ndarray, ...]
    levels: tuple[tuple[str | None, ...] | None, ...]


@dataclass(frozen=True)
class Alarm:
    """What must be asked of a column before its result is believed.

    Attributes
    ----------
    kind : "leak" or "index"
    column : str
    says : str
    """

    kind: Literal["leak", "index"]
    column: str
    says: str


@dataclass(frozen=True)
class ColumnScore:
    """How well one column tells the class by itself, out-of-fold.

    Attributes
    ----------
    name, rule : str
        The column, and its value or range with the highest prevalence.
    average_precision, prevalence : float
        And what it would be by chance.
    precision_at_half : float
        The highest P1 at R1 of `LEAK_R1` or more.
    """

    name: str
    rule: str
    average_precision: float
    prevalence: float
    precision_at_half: float


def source_columns(
    features: Features, X: np.ndarray, origin: Mapping[str, str] | None = None
) -> tuple[SourceColumn, ...]:
    """Gather the columns of X by the column of the table that they come of.

    Parameters
    ----------
    features : Features
    X : array, shape (rows, features)
    origin : mapping of str to str, optional
        Of columns that come of reading another, such as the month of a date, that other's name.
    """
    parts: dict[str, list[int]] = {}
    values: dict[str, list[np.ndarray]] = {}
    levels: dict[str, list[tuple[str | None, ...] | None]] = {}
    start = 0
    for column in features.columns:
        name = (origin or {}).get(column.name, column.name)
        block = X[:, start : start + column.width]
        if column.kind == "number":
            of, known = block[:, 0], None
        else:
            code = block.argmax(axis=1) if column.width else np.zeros(len(X))
            of, known = np.where(block.any(axis=1), code, np.nan).astype(np.float32), column.levels
        parts.setdefault(name, []).extend(range(start, start + column.width))
        values.setdefault(name, []).append(of)
        levels.setdefault(name, []).append(known)
        start += column.width
    return tuple(SourceColumn(name, tuple(parts[name]), tuple(values[name]), tuple(levels[name])) for name in parts)


def score_column(column: SourceColumn, y: np.ndarray, fold_of_row: np.ndarray) -> tuple[ColumnScore, np.ndarray]:
    """Score a column alone: each row by the prevalence of its level or bin on the rows that its fold trains on.

    Beside the score its out-of-fold logits, (scored rows,).

    Parameters
    ----------
    column : SourceColumn
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
        As `sweep.validation` has it.
    """
    scored = [
        _score_values(column.name, *pair, y, fold_of_row) for pair in zip(column.values, column.levels, strict=True)
    ]
    return max(scored, key=lambda found: found[0].average_precision)


def score_columns(
    columns: Sequence[SourceColumn], y: np.ndarray, fold_of_row: np.ndarray
) -> tuple[list[ColumnScore], ColumnScore, np.ndarray]:
    """Score each column alone; beside all of them return the best, the first of equals, and its out-of-fold logits."""
    scores: list[ColumnScore] = []
    for column in columns:
        found, logits = score_column(column, y, fold_of_row)
        scores.append(found)
        if found is max(scores, key=lambda one: one.average_precision):
            best, alone = found, logits
    return scores, best, alone


def find_alarms(
    scores: Sequence[ColumnScore], columns: Sequence[SourceColumn], whole: float | None = None
) -> tuple[Alarm, ...]:
    """Ask of columns that tell too much, or only number the rows, whether they are known when a prediction is made.

    Parameters
    ----------
    scores : sequence of ColumnScore
    columns : sequence of SourceColumn
    whole : float, optional
        Average precision of the whole model; before there is one, precision alone raises the alarm.
    """
    alarms = []
    for found in scores:
        area, chance = found.average_precision, found.prevalence
        tells = whole is not None and area >= max(LEAK_PRECISION_AREA, chance + LEAK_SHARE * (whole - chance))
        if tells or found.precision_at_half >= LEAK_P1:
            reached = f"an average precision of {area:.2f}" + (
                f", where the whole model has {whole:.2f}" if whole is not None else ""
            )
            says = f"`{found.name}` alone ({found.rule}) reaches {reached}: is it known when the prediction is made?"
            alarms.append(Alarm("leak", found.name, says))
    for column in columns:
        if any(known is None and _numbers_rows(of) for of, known in zip(column.values, column.levels, strict=True)):
            says = f"`{column.name}` numbers the rows: does it mean anything for rows to come? Leave it out if not."
            alarms.append(Alarm("index", column.name, says))
    return tuple(alarms)


def check_columns_alone(
    features: Features,
    X: np.ndarray,
    y: np.ndarray,
    fold_of_row: np.ndarray,
    origin: Mapping[str, str] | None = None,
) -> tuple[Alarm, ...]:
    """Raise the alarms that can be had before anything is trained.

    Parameters
    ----------
    features, X, origin
        As in `source_columns`.
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
        As `sweep.validation` has it.
    """
    columns = source_columns(features, X, origin)
    return find_alarms(score_columns(columns, y, fold_of_row)[0], columns)


def _score_values(
    name: str, values: np.ndarray, levels: tuple[str | None, ...] | None, y: np.ndarray, fold_of_row: np.ndarray
) -> tuple[ColumnScore, np.ndarray]:
    values, prevalence = values.astype(np.float64), float(y.mean())
    rates = np.empty(len(y))
    for fold in range(count_folds(fold_of_row)):
        train, here = trained_on(fold_of_row, fold), fold_of_row == fold
        edges = None if levels is not None else _edges(values[train], y[train])
        rates[here] = _rates(values[train], y[train], edges, levels, prevalence)[_bin_of(values[here], edges, levels)]
    scored = fold_of_row != NEVER
    rates, labels = rates[scored], y[scored]
    points = precision_recall_points(labels, rates)
    found = ColumnScore(
        name=name,
        rule=_rule(values, y, levels, prevalence),
        average_precision=average_precision(labels, rates) or 0.0,
        prevalence=float(labels.mean()),
        precision_at_half=float(points.precision[points.recall >= LEAK_R1].max()),
    )
    return found, np.log(rates / (1 - rates))


def _edges(values: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Choose the edges of bins, by quantiles of the rows, of a large table of some of them, and of the positives."""
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    known = ~np.isnan(values)
    some = values[known][:: max(1, len(values) // SORTED)]
    parts = [np.quantile(of, shares) for of in (some, values[known & (y == 1)]) if len(of)]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0)


def _bin_of(values: np.ndarray, edges: np.ndarray | None, levels: tuple[str | None, ...] | None) -> np.ndarray:
    """Find each row's bin or level, (rows,); the last one is that of missing values."""
    last = len(levels) if levels is not None else len(edges if edges is not None else ()) + 1
    known = ~np.isnan(values)
    bins = np.full(len(values), last)
    bins[known] = values[known].astype(int) if edges is None else np.searchsorted(edges, values[known], side="left")
    return bins


def _rates(
    values: np.ndarray,
    y: np.ndarray,
    edges: np.ndarray | None,
    levels: tuple[str | None, ...] | None,
    prevalence: float,
) -> np.ndarray:
    """Compute the prevalence of each bin, drawn to the prevalence by one row's worth."""
    bins = _bin_of(values, edges, levels)
    size = (len(levels) if levels is not None else len(edges if edges is not None else ()) + 1) + 1
    rows, positives = np.bincount(bins, minlength=size), np.bincount(bins, y == 1, minlength=size)
    rates: np.ndarray = (positives + prevalence) / (rows + 1)
    return rates


def _rule(values: np.ndarray, y: np.ndarray, levels: tuple[str | None, ...] | None, prevalence: float) -> str:
    """Say which level or range has the highest prevalence, or that it is enough that there is a value, or none."""
    edges = None if levels is not None else _edges(values, y)
    rates = _rates(values, y, edges, levels, prevalence)
    best = int(np.argmax(rates))
    missing = _is_missing(values, levels)
    shares = [(float(y[of].sum()) + prevalence) / (int(of.sum()) + 1) for of in (missing, ~missing)]
    if missing.any() and shares[0] < NEARLY * rates[best] <= shares[1]:
        return "where it is given"
    if levels is not None:
        level = levels[best] if best < len(levels) else "another level"
        return f"where it is {'missing' if level is None else level}"
    ends = np.array([-np.inf, *(edges if edges is not None else ()), np.inf])
    if best + 1 >= len(ends):
        return "where it is missing"
    first = last = best
    while first > 0 and rates[first - 1] >= NEARLY * rates[best]:
        first -= 1
    while last + 2 < len(ends) and rates[last + 1] >= NEARLY * rates[best]:
        last += 1
    low, high = ends[first], ends[last + 1]
    if np.isinf(low):
        return f"at {high:g} or less" if np.isfinite(high) else "at any value"
    return f"above {low:g}" if np.isinf(high) else f"above {low:g}, up to {high:g}"


def _is_missing(values: np.ndarray, levels: tuple[str | None, ...] | None) -> np.ndarray:
    """Find the rows without a value, (rows,) of bool; a level that was not kept is a value."""
    codes = [code for code, level in enumerate(levels or ()) if level is None]
    missing: np.ndarray = np.isnan(values) if levels is None else np.isin(values, codes)
    return missing


def _numbers_rows(values: np.ndarray) -> bool:
    """Check whether whole numbers without a gap, in any order, stand in a column, or they rise or fall all the way."""
    if len(values) < FEWEST_ROWS or np.isnan(values).any() or (values != np.floor(values)).any():
        return False
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return True
    return bool(np.ptp(values) + 1 == len(values) and len(np.unique(values)) == len(values))
