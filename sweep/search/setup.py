"""What all trials of a study share: labels, folds, settings; X travels beside it. Loads no TensorFlow."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from sweep.stack.design import Design, cross_validation
from sweep.stack.recipe import Committee, Recipe, default_batch_size, default_epochs, lengthened
from sweep.stack.sampling import sample_rows
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import score
from sweep.statistics.operating_point import Wanted, find_point
from sweep.study.params import Params
from sweep.validation import ScoredRows, trained_on

TRIAL_ROWS = 5_500  # that a trial trains on, about, where more are trained on later: it compares, and delivers nothing
FEWEST = 3  # negatives of them for each positive


@dataclass(frozen=True)
class TrialSetup:
    """What is the same for every trial of a study.

    Attributes
    ----------
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
        As `sweep.validation` has it.
    groups : array of int, shape (rows,)
        Row groups, which are resampled together.
    repeats, epochs, batch_size, seed : int
    equal : str
        The criterion that the score serves.
    asked : Wanted, optional
        The operating point that the score serves in its place, without confidence: that moves a threshold at the end.
    sample : array of bool, shape (rows,), optional
        The rows trained on, all positives among them; default: all.
    drawn : bool
        Whether the folds were drawn; else they are blocks by time or the user's own.
    """

    y: np.ndarray
    fold_of_row: np.ndarray
    groups: np.ndarray
    repeats: int
    epochs: int
    batch_size: int
    equal: str
    seed: int
    asked: Wanted | None = None
    sample: np.ndarray | None = None
    drawn: bool = True

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is worked out of the rest: a worker works it out once."""
        return {entry.name: getattr(self, entry.name) for entry in fields(self)}

    @cached_property
    def scored(self) -> ScoredRows:
        """The rows that are scored out-of-fold."""
        return ScoredRows.of(self.y, self.groups, self.fold_of_row)

    @property
    def trained(self) -> int:
        """The number of rows trained on, those of each fold among them."""
        return len(self.y) if self.sample is None else int(np.count_nonzero(self.sample))

    def of_trials(self, X: np.ndarray) -> "TrialSetup":
        """Thin out the negatives that trials train on, where they are many.

        All positives stay, and all rows are scored. The epochs and the batch size go by the rows as their defaults do.
        """
        positives = int(np.count_nonzero(self.y))
        negatives = max(FEWEST, TRIAL_ROWS / positives - 1)
        if positives * (1 + negatives) >= self.trained:
            return self
        fewer = replace(self, sample=sample_rows(X, self.y, negatives, seed=self.seed))
        epochs = round(self.epochs * default_epochs(fewer.trained) / default_epochs(self.trained))
        return replace(fewer, epochs=epochs, batch_size=min(self.batch_size, default_batch_size(fewer.trained)))

    def stand_ins(self, fold: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the rows that a fold's networks are trained on, and how many rows of the table each stands for."""
        live = trained_on(self.fold_of_row, fold)
        rows = np.flatnonzero(live if self.sample is None else live & self.sample)
        negative = self.y[rows] != 1
        stands_for = np.count_nonzero(live & (self.y != 1)) / np.count_nonzero(negative)
        return rows, np.where(negative, stands_for, 1.0)

    def cross_validation(self, most: Sequence[float], *, repeats: int | None = None, seed: int | None = None) -> Design:
        """Lay out the folds of some balances; repeats and seed are the study's where not given."""
        return cross_validation(
            self.y,
            self.fold_of_row,
            most=most,
            repeats=self.repeats if repeats is None else repeats,
            seed=self.seed if seed is None else seed,
            sample=self.sample,
        )

    def repeats_of(self, params: Params) -> int:
        """Give how often a network is trained for what is delivered; the members of a mean share the repeats."""
        return -(-self.repeats // len(params.parts))

    def recipe(self, params: Params) -> Recipe | Committee:
        """Give the recipe by which a network of these parameters, or the mean of several, is trained."""
        if params.members:
            return Committee(tuple(self.recipe_of(m) for m in params.members), (1.0,) * len(params.members))
        return self.recipe_of(params)

    def recipe_of(self, params: Params) -> Recipe:
        """Give the recipe of a single network."""
        settings = {k: v for k, v in asdict(params).items() if k not in ("most", "length", "members")}
        return Recipe(epochs=self.epochs_of(params), batch_size=self.batch_size, **settings)

    def epochs_of(self, params: Params) -> int:
        """Give the epochs for which a single network is trained."""
        return lengthened(self.epochs, params.length, self.trained)

    def counts(self, logits: np.ndarray) -> Counts:
        """Count the decisions of out-of-fold logits, (scored rows, repeats), at the threshold on their mean."""
        mean = logits.mean(axis=1)
        return Counts.of(self.scored.y, mean > self.threshold(mean))

    def score(self, logits: np.ndarray) -> float:
        """Score out-of-fold logits, (scored rows, repeats), by their mean: at 0, or at what was asked."""
        if self.asked is not None:
            return find_point(self.asked, self.scored.y, self.scored.units, logits.mean(axis=1)).value
        return float(score(self.counts(logits), self.equal))

    def threshold(self, mean: np.ndarray) -> float:
        """Give the threshold on mean out-of-fold logits, (scored rows,), above which a trial calls a row."""
        return 0.0 if self.asked is None else find_point(self.asked, self.scored.y, self.scored.units, mean).threshold

    def scores(self, counts: np.ndarray) -> np.ndarray:
        """Score counts, (..., 4) in the order tp, fp, fn, tn, of decisions at thresholds found before."""
        return score(counts, self.equal) if self.asked is None else self.asked.gain(counts)
