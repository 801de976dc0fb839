"""Designs: which column of the weight matrix is which fold, repeat and balance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sweep.class_weight import weight_matrix
from sweep.errors import InputError


@dataclass(frozen=True)
class Design:
    """Columns in the order balances x repeats x folds, and where each row's held-out logits stand.

    Attributes
    ----------
    Y, W : arrays of float32, shape (rows, columns)
    init_seed : array of int, shape (columns,)
        One per repeat: all balances and folds of a repeat start from the same initial weights.
    balances, repeats, folds : int
        ``columns = balances * repeats * folds``.
    fold_of_row : array of int, shape (rows,), or None
        The fold that holds the row out; None where no row is held out.
    """

    Y: np.ndarray
    W: np.ndarray
    init_seed: np.ndarray
    balances: int
    repeats: int
    folds: int
    fold_of_row: np.ndarray | None

    @property
    def held_out(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """The rows of each fold with the columns that hold them out: the blocks that `out_of_fold` keeps."""
        if self.fold_of_row is None:
            raise InputError("Out-of-fold logits need a design that holds rows out; this one trains on all rows.")
        columns = np.arange(self.W.shape[1]).reshape(-1, self.folds)
        return [(np.flatnonzero(self.fold_of_row == k), columns[:, k]) for k in range(self.folds)]

    def out_of_fold(self, logits: np.ndarray) -> np.ndarray:
        """Keep, of each row's logits, those of the columns that hold the row out.

        Parameters
        ----------
        logits : array, shape (rows, columns)

        Returns
        -------
        array, shape (rows, balances, repeats)
        """
        kept = np.empty((len(logits), logits.shape[1] // self.folds), logits.dtype)
        for rows, columns in self.held_out:
            kept[rows] = logits[np.ix_(rows, columns)]
        return kept.reshape(len(logits), self.balances, self.repeats)


def init_seeds(seed: int, repeats: int) -> np.ndarray:
    """Draw the seeds of the initial weights, one per repeat; the first ones do not depend on how many there are."""
    return np.array([np.random.SeedSequence([seed, r]).generate_state(1)[0] for r in range(repeats)], dtype=np.int64)


def cross_validation(
    y: np.ndarray, fold_of_row: np.ndarray, *, most: Sequence[float], repeats: int, seed: int
) -> Design:
    """Lay out folds x repeats x balances: a column per fold, with zeros on the rows that it holds out.

    Parameters
    ----------
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int from 0, shape (rows,)
    most : balances, one or more caps in [0.5, 1]; shares are those of each column's own training rows
    repeats : int
    seed : int
    """
    folds = int(fold_of_row.max()) + 1
    W = np.zeros((len(y), len(most), folds), np.float32)
    for fold in range(folds):
        live = fold_of_row != fold
        for balance, cap in enumerate(most):
            W[live, balance, fold] = weight_matrix(y[live], cap)
    return _design(y, W, repeats=repeats, seed=seed, fold_of_row=fold_of_row)


def all_rows(y: np.ndarray, *, most: Sequence[float], repeats: int, seed: int) -> Design:
    """Lay out repeats x balances with no zeros: the columns of the final ensembles."""
    W = np.stack([weight_matrix(y, cap) for cap in most], axis=1)[:, :, None].astype(np.float32)
    return _design(y, W, repeats=repeats, seed=seed, fold_of_row=None)


def label_shuffles(labels: np.ndarray, fold_of_row: np.ndarray, *, most: float, seed: int) -> Design:
    """Lay out label columns x folds: each column of labels is cross-validated as if it were y.

    All columns start from the same initial weights, so that only their labels differ.

    Parameters
    ----------
    labels : array of 0 and 1, shape (rows, labels)
        Takes the place of the balances in the design's order; each with a positive outside every fold.
    fold_of_row : array of int from 0, shape (rows,)
    most : float in [0.5, 1]
        The cap, at the share of each column's own training rows.
    seed : int
    """
    folds = int(fold_of_row.max()) + 1
    W = np.zeros((*labels.shape, folds), np.float32)
    for fold in range(folds):
        live = fold_of_row != fold
        W[live, :, fold] = weight_matrix(labels[live], most)
    return Design(
        Y=np.repeat(labels.astype(np.float32), folds, axis=1),
        W=W.reshape(len(W), -1),
        init_seed=np.tile(init_seeds(seed, 1), labels.shape[1] * folds),
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
    fold_of_row : array of int from 0, shape (rows,)
    most : float in [0.5, 1]
    shares : floats in (0, 1]
        Take the place of the balances in the design's order; met as nearly as whole row groups allow.
    draws : int
        Take the place of the repeats.
    seed : int
    """
    folds = int(fold_of_row.max()) + 1
    W = np.zeros((len(y), len(shares), draws, folds), np.float32)
    for fold in range(folds):
        live = fold_of_row != fold
        W[live, :, :, fold] = weight_matrix(y[live], most)[:, None, None]
        positives = np.flatnonzero(live & (y == 1))
        groups, group_of = np.unique(units[positives], return_inverse=True)
        for draw in range(draws):
            rank = np.random.default_rng([seed, draw, fold]).permutation(len(groups))[group_of]
            up_to = np.cumsum(np.bincount(rank))  # positives in the groups of rank 0, 0 to 1, ...
            for s, share in enumerate(shares):
                last = int(np.argmin(np.abs(up_to - share * len(positives))))
                W[positives, s, draw, fold] *= np.where(rank <= last, len(positives) / up_to[last], 0)
    return Design(
        Y=np.broadcast_to(np.asarray(y, np.float32)[:, None], (len(y), W[0].size)),
        W=W.reshape(len(y), -1),
        init_seed=np.tile(np.repeat(init_seeds(seed, draws), folds), len(shares)),
        balances=len(shares),
        repeats=draws,
        folds=folds,
        fold_of_row=fold_of_row,
    )


def _design(y: np.ndarray, W: np.ndarray, *, repeats: int, seed: int, fold_of_row: np.ndarray | None) -> Design:
    rows, balances, folds = W.shape
    W = np.repeat(W[:, :, None, :], repeats, axis=2).reshape(rows, -1)
    return Design(
        Y=np.broadcast_to(np.asarray(y, np.float32)[:, None], W.shape),
        W=W,
        init_seed=np.tile(np.repeat(init_seeds(seed, repeats), folds), balances),
        balances=balances,
        repeats=repeats,
        folds=folds,
        fold_of_row=fold_of_row,
    )
