"""The rule by which a search comes to a network and a threshold, repeated on the rows of each resample.

The trial with the lowest losses is taken, or without losses the one with the best score at logit 0. Where the balance
curve is that of its network, the point of the curve nearest to the crossing of what is delivered decides, or where the
curve ends before it, its nearest end: at logit 0, or where that misses by more than chance, at the threshold that
balances it. A trial without a curve stands for what its own would have led to: it decides at such a threshold, too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sweep.statistics.criteria import score, sign
from sweep.statistics.drawn_rows import Drawn, DrawnRows
from sweep.statistics.reached import locate, missed, usable

ALL = 20_000  # rows, up to which a table's are all told apart
WORK, FEWEST = 1e8, 200  # rows told apart x resamples, about; and so many resamples in any case
WIDE, LEAST = 4, 100  # times the positives, and at least: so many rows of a column a threshold may predict positive


class Pick(NamedTuple):
    """A column, of the trials or after them of the curve, and how many rows of its `Ranked` are predicted positive."""

    column: int
    called: int


@dataclass(frozen=True, eq=False)
class Ranked:
    """The rows of a column that may be predicted positive.

    Attributes
    ----------
    rows : (ranks,) of int
        By falling logit; places among the rows told apart.
    places : (thresholds,) of int
        How many of them are above each threshold: rows of one logit are on one side of it.
    at_zero : int
        How many are above logit 0.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    at_zero: int


@dataclass(frozen=True, eq=False)
class RepeatedSearch:
    """What the rule is repeated on.

    Attributes
    ----------
    y : (rows,) of bool
    units : (rows,) of int
        Row groups, consecutive from 0.
    trials, curve : (rows, trials), (rows, balances)
        Mean out-of-fold logits.
    losses : (rows, trials) or None
    trial_on_curve : (trials,) of bool
    log_ratio : (balances,)
    equal : str
        By which score a trial is the best, without losses.
    deliver : str
        Whose balance is delivered.
    """

    y: NDArray[np.bool_]
    units: NDArray[np.int64]
    trials: NDArray[np.floating]
    curve: NDArray[np.floating]
    losses: NDArray[np.floating] | None
    trial_on_curve: NDArray[np.bool_]
    log_ratio: NDArray[np.float64]
    equal: str
    deliver: str
    _ranked: dict[int, Ranked] = field(default_factory=dict)

    def resampled(self, resamples: int, rng: np.random.Generator) -> Iterator[tuple[list[Pick], NDArray[np.float64]]]:
        """Pick on row groups that are drawn: in blocks, the picks and their out-of-bag counts, (picks, 4).

        Where very many rows are told apart, there are fewer resamples.
        """
        resamples = min(resamples, max(FEWEST, int(WORK / self._drawn.rows.size)))
        for drawn in self._drawn.draw(resamples, rng):
            picks = self._pick(drawn)
            yield picks, self._count(picks, (drawn.weights == 0).astype(np.float32), self._drawn.left_out)

    def on_all_rows(self) -> Pick:
        """Pick on all rows, each once."""
        return self._pick(self._drawn.every())[0]

    def decided(self, pick: Pick) -> NDArray[np.bool_]:
        """Mark the rows that a pick predicts positive, (rows,)."""
        called = np.zeros(self.y.size, dtype=bool)
        called[self._drawn.rows[self._rank(pick.column).rows[: pick.called]]] = True
        return called

    def _pick(self, drawn: Drawn) -> list[Pick]:
        """Pick in each resample."""
        weights, balances = drawn.weights, self.log_ratio.size
        positives = weights @ self._labels
        negatives = weights.sum(axis=1) - positives + drawn.rest[:, 0]
        tp, fp = np.split((weights @ self._at_zero).astype(float), 2, axis=1)
        tables = np.stack([tp, fp, positives[:, None] - tp, negatives[:, None] - fp], axis=-1)
        if self._losses is None:
            best = np.argmax(score(tables[:, :-balances], self.equal), axis=1)
        else:
            best = np.argmin(weights @ self._losses + drawn.rest[:, 1:], axis=1)
        position = locate(self.log_ratio, tables[:, -balances:], self.deliver)
        off = ~np.isfinite(position)
        top = self.log_ratio.max()
        position = np.clip(np.where(np.isnan(position), top, position), self.log_ratio.min(), top)
        nearest = np.argmin(np.abs(self.log_ratio - position[:, None]), axis=1)
        off |= missed(tables[np.arange(len(best)), nearest - balances], self.deliver)
        on_curve = self.trial_on_curve[best]
        moved = ~on_curve | (off & (self.deliver != "precision"))
        column = np.where(on_curve, self.trial_on_curve.size + nearest, best)
        called = np.empty(column.size, dtype=np.int64)
        for one in np.unique(column).tolist():
            here, ranked = column == one, self._rank(one)
            called[here] = ranked.at_zero
            if (here := np.flatnonzero(here & moved)).size:
                called[here] = self._balance(ranked, weights[here], positives[here], negatives[here])
        return [Pick(*pick) for pick in zip(column.tolist(), called.tolist(), strict=True)]

    def _balance(
        self,
        ranked: Ranked,
        weights: NDArray[np.float32],
        positives: NDArray[np.floating],
        negatives: NDArray[np.floating],
    ) -> NDArray[np.int64]:
        """Find the threshold that balances each resample, as the number of rows above it, (resamples,).

        For `precision` P0 = P1, and where P1 is below P0 at every threshold, FP = FN, which is then delivered. Of
        thresholds that part no rows drawn the middle one is taken.
        """
        drawn, hits = weights[:, ranked.rows], self._labels[ranked.rows]
        if self.deliver == "precision":
            tp, called = (_running(part)[:, ranked.places] for part in (drawn * hits, drawn))
            away = _away_from_precision(tp, called - tp, positives[:, None], negatives[:, None])
        elif self.deliver == "ratio":  # FP = FN: as many rows predicted positive as there are positives
            away = np.abs(_running(drawn)[:, ranked.places] - positives[:, None])
        else:  # R0 = R1: tp / positives + fp / negatives = 1
            steps = np.where(hits, 1 / positives[:, None], 1 / negatives[:, None])
            away = np.abs(_running(drawn * steps)[:, ranked.places] - 1)
        first, last = np.argmin(away, axis=1), away.shape[1] - 1 - np.argmin(away[:, ::-1], axis=1)
        found: NDArray[np.int64] = ranked.places[(first + last) // 2]
        return found

    def _count(self, picks: list[Pick], weights: NDArray[np.float32], rest: float) -> NDArray[np.float64]:
        """Count each pick in its own resample; `rest`: the rows beside those told apart."""
        counts = np.empty((len(picks), 4))
        for k, pick in enumerate(picks):
            above = self._rank(pick.column).rows[: pick.called]
            counts[k, 0], counts[k, 1] = weights[k, above] @ self._labels[above], weights[k, above].sum()
        counts[:, 1] -= counts[:, 0]
        positives = weights @ self._labels
        counts[:, 2] = positives - counts[:, 0]
        counts[:, 3] = weights.sum(axis=1) - positives + rest - counts[:, 1]
        return counts

    @cached_property
    def _drawn(self) -> DrawnRows:
        """Tell apart the rows that some threshold may predict positive."""
        if self.y.size <= ALL:
            apart = np.full(self.y.size, True)
        else:
            apart = np.full(self.y.size, False)
            for column in range(self.trials.shape[1] + self.curve.shape[1]):
                apart |= self._highest(column)
        return DrawnRows.of(self.y, self.units, apart, self.losses)

    @cached_property
    def _labels(self) -> NDArray[np.float32]:
        """The labels of the rows told apart, (rows,)."""
        return self.y[self._drawn.rows].astype(np.float32)

    @cached_property
    def _losses(self) -> NDArray[np.float32] | None:
        """The losses of the rows told apart, (rows, trials)."""
        return None if self.losses is None else self.losses[self._drawn.rows].astype(np.float32)

    @cached_property
    def _at_zero(self) -> NDArray[np.float32]:
        """Decisions at logit 0 of the rows told apart, of trials without losses and of the curve: tp, then fp."""
        called = self.curve[self._drawn.rows] > 0
        if self.losses is None:
            called = np.concatenate([self.trials[self._drawn.rows] > 0, called], axis=1)
        positive = self._labels[:, None] > 0
        return np.concatenate([called & positive, called & ~positive], axis=1).astype(np.float32)

    def _highest(self, column: int) -> NDArray[np.bool_]:
        """Mark the rows of a column that a threshold may predict positive, (rows,)."""
        values = self._column(column)
        reach = max(LEAST, WIDE * int(self.y.sum()))
        if self.deliver == "recall" or reach >= values.size:
            return np.full(values.size, True)
        high: NDArray[np.bool_] = values >= np.partition(values, -reach)[-reach]
        return high if column < self.trials.shape[1] and self.losses is not None else high | (values > 0)

    def _column(self, column: int) -> NDArray[np.floating]:
        """Take a column of logits, (rows,)."""
        trials = self.trials.shape[1]
        found: NDArray[np.floating] = self.trials[:, column] if column < trials else self.curve[:, column - trials]
        return found

    def _rank(self, column: int) -> Ranked:
        """Rank the rows of a column, once."""
        if column not in self._ranked:
            high = np.flatnonzero(self._highest(column)[self._drawn.rows])
            values = self._column(column)[self._drawn.rows[high]]
            order = np.argsort(-values, kind="stable")
            ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True)) + 1
            self._ranked[column] = Ranked(high[order], np.append(0, ends), int(np.count_nonzero(values > 0)))
        return self._ranked[column]


def _running(parts: NDArray[np.floating]) -> NDArray[np.float64]:
    """Sum along ranked rows, (resamples, ranks), from none to all: (resamples, 1 + ranks)."""
    total = np.zeros((len(parts), parts.shape[1] + 1))
    np.cumsum(parts, axis=1, out=total[:, 1:])
    return total


def _away_from_precision(
    tp: NDArray[np.float64], fp: NDArray[np.float64], positives: NDArray[np.floating], negatives: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Compute how far each threshold, (resamples, thresholds), is from P0 = P1; where none has that, from FP = FN."""
    tables = np.stack([tp, fp, positives - tp, negatives - fp], axis=-1)
    away, used = sign(tables, "precision"), usable(tables, "precision")
    reached = (used & (away <= 0)).any(axis=1, keepdims=True)
    return np.abs(np.where(reached, np.where(used, away, np.inf), sign(tables, "ratio")))
