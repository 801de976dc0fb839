"""What all trials of a study share: labels, folds, settings; X travels beside it. Loads no TensorFlow."""

from dataclasses import asdict, dataclass

import numpy as np

from sweep.stack.recipe import Recipe
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import score
from sweep.study.params import Params


@dataclass(frozen=True)
class TrialSetup:
    """What is the same for every trial of a study.

    Attributes
    ----------
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
    groups : array of int, shape (rows,)
        Row groups, which are resampled together.
    repeats, epochs, batch_size, seed : int
    equal : str
        The criterion that the score serves.
    """

    y: np.ndarray
    fold_of_row: np.ndarray
    groups: np.ndarray
    repeats: int
    epochs: int
    batch_size: int
    equal: str
    seed: int

    def recipe(self, params: Params) -> Recipe:
        """Give the recipe by which a network of these parameters is trained."""
        settings = {k: v for k, v in asdict(params).items() if k != "most"}
        return Recipe(epochs=self.epochs, batch_size=self.batch_size, **settings)

    def counts(self, logits: np.ndarray) -> Counts:
        """Count the decisions of out-of-fold logits, (rows, repeats), at the threshold 0 on their mean."""
        return Counts.of(self.y, logits.mean(axis=1) > 0)

    def score(self, logits: np.ndarray) -> float:
        """Score out-of-fold logits, (rows, repeats), at the threshold 0 on their mean."""
        return float(score(self.counts(logits), self.equal))
