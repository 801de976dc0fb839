"""Where the search looks, and what proposes the next trial."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.trial import Trial

from sweep.study.params import Params

WARM_UP_TRIALS = 10  # random ones before the sampler models them


@dataclass(frozen=True)
class Space:
    """Where the search looks: low and high ends; widths go in doublings.

    `settings`: further settings of the recipe by name, searched on a log scale where the low end is above 0.
    """

    most: tuple[float, float]
    depth: tuple[int, int]
    width: tuple[int, int]
    settings: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def widths(self) -> list[int]:
        """The low end doubled while it is below the high end, and the high end."""
        low, high = self.width
        doubled = [low * 2**i for i in range(12) if low * 2**i < high]
        return [*doubled, high]

    def suggest(self, trial: Trial) -> Params:
        """Suggest what a trial shall try."""
        found: dict[str, Any] = {
            "most": trial.suggest_float("most", *self.most),
            "depth": trial.suggest_int("depth", *self.depth),
            "width": int(trial.suggest_categorical("width", self.widths)),
        }
        found |= {k: trial.suggest_float(k, *span, log=span[0] > 0) for k, span in self.settings.items()}
        return Params(**found)

    def start(self, network: tuple[int, int]) -> dict[str, Any]:
        """Give the first trial: a default network, where the space has it, half-way between the ends of `most`."""
        depth, width = network
        return {
            "most": sum(self.most) / 2,
            "depth": min(max(depth, self.depth[0]), self.depth[1]),
            "width": min(self.widths, key=lambda w: abs(w - width)),
        }


def sampler(seed: int, number: int) -> optuna.samplers.TPESampler:
    """Make the sampler of a trial: it depends on the seed and on how many trials there are, on no interruption."""
    mixed = int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=mixed, n_startup_trials=WARM_UP_TRIALS)
