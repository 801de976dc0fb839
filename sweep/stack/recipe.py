"""The settings of training, and their defaults."""

from dataclasses import asdict, dataclass, replace
from math import log2
from typing import Any

WARM_UP = 0.1  # share of the steps in which the learning rate rises
BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8  # of Adam
DECAY_AT = 100  # rows of the rarer class, for which the weight decay is meant
GAIN_RATE = 6.0  # how much faster an input's gain is learned than all else
LEAVES = 8  # of a boosted tree, at most
FEWEST = 10  # rows of a leaf
PENALTY = 1.0  # on the squares of a leaf's value
SHARE = 0.5  # of the inputs that a split chooses among
SHRINKAGE = 0.1  # of each tree's leaves


@dataclass(frozen=True)
class Recipe:
    """How a stack is trained.

    AdamW on mini-batches; the learning rate rises linearly over the first tenth of the steps and then falls to zero
    along a cosine. The weight decay of a column goes with 1 / the cube root of the rows of its rarer class: the fewer
    there are, the sooner a network overfits them. Wide networks are regularised less, by decay and by dropout, so that
    a search over the width is one over what a table needs: much regularisation where labels are a matter of chance,
    little where they follow a rule.
    """

    depth: int = 2  # hidden layers; 0: a linear model, with bins an additive one
    width: int = 64  # units per hidden layer
    epochs: int = 40  # passes over the rows
    batch_size: int = 64  # rows per step
    learning_rate: float = 0.02  # at its peak, for networks with up to 2 hidden layers
    weight_decay: float | None = None  # of the kernels, per unit of learning rate, at 100 rows of the rarer class
    dropout: float | None = None  # rate: share of hidden units dropped in a step
    bins: bool = False  # whether numbers enter by the quantiles that they lie between, too
    trees: int = 0  # boosted ones, whose sum is the network: `sweep.stack.boosting`; all above is then without effect

    @property
    def peak(self) -> float:
        """The learning rate at its peak: deeper networks take 2 / depth of it, or they do not settle."""
        return self.learning_rate * min(1.0, 2 / max(1, self.depth))

    @property
    def decay(self) -> float:
        """The weight decay that is given, or that of the width; without a hidden layer, that of the narrowest."""
        width = self.width if self.depth else 1
        return default_weight_decay(width) if self.weight_decay is None else self.weight_decay

    @property
    def dropout_rate(self) -> float:
        """The dropout rate that is given, or that of the width."""
        return default_dropout(self.width) if self.dropout is None else self.dropout

    def identity(self) -> dict[str, Any]:
        """Collect all that decides how a network comes out, the constants too; only an equal one resumes a study."""
        constants = {"warm_up": WARM_UP, "betas": [BETA1, BETA2], "epsilon": EPSILON}
        resolved = replace(self, weight_decay=self.decay, dropout=self.dropout_rate)
        boosting = {"boosting": [LEAVES, FEWEST, PENALTY, SHARE, SHRINKAGE]}
        return {**asdict(resolved), **constants, **boosting, "decay_at": DECAY_AT, "gain_rate": GAIN_RATE}


@dataclass(frozen=True)
class Committee:
    """Several recipes, each trained alone, whose networks' logits are averaged: what the data find better than one.

    `weights`: one per member, of the mean.
    """

    members: tuple[Recipe, ...]
    weights: tuple[float, ...]


def default_weight_decay(width: int) -> float:
    """Compute the weight decay from the width: it goes with 1 / width, but is no more than 0.9.

    Examples
    --------
    >>> [default_weight_decay(width) for width in (16, 32, 64, 128, 256)]
    [0.9, 0.9, 0.6, 0.3, 0.15]
    """
    return min(0.9, 0.6 * 64 / width)


def default_dropout(width: int) -> float:
    """Compute the dropout rate from the width: 0.1 less per doubling, from 0.45 to 0.1.

    Examples
    --------
    >>> [round(default_dropout(width), 2) for width in (16, 32, 64, 128, 256, 512)]
    [0.45, 0.45, 0.35, 0.25, 0.15, 0.1]
    """
    return min(max(0.1, 0.35 - 0.1 * log2(width / 64)), 0.45)


def default_batch_size(rows: int) -> int:
    """Choose the rows per step by the number of rows: a large table has steps enough, and larger ones take less time.

    Examples
    --------
    >>> [default_batch_size(rows) for rows in (300, 5_000, 50_000)]
    [64, 128, 256]
    """
    return Recipe.batch_size if rows < 5_000 else 128 if rows < 50_000 else 256


def default_epochs(rows: int) -> int:
    """Choose the epochs by the number of rows: 20, but at least about 400 steps, and at most about 32,000.

    Examples
    --------
    >>> [default_epochs(rows) for rows in (300, 3_000, 30_000, 300_000, 3_000_000)]
    [85, 20, 20, 7, 4]
    """
    steps = max(1, rows / Recipe.batch_size)  # of small batches, whatever those of a large table are
    return max(4, round(min(max(20, 400 / steps), 32_000 / steps)))


def lengthened(epochs: int, length: float, rows: int) -> int:
    """Multiply the epochs, but no further than to about 32,000 steps.

    Examples
    --------
    >>> lengthened(20, 3, 3_000), lengthened(20, 7.5, 30_000), lengthened(7, 3, 300_000)
    (60, 68, 7)
    """
    return max(epochs, min(round(epochs * length), round(32_000 * Recipe.batch_size / rows)))
