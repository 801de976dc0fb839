"""What may be trained once the search is over: bounded by what the search itself took, whatever network won.

It is reckoned in processor seconds of the machine that `sweep.search.pace` has its proportions of: what is chosen
depends on the study alone, not on how fast a machine is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweep.search.curve import EXPECTED, FEWER
from sweep.search.estimate import middle_of
from sweep.search.pace import scoring, work
from sweep.search.setup import TrialSetup
from sweep.search.trial import REPEATS
from sweep.stack.preprocessing import BINS
from sweep.study.params import Params
from sweep.study.space import Space
from sweep.validation import count_folds

PICKED = 3  # balances trained beside those of the curve, about
LEAN = 2.0  # the search's own time: what the shortest curve of a network may take


@dataclass(frozen=True)
class Budget:
    """How long the search took, and what else takes.

    Attributes
    ----------
    setup : TrialSetup
    inputs : int
        Features of X.
    spent : float
        Seconds of the search.
    """

    setup: TrialSetup
    inputs: int
    spent: float

    @classmethod
    def of_search(
        cls, setup: TrialSetup, of_trials: TrialSetup, trials: Sequence[tuple[Params, int]], space: Space, inputs: int
    ) -> "Budget":
        """Add up the trials, (parameters, epochs) each.

        They count as no less than the curve of the middle network takes on as many rows as a trial has, averaged with
        what is judged beside it.
        """
        searched, middle = cls(of_trials, inputs, 0.0), middle_of(space)
        spent = sum(searched.seconds(params, REPEATS, epochs) for params, epochs in trials)
        usual = (middle, replace(middle, bins=True), replace(middle, depth=0, bins=True))
        least = searched.seconds(Params.mean_of(usual), EXPECTED + PICKED)
        return cls(setup, inputs, max(spent, least))

    def seconds(self, params: Params, times: int, epochs: int | None = None) -> float:
        """Reckon the training of so many networks per fold, of each member of a mean; `epochs`: for so long."""
        networks = times * count_folds(self.setup.fold_of_row)
        found = 0.0
        for part in params.parts:
            recipe = self.setup.recipe_of(part)
            recipe = recipe if epochs is None else replace(recipe, epochs=epochs)
            found += work(networks, recipe, self.setup.trained, self._inputs(part))
        return found

    def scoring(self, params: Params, rows: int) -> float:
        """Reckon the scoring of so many rows, each by one network, or by each member of a mean."""
        return sum(scoring(self.setup.recipe_of(part), rows, self._inputs(part)) for part in params.parts)

    def _inputs(self, params: Params) -> int:
        return self.inputs * (1 + BINS * params.bins)

    def allows_curve(self, params: Params) -> bool:
        """Check whether the balance curve, with all repeats, takes no longer than the search."""
        return self.seconds(params, (EXPECTED + PICKED) * self.setup.repeats_of(params)) <= self.spent

    def repeats_of(self, params: Params) -> int:
        """Give how often a network, or mean, is trained after the search: all repeats, or once."""
        return self.setup.repeats_of(params) if self.allows_curve(params) else 1

    def allows_fewer(self, params: Params) -> bool:
        """Check whether a curve of few balances and one repeat takes no more than `LEAN` times the search."""
        return self.seconds(params, FEWER + PICKED) <= LEAN * self.spent
