"""The decision of rows where it is not the model's own: from a probability on, or the most likely of a table."""

import numpy as np

from sweep.config import read_top


def from_threshold(probability: np.ndarray, threshold: float) -> np.ndarray:
    """Decide rows from a probability on, (rows,): as they are written, in single precision."""
    return (probability.astype(np.float32) >= np.float32(threshold)).astype(np.int8)


def most_likely(log_odds: np.ndarray, top: str) -> tuple[np.ndarray, np.ndarray]:
    """Rank rows by log-odds, (rows,), 1 the most likely, and decide the first N of them, or N %.

    Rows of one value share a rank, and are decided alike: never more than N.

    Examples
    --------
    >>> most_likely(np.array([0.5, 2.0, 0.5, -1.0]), "2")
    (array([2, 1, 2, 4]), array([0, 1, 0, 0], dtype=int8))
    """
    asked = read_top(top)
    budget = asked if asked >= 1 else asked * len(log_odds) * (1 + 1e-12)
    _, group, size = np.unique(-log_odds, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return (last - size + 1)[group], (last[group] <= budget).astype(np.int8)
