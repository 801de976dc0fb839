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
        """The same network without a balance, and without bins: what trials at other balances share."""
        return replace(self, most=0.5, bins=False)

    @property
    def size(self) -> int:
        """The weights between its hidden layers, or its units where there is one layer: what "smaller" compares."""
        return self.width + (self.depth - 1) * self.width**2
