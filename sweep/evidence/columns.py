"""The source columns of a table, each alone: which tells the class by itself, and which only numbers the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sweep.data.features import Features
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
    _, found, logits = score_columns([column], y, fold_of_row)
    return found, logits


def score_columns(
    columns: Sequence[SourceColumn], y: np.ndarray, fold_of_row: np.ndarray
) -> tuple[list[ColumnScore], ColumnScore, np.ndarray]:
    """Score each column alone; beside all of them return the best, the first of equals, and its out-of-fold logits."""
    rows = _Rows.of(y, fold_of_row)
    scores: list[ColumnScore] = []
    for column in columns:
        pairs = zip(column.values, column.levels, strict=True)
        found, cells = max(
            (_score_values(column.name, *pair, rows) for pair in pairs), key=lambda one: one[0].average_precision
        )
        scores.append(found)
        if found is max(scores, key=lambda one: one.average_precision):
            best, kept = found, cells
    scored = fold_of_row != NEVER
    rates = kept.rates[fold_of_row[scored], kept.of_row[scored]]
    return scores, best, np.log(rates / (1 - rates))


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


@dataclass(frozen=True, eq=False)
class _Rows:
    """What the scores of all columns share.

    Attributes
    ----------
    y, fold_of_row : as in `score_column`
    positives : array of int
        The rows of class 1.
    parts : list of (array of bool, shape (blocks,), array of int, array of int)
        Of each fold, and last of all rows: which blocks it is trained on, NEVER and then the folds; of their rows some
        by which bins are chosen, and the positives.
    """

    y: np.ndarray
    fold_of_row: np.ndarray
    positives: np.ndarray
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, y: np.ndarray, fold_of_row: np.ndarray) -> "_Rows":
        folds, parts = count_folds(fold_of_row), []
        for live in (*(trained_on(fold_of_row, fold) for fold in range(folds)), np.ones(len(y), bool)):
            rows = np.flatnonzero(live)
            blocks = np.bincount(fold_of_row[rows] - NEVER, minlength=folds - NEVER) > 0
            parts.append((blocks, rows[:: max(1, len(rows) // SORTED)], rows[y[rows] == 1]))
        return cls(y, fold_of_row, parts[-1][2], parts)

    def count(self, of_row: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
        """Count the rows and the positives of each block in each cell, (blocks, cells)."""
        blocks = count_folds(self.fold_of_row) - NEVER

        def counted(some: np.ndarray | slice) -> np.ndarray:
            at = (self.fold_of_row[some] - NEVER).astype(np.int64) * cells + of_row[some]
            return np.bincount(at, minlength=blocks * cells).reshape(blocks, cells)

        return counted(slice(None)), counted(self.positives)


@dataclass(frozen=True, eq=False)
class _Cells:
    """The values of a column in cells, of which the bins of every fold are made: what is counted once serves all.

    Attributes
    ----------
    of_row : array of int, shape (rows,)
        Each row's cell; the last one is that of missing values.
    rates : array, shape (folds, cells)
        By which a fold's rows are scored: the prevalence of the bin on the rows that it trains on.
    """

    of_row: np.ndarray
    rates: np.ndarray


def _score_values(
    name: str, values: np.ndarray, levels: tuple[str | None, ...] | None, rows: _Rows
) -> tuple[ColumnScore, _Cells]:
    prevalence = float(rows.y.mean())
    if levels is None:
        edges = [_edges(values, some, positives) for _, some, positives in rows.parts]
        every = np.unique(np.concatenate(edges))
        of_row = np.searchsorted(every, values).astype(np.int16)
        of_row[np.isnan(values)] = len(every) + 1
        passed = [np.cumsum(np.append(0, np.isin(every, of))) for of in edges]
        bins = [np.append(below, below[-1] + 1) for below in passed]  # of each cell
    else:
        edges = [np.empty(0)] * len(rows.parts)
        of_row = np.where(np.isnan(values), len(levels), values).astype(np.int16)
        bins = [np.arange(len(levels) + 1)] * len(rows.parts)
    total, positive = rows.count(of_row, len(bins[0]))
    *rates, overall = (
        _rates(bins_of, total[blocks].sum(axis=0), positive[blocks].sum(axis=0), prevalence)
        for bins_of, (blocks, *_) in zip(bins, rows.parts, strict=True)
    )
    cells = _Cells(of_row, np.stack([of[bins_of] for of, bins_of in zip(rates, bins, strict=False)]))
    here, hits = total[-len(rates) :].ravel(), positive[-len(rates) :].ravel()
    some = here > 0
    _, rank = np.unique(-cells.rates.ravel()[some], return_inverse=True)
    called, found = (np.cumsum(np.bincount(rank, of[some])) for of in (here, hits))
    precision, recall = found / called, found / found[-1]
    return ColumnScore(
        name=name,
        rule=_rule(overall, edges[-1], levels, total.sum(axis=0), positive.sum(axis=0), prevalence),
        average_precision=float(np.sum(np.diff(recall, prepend=0) * precision)),
        prevalence=float(found[-1] / called[-1]),
        precision_at_half=float(precision[recall >= LEAK_R1].max()),
    ), cells


def _edges(values: np.ndarray, some: np.ndarray, positives: np.ndarray) -> np.ndarray:
    """Choose the edges of bins, by quantiles of some rows and of the positives."""
    shares = np.linspace(0, 1, BINS + 1)[1:-1]
    known = (of[~np.isnan(of)] for of in (values[some].astype(np.float64), values[positives].astype(np.float64)))
    parts = [np.quantile(of, shares) for of in known if len(of)]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0)


def _rates(bins: np.ndarray, rows: np.ndarray, positives: np.ndarray, prevalence: float) -> np.ndarray:
    """Compute the prevalence of each bin from those of its cells, drawn to the prevalence by one row's worth."""
    rates: np.ndarray = (np.bincount(bins, positives) + prevalence) / (np.bincount(bins, rows) + 1)
    return rates


def _rule(
    rates: np.ndarray,
    edges: np.ndarray,
    levels: tuple[str | None, ...] | None,
    rows: np.ndarray,
    positives: np.ndarray,
    prevalence: float,
) -> str:
    """Say which level or range has the highest prevalence, or that it is enough that there is a value, or none.

    Parameters
    ----------
    rates : array, shape (bins,)
        Of all rows.
    edges : array
        Of the bins.
    levels : tuple of (str or None), or None for numbers
    rows, positives : arrays, shape (cells,)
        A level that was not kept is a value.
    prevalence : float
    """
    best = int(np.argmax(rates))
    missing = np.array([level is None for level in levels or ()] + [levels is None])
    missing = np.append(np.zeros(len(rows) - len(missing), bool), missing)
    shares = [(positives[of].sum() + prevalence) / (rows[of].sum() + 1) for of in (missing, ~missing)]
    if rows[missing].any() and shares[0] < NEARLY * rates[best] <= shares[1]:
        return "where it is given"
    if levels is not None:
        level = levels[best] if best < len(levels) else "another level"
        return f"where it is {'missing' if level is None else level}"
    ends = np.array([-np.inf, *edges, np.inf])
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


def _numbers_rows(values: np.ndarray) -> bool:
    """Check whether whole numbers without a gap, in any order, stand in a column, or they rise or fall all the way."""
    if len(values) < FEWEST_ROWS or np.isnan(values).any() or (values != np.floor(values)).any():
        return False
    steps = np.diff(values)
    if (steps > 0).all() or (steps < 0).all():
        return True
    return bool(np.ptp(values) + 1 == len(values) and len(np.unique(values)) == len(values))
