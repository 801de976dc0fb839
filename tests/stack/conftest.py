"""A small table with everything in it that the first layer treats apart, and one stack trained on it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from sweep.stack.design import cross_validation
from sweep.stack.network import Stack
from sweep.stack.training import train

settings.register_profile("stack", deadline=None, derandomize=True)
settings.load_profile("stack")

ROWS, FOLDS, REPEATS = 240, 3, 2


@dataclass(frozen=True)
class Case:
    """What `train` takes: 3 folds x 2 repeats, and settings under which it takes a moment."""

    X: np.ndarray  # 5 numbers, one of them with missing values, 2 levels
    y: np.ndarray
    Y: np.ndarray
    W: np.ndarray
    init_seed: np.ndarray
    fold_of_row: np.ndarray
    settings: dict[str, Any] = field(
        default_factory=lambda: {
            "depth": 2,
            "width": 16,
            "epochs": 10,
            "batch_size": 24,
            "learning_rate": 0.02,
            "seed": 5,
        }
    )

    def train(self, **changed: Any) -> Stack:
        """Train it, some of the arguments changed."""
        given = {"X": self.X, "Y": self.Y, "W": self.W, "init_seed": self.init_seed, **self.settings, **changed}
        return train(given.pop("X"), given.pop("Y"), given.pop("W"), **given)


@pytest.fixture(scope="session")
def case() -> Case:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((ROWS, 7)) * [1, 100, 1e-3, 1, 1, 0, 0] + [0, 50, 0, 0, 0, 0, 0]
    X[rng.random(ROWS) < 0.2, 3] = np.nan
    X[:, 5:] = np.eye(2)[rng.integers(0, 2, ROWS)]
    y = (X[:, 0] + X[:, 5] + rng.standard_normal(ROWS) > 1.8).astype(int)
    design = cross_validation(y, np.arange(ROWS) % FOLDS, most=[0.8], repeats=REPEATS, seed=3)
    return Case(X, y, design.Y, design.W, design.init_seed, np.arange(ROWS) % FOLDS)


@pytest.fixture(scope="session")
def stack(case: Case) -> Stack:
    return case.train()
