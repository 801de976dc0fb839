"""Designs: which column of the weight matrix is which fold, repeat and balance, on which rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sweep.class_weight import weight_matrix, weights_at
from sweep.errors import InputError
from sweep.validation import count_folds, count_trained_on, trained_on

Entries = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Design:
    """Columns in the order balances x repeats x folds, and where each row's held-out logits stand.

    Y and W follow from a formula: `entries` gives those of some columns, so that a design of many columns need never
    lie in memory as a whole. They have the rows that any column is trained on and no other.

    Attributes
    ----------
    entries : callable
        From columns, array of int, to their Y and W, arrays of float32, shape (rows trained on, columns).
    init_seed : array of int, shape (columns,)
        One per repeat: all balances and folds of a repeat start from the same initial weights.
    balances, repeats, folds : int
        ``columns = balances * repeats * folds``.
    fold_of_row : array of int, shape (rows,), or None
        As `sweep.validation` has it; None where no row is held out.
    rows : array of int, shape (rows trained on,), or None
        Their place in the table; None: all rows.
    """

    entries: Entries
    init_seed: np.ndarray
    balances: int
    repeats: int
    folds: int
    fold_of_row: np.ndarray | None
    rows: np.ndarray | None = None

    @property
    def columns(self) -> int:
        """The number of networks."""
        return len(self.init_seed)

    @cached_property
    def _whole(self) -> tuple[np.ndarray, np.ndarray]:
        return self.entries(np.arange(self.columns))

    @property
    def Y(self) -> np.ndarray:  # noqa: N802  as everywhere
        """All labels, array of float32, shape (rows trained on, columns)."""
        return self._whole[0]

    @property
    def W(self) -> np.ndarray:  # noqa: N802  as everywhere
        """All weights, array of float32, shape (rows trained on, columns)."""
        return self._whole[1]

    def trained(self, X: np.ndarray) -> np.ndarray:
        """Take the rows trained on of an array of all rows."""
        return X if self.rows is None else X[self.rows]

    @property
    def alone(self) -> "Design":
        """The same columns of a table that has the rows trained on and no other."""
        return self if self.rows is None else self.at(self.rows)

    def at(self, rows: np.ndarray) -> "Design":
        """Take the same columns, to score a table that has some of the rows, array of int, and no other."""
        fold_of_row = None if self.fold_of_row is None else self.fold_of_row[rows]
        return replace(self, fold_of_row=fold_of_row, rows=None)

    @property
    def held_out(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The rows of each fold with the columns that hold them out, in the order of balances x repeats."""
        if self.fold_of_row is None:
            raise InputError("Out-of-fold logits need a design that holds rows out; this one trains on all rows.")
        columns = np.arange(self.columns).reshape(-1, self.folds)
        return [(np.flatnonzero(self.fold_of_row == k), columns[:, k]) for k in range(self.folds)]

    def out_of_fold(self, logits: np.ndarray) -> np.ndarray:
        """Keep, of each row's logits, those of the columns that hold the row out.

        Parameters
        ----------
        logits : array, shape (rows, columns), or (rows, columns / folds)
            The latter are those of the columns that hold a row out: `Stack.logits` of the blocks `held_out`.

        Returns
        -------
        array, shape (scored rows, balances, repeats)
        """
        kept, scored = logits, np.zeros(len(logits), bool)
        whole = logits.shape[1] == self.columns
        if whole:
            kept = np.empty((len(logits), self.columns // self.folds), logits.dtype)
        for rows, columns in self.held_out:
            if whole:
                kept[rows] = logits[np.ix_(rows, columns)]
            scored[rows] = True
        return (kept if scored.all() else kept[scored]).reshape(-1, self.balances, self.repeats)


def init_seeds(seed: int, repeats: int) -> np.ndarray:
    """Draw the seeds of the initial weights, one per repeat; the first ones do not depend on how many there are."""
    return np.array([np.random.SeedSequence([seed, r]).generate_state(1)[0] for r in range(repeats)], dtype=np.int64)


def cross_validation(
    y: np.ndarray,
    fold_of_row: np.ndarray,
    *,
    most: Sequence[float],
    repeats: int,
    seed: int,
    sample: np.ndarray | None = None,
) -> Design:
    """Lay out folds x repeats x balances: a column per fold, with zeros on the rows that it is not trained on.

    Parameters
    ----------
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
        As `sweep.validation` has it.
    most : balances, one or more caps in [0.5, 1]; shares are those of each column's own training rows
    repeats : int
    seed : int
    sample : array of bool, shape (rows,), optional
        The rows trained on, all positives among them: the negatives weigh so much more that the sums of W are those of
        all rows. Default: all.
    """
    folds = count_folds(fold_of_row)
    rows = _sampled(y, sample)
    positives, negatives = (count_trained_on(fold_of_row, part) for part in (y == 1, y != 1))
    shares = (positives / (positives + negatives)).tolist()
    weights = np.array([[weights_at(share, cap) for share in shares] for cap in most])
    of_fold, labels = (fold_of_row, y) if rows is None else (fold_of_row[rows], y[rows])
    if sample is not None:
        weights[:, :, 0] *= negatives / np.maximum(count_trained_on(fold_of_row, sample & (y != 1)), 1)

    def entries(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        balance, _, fold = np.unravel_index(columns, (len(most), repeats, folds))
        w = weights[balance, fold].astype(np.float32)
        W = np.where(labels[:, None] == 1, w[:, 1], w[:, 0])
        W[~trained_on(of_fold[:, None], fold)] = 0
        return _same(labels, len(columns)), W

    init_seed = np.tile(np.repeat(init_seeds(seed, repeats), folds), len(most))
    return Design(entries, init_seed, len(most), repeats, folds, fold_of_row, rows)


def all_rows(
    y: np.ndarray, *, most: Sequence[float], repeats: int, seed: int, sample: np.ndarray | None = None
) -> Design:
    """Lay out repeats x balances with no zeros: the columns of the final ensembles; `sample` as above."""
    rows = _sampled(y, sample)
    weights = np.array([weights_at(float((y == 1).mean()), cap) for cap in most])
    if sample is not None:
        weights[:, 0] *= (y != 1).sum() / max(1, int((sample & (y != 1)).sum()))
    labels = y if rows is None else y[rows]

    def entries(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        w = weights[columns // repeats].astype(np.float32)
        return _same(labels, len(columns)), np.where(labels[:, None] == 1, w[:, 1], w[:, 0])

    return Design(entries, np.tile(init_seeds(seed, repeats), len(most)), len(most), repeats, 1, None, rows)


def label_shuffles(labels: np.ndarray, fold_of_row: np.ndarray, *, most: float, seed: int) -> Design:
    """Lay out label columns x folds: each column of labels is cross-validated as if it were y.

    All columns start from the same initial weights, so that only their labels differ.

    Parameters
    ----------
    labels : array of 0 and 1, shape (rows, labels)
        Takes the place of the balances in the design's order; each with a positive outside every fold.
    fold_of_row : array of int, shape (rows,)
        As `sweep.validation` has it.
    most : float in [0.5, 1]
        The cap, at the share of each column's own training rows.
    seed : int
    """
    folds = count_folds(fold_of_row)

    def entries(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        Y = labels[:, columns // folds].astype(np.float32)
        W = np.zeros(Y.shape, np.float32)
        for fold in range(folds):
            live, mine = trained_on(fold_of_row, fold), np.flatnonzero(columns % folds == fold)
            if len(mine):
                W[np.ix_(live, mine)] = weight_matrix(Y[np.ix_(live, mine)], most)
        return Y, W

    return Design(
        entries,
        np.tile(init_seeds(seed, 1), labels.shape[1] * folds),
        balances=labels.shape[1],
        repeats=1,
        folds=folds,
        fold_of_row=fold_of_row,
    )


def positive_shares(
    y: np.ndarray,
    units: np.ndarray,
    fold_of_row: np.ndarray,
    *,
    most: float,
    shares: Sequence[float],
    draws: int,
    seed: int,
    sample: np.ndarray | None = None,
) -> Design:
    """Lay out shares x draws x folds: a column trains on some of its positives, zeros in W on the others.

    w1 / w0 is that of the whole column, and the remaining positives weigh 1 / share times as much: without it the
    weighted prevalence would fall with the share, and recall for that reason alone. All negatives stay. Of one draw a
    smaller share is part of every larger one, and all shares start from the same initial weights.

    Parameters
    ----------
    y : array of 0 and 1, shape (rows,)
    units : array of int, shape (rows,)
        Row groups; the positives of one stay or go together.
    fold_of_row : array of int, shape (rows,)
        As `sweep.validation` has it.
    most : float in [0.5, 1]
    shares : floats in (0, 1]
        Take the place of the balances in the design's order; met as nearly as whole row groups allow.
    draws : int
        Take the place of the repeats.
    seed : int
    sample : array of bool, shape (rows,), optional
        As in `cross_validation`.
    """
    whole = cross_validation(y, fold_of_row, most=[most], repeats=1, seed=seed, sample=sample)
    folds, at = whole.folds, np.flatnonzero(whole.trained(y) == 1)
    of_positives = np.flatnonzero(y == 1)
    times = np.zeros((len(at), len(shares), draws, folds), np.float32)
    for fold in range(folds):
        live = np.flatnonzero(trained_on(fold_of_row, fold)[of_positives])
        groups, group_of = np.unique(units[of_positives[live]], return_inverse=True)
        for draw in range(draws):
            rank = np.random.default_rng([seed, draw, fold]).permutation(len(groups))[group_of]
            up_to = np.cumsum(np.bincount(rank))  # positives in the groups of rank 0, 0 to 1, ...
            for s, share in enumerate(shares):
                last = int(np.argmin(np.abs(up_to - share * len(live))))
                times[live, s, draw, fold] = np.where(rank <= last, len(live) / up_to[last], 0)
    of_columns = times.reshape(len(at), -1)

    def entries(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        Y, W = whole.entries(columns % folds)
        W[at] *= of_columns[:, columns]
        return Y, W

    return Design(
        entries,
        np.tile(np.repeat(init_seeds(seed, draws), folds), len(shares)),
        balances=len(shares),
        repeats=draws,
        folds=folds,
        fold_of_row=fold_of_row,
        rows=whole.rows,
    )


def _same(labels: np.ndarray, columns: int) -> np.ndarray:
    return np.broadcast_to(labels.astype(np.float32)[:, None], (len(labels), columns))


def _sampled(y: np.ndarray, sample: np.ndarray | None) -> np.ndarray | None:
    if sample is None:
        return None
    if sample.shape != y.shape or not sample[y == 1].all():
        raise InputError(f"sample must hold every positive and have the shape of y, {y.shape}; it does not.")
    return np.flatnonzero(sample)
