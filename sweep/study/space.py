"""Where the search looks, and what proposes the next trial."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

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

    @property
    def networks(self) -> dict[str, BaseDistribution]:
        """The depths and widths that a network is chosen from."""
        return {"depth": IntDistribution(*self.depth), "width": CategoricalDistribution(self.widths)}

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


def sampler(seed: int, space: Space, trials: Sequence[FrozenTrial]) -> optuna.samplers.BaseSampler:
    """Make the sampler of the next trial: `most` is proposed by the objective, the network by average precision.

    The objective at one threshold goes by how near a trial's balance came to the crossing as much as by its network: a
    wide network at a high `most` beats the better one at a low `most`. No threshold enters the average precision.

    Parameters
    ----------
    seed : int
    space : Space
    trials : sequence of FrozenTrial
        Complete, pruned and running. What is proposed depends on these and the seed, on no interruption.
    """
    mixed = np.random.SeedSequence([seed, len(trials)]).generate_state(2).tolist()
    of_balance, of_network = (optuna.samplers.TPESampler(seed=s, n_startup_trials=WARM_UP_TRIALS) for s in mixed)
    networks = optuna.create_study(direction="maximize", sampler=of_network)
    networks.add_trials([_as_network(trial, space) for trial in trials])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.PartialFixedSampler(networks.ask(space.networks).params, of_balance)


def _as_network(trial: FrozenTrial, space: Space) -> FrozenTrial:
    """Copy a trial's network alone, with its average precision for a value."""
    return create_trial(
        state=trial.state,
        params={name: trial.params[name] for name in space.networks},
        distributions=space.networks,
        value=(trial.user_attrs["average_precision"] or 0.0) if trial.state == TrialState.COMPLETE else None,
        intermediate_values=trial.intermediate_values,
    )
