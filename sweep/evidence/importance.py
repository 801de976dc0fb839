"""Importance of each source column: how far average precision falls when the column is permuted, out-of-fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sweep.evidence.columns import SourceColumn
from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import average_precisions, interval, row_draws, thinned
from sweep.study.params import Params
from sweep.validation import count_folds

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers
    from sweep.search.budget import Budget
    from sweep.stack.design import Design
    from sweep.stack.network import Stack

DRAWS = 5
RESAMPLES = 200
ENTRIES = 4_000_000  # of permuted tables that are scored at once, about
SHARE = 0.2  # of the search's time, which the scoring of all permuted tables may take, about; else fewer draws


@dataclass(frozen=True)
class Importance:
    """The fall of average precision when a column is permuted among the held-out rows, with its 95 % interval.

    Correlated columns share it: each alone may seem to matter little.
    """

    column: str
    value: float
    low: float
    high: float


def measure_importance(
    X: np.ndarray,
    setup: TrialSetup,
    params: Params,
    columns: Sequence[SourceColumn],
    delivered: np.ndarray,
    *,
    repeats: int,
    networks: "Stack | None" = None,
    workers: "Workers",
    budget: "Budget",
) -> tuple[Importance, ...]:
    """Permute each source column, all that comes of it together, and score the delivered balance; most first.

    Values move among the held-out rows of a fold, over row groups, so that copies of a row keep alike values.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    params : Params
        The selected network and balance.
    columns : sequence of SourceColumn
    delivered : array, shape (scored rows,)
        The mean out-of-fold logits of that network and balance.
    repeats : int
        Of the selection.
    networks : Stack, optional
        Of the folds, that gave its out-of-fold logits. Default: trained again.
    workers : Workers
    budget : Budget
        A fifth of the search's time is what all permuted tables may be scored for, or there are fewer of them.
    """
    design = setup.cross_validation([params.most], repeats=repeats)
    stack = networks or workers.fit(X, design, setup.recipe(params), seed=setup.seed)
    rng = np.random.default_rng([setup.seed, 10])
    rows = setup.scored
    some, times = thinned(rows.y, rows.units, delivered, seed=setup.seed)
    places, labels, units = rows.index[some], rows.y[some], rows.units[some]
    draws = draws_of(len(columns) * repeats * budget.scoring(params, len(some)), SHARE * budget.spent)
    at_once = draws if draws * len(some) * X.shape[1] <= ENTRIES else 1
    taken = [permute_groups(setup.groups, setup.fold_of_row, rng)[places] for _ in range(draws)]
    blocks = [
        np.concatenate([np.ones((1, len(some))), block]) * times
        for block in row_draws(labels, units, RESAMPLES, np.random.default_rng([setup.seed, 11]))
    ]

    def scores(tables: np.ndarray, held_out: "Design") -> np.ndarray:
        """Average precisions of tables that stand one under another, (tables, 1 + resamples)."""
        logits = held_out.out_of_fold(stack.logits(tables, held_out.held_out))[:, 0].mean(axis=1)
        return np.stack([_average_precisions(labels, of, blocks) for of in logits.reshape(-1, len(some))])

    plain = X[places]
    found, (unpermuted,) = [], scores(plain, design.at(places))
    here, held_out = np.tile(plain, (at_once, 1)), design.at(np.tile(places, at_once))
    for column in columns:
        parts, fall = list(column.parts), unpermuted.copy()
        for first in range(0, draws, at_once):
            rows_taken = np.concatenate(taken[first : first + at_once])
            here[:, parts] = X[rows_taken[:, None], parts]
            fall -= scores(here, held_out).sum(axis=0) / draws
        here[:, parts] = np.tile(plain[:, parts], (at_once, 1))
        found.append(Importance(column.name, float(fall[0]), *interval(fall[1:], around=float(fall[0]))))
    return tuple(sorted(found, key=lambda one: -one.value))


def draws_of(once: float, most: float) -> int:
    """Choose how often each column is permuted: `DRAWS` times, fewer where once takes so long of what all may take.

    Examples
    --------
    >>> draws_of(1.0, 20.0), draws_of(6.0, 20.0), draws_of(30.0, 20.0)
    (5, 3, 1)
    """
    return max(1, int(min(DRAWS, most // max(once, 1e-9))))


def permute_groups(groups: np.ndarray, fold_of_row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw, for each row, the row of its fold whose values it takes; groups are moved whole, laid end to end.

    A row that is never scored keeps its own.

    Parameters
    ----------
    groups, fold_of_row : array of int, shape (rows,)
    rng : Generator

    Returns
    -------
    array of int, shape (rows,)

    Examples
    --------
    >>> permute_groups(np.array([0, 0, 1, 1]), np.zeros(4, int), np.random.default_rng(3)).tolist()
    [2, 3, 0, 1]
    """
    taken = np.arange(len(groups))
    for fold in range(count_folds(fold_of_row)):
        rows = np.flatnonzero(fold_of_row == fold)
        rows = rows[np.argsort(groups[rows], kind="stable")]
        begins = np.flatnonzero(np.diff(groups[rows], prepend=-1))
        order = rng.permutation(len(begins))
        sizes = np.diff(begins, append=len(rows))[order]
        moved = np.repeat(begins[order] - np.cumsum(sizes) + sizes, sizes)
        taken[rows] = rows[moved + np.arange(len(rows))]
    return taken


def _average_precisions(y: np.ndarray, logits: np.ndarray, blocks: Sequence[np.ndarray]) -> np.ndarray:
    """Average precision of all rows, then of each resample, (1 + resamples,)."""
    parts = [average_precisions(y, logits, block) for block in blocks]
    return np.concatenate([parts[0][:1], *(part[1:] for part in parts)])
