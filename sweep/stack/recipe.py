"""The settings of training, and their defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How a stack is trained.

    AdamW on mini-batches; the learning rate rises linearly over the first tenth of the steps and then falls to zero
    along a cosine. The weight decay of a column goes with 1 / the cube root of the rows of its rarer class: the fewer
    there are, the sooner they are known by heart.
    """

    depth: int = 2  # hidden layers
    width: int = 64  # units a hidden layer
    epochs: int = 40  # passes over the rows
    batch_size: int = 64  # rows a step
    learning_rate: float = 0.02  # at its peak, of networks with up to 2 hidden layers
    weight_decay: float = 0.45  # of the kernels, per unit of learning rate, at 100 rows of the rarer class
    dropout: float = 0.3  # share of hidden units left out of a step

    @property
    def peak(self) -> float:
        """The learning rate at its peak: deeper networks take 2 / depth of it, or they do not settle."""
        return self.learning_rate * min(1.0, 2 / self.depth)


def default_epochs(rows: int) -> int:
    """Epochs by the number of rows: 20, but about 400 steps or more of a small table, and 32,000 of a large one.

    Examples
    --------
    >>> [default_epochs(rows) for rows in (300, 3_000, 30_000, 300_000, 3_000_000)]
    [85, 20, 20, 7, 4]
    """
    steps = max(1, rows / Recipe.batch_size)
    return max(4, round(min(max(20, 400 / steps), 32_000 / steps)))
