"""What a trial tries. Loads no TensorFlow and no Optuna."""

from dataclasses import dataclass, replace

from sweep.stack.recipe import Recipe


@dataclass(frozen=True)
class Params:
    """The parameters of a trial: the cap on the class weights, the network and, where asked, its regularisation."""

    most: float
    depth: int
    width: int
    dropout: float | None = None  # by the width, as the next
    weight_decay: float | None = None
    learning_rate: float = Recipe.learning_rate
    bins: bool = False  # no trial has them; the winner may

    @property
    def network(self) -> "Params":
        """The same network without a balance, and without bins: what trials at other balances share.

        Without a hidden layer there is no width.
        """
        return replace(self, most=0.5, bins=False, width=self.width if self.depth else 0)

    @property
    def size(self) -> int:
        """The weights between its hidden layers, its units where there is one, 0 without: what "smaller" compares."""
        return self.width + (self.depth - 1) * self.width**2 if self.depth else 0
