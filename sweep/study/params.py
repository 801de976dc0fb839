"""What a trial tries. Loads no TensorFlow and no Optuna."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweep.stack.recipe import Recipe


@dataclass(frozen=True)
class Params:
    """The parameters of a trial: the cap on the class weights, the network and, where asked, its regularisation.

    No trial has bins, another length, trees or members; what is judged beside the best trials may, and what is taken.
    """

    most: float
    depth: int
    width: int
    dropout: float | None = None  # by the width, as the next
    weight_decay: float | None = None
    learning_rate: float = Recipe.learning_rate
    bins: bool = False
    length: float = 1.0  # of the training, in multiples of the study's epochs
    trees: int = 0  # boosted ones, in place of layers
    members: tuple["Params", ...] = ()  # whose logits are averaged, the best first: the network above is the first

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Params":
        """Read what `dataclasses.asdict` gave."""
        members = tuple(cls.read(member) for member in kept.get("members", ()))
        return cls(**{**kept, "members": members})

    @classmethod
    def mean_of(cls, members: tuple["Params", ...]) -> "Params":
        """Describe the mean of some networks, the best first; one alone is itself."""
        return members[0] if len(members) == 1 else replace(members[0], members=members)

    @property
    def parts(self) -> tuple["Params", ...]:
        """Its members; of a single network itself."""
        return self.members or (self,)

    @property
    def network(self) -> "Params":
        """The same network without a balance: what trials at other balances share.

        Without a hidden layer there is no width.
        """
        members = tuple(member.network for member in self.members)
        return replace(self, most=0.5, width=self.width if self.depth else 0, members=members)

    @property
    def words(self) -> str:
        """Depth, width, bins, length or trees for a reader.

        Examples
        --------
        >>> Params(0.7, 2, 64, bins=True, length=3.0).words, Params(0.7, 0, 16).words
        ('2 x 64 with bins, 3 times the epochs', 'linear')
        """
        if self.members:
            return f"the mean of {'; '.join(member.words for member in self.members)}"
        if self.trees:
            return f"{self.trees} boosted trees"
        shape = f"{self.depth} x {self.width}" if self.depth else "additive" if self.bins else "linear"
        bins = " with bins" if self.bins and self.depth else ""
        return f"{shape}{bins}{f', {self.length:g} times the epochs' if self.length != 1 else ''}"

    @property
    def size(self) -> int:
        """The weights between its hidden layers, its units where there is one, 0 without: what "smaller" compares."""
        return self.width + (self.depth - 1) * self.width**2 if self.depth else 0
