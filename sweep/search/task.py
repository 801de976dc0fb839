"""What a trial is about, on paper: the task that all share, its parameters, what it comes to. Loads no TensorFlow."""

from dataclasses import asdict, dataclass, replace

import numpy as np

from sweep.stack.recipe import Recipe
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import score


@dataclass(frozen=True)
class Task:
    """What is the same for every trial.

    Attributes
    ----------
    X : array, shape (rows, features)
    y : array of 0 and 1, shape (rows,)
    fold_of_row : array of int, shape (rows,)
    units : array of int, shape (rows,)
        Row groups, which are resampled together.
    repeats, epochs, batch_size, seed : int
    equal : str
        The criterion that the score serves.
    """

    X: np.ndarray
    y: np.ndarray
    fold_of_row: np.ndarray
    units: np.ndarray
    repeats: int
    epochs: int
    batch_size: int
    equal: str
    seed: int

    def recipe(self, params: "Params") -> Recipe:
        """How a network of these parameters is trained."""
        settings = {k: v for k, v in asdict(params).items() if k != "most"}
        return Recipe(epochs=self.epochs, batch_size=self.batch_size, **settings)

    def score(self, logits: np.ndarray) -> float:
        """Score out-of-fold logits, (rows, repeats), at the cut 0 of their mean."""
        return float(score(self.counts(logits), self.equal))

    def counts(self, logits: np.ndarray) -> Counts:
        """Count the decisions of out-of-fold logits, (rows, repeats), at the cut 0 of their mean."""
        return Counts.of(self.y, logits.mean(axis=1) > 0)

    def without_table(self) -> "Task":
        """Leave the rows of X out: what travels with each trial, where X goes to each worker once."""
        return replace(self, X=self.X[:0])


@dataclass(frozen=True)
class Params:
    """What a trial tries: the cap on the class weights, the network, and, where asked, how it is regularised."""

    most: float
    depth: int
    width: int
    dropout: float | None = None  # by the width, as the next
    weight_decay: float | None = None
    learning_rate: float = Recipe.learning_rate
    bins: bool = False  # no trial has them; the winner may

    @property
    def network(self) -> "Params":
        """The same network without a balance, and without bins: what trials at other balances share."""
        return replace(self, most=0.5, bins=False)

    @property
    def size(self) -> int:
        """The weights between its hidden layers, or its units where there is one layer: what "smaller" compares."""
        return self.width + (self.depth - 1) * self.width**2


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes
    ----------
    logits : array of float32, shape (rows, repeats)
        Out-of-fold.
    reports : tuple of (epoch, score)
    epochs : int
        How many were trained.
    pruned : bool
        Whether it was stopped before its last epoch.
    seconds : float
    """

    logits: np.ndarray
    reports: tuple[tuple[int, float], ...]
    epochs: int
    pruned: bool
    seconds: float
