"""The settings of training, and their defaults."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """How a stack is trained.

    AdamW on mini-batches; the learning rate rises linearly over the first tenth of the steps and then falls to zero
    along a cosine.
    """

    depth: int = 2  # hidden layers
    width: int = 64  # units a hidden layer
    epochs: int = 40  # passes over the rows
    batch_size: int = 256  # rows a step
    learning_rate: float = 3e-3  # at its peak
    weight_decay: float = 0.05  # of the kernels, per unit of learning rate
    dropout: float = 0.15  # share of hidden units left out of a step


def default_epochs(rows: int) -> int:
    """Epochs by the number of rows: about 1500 steps of the default batch, 10 epochs at least and 200 at most."""
    return min(200, max(10, round(1500 * Recipe.batch_size / rows)))
