"""How long a run will take, from a few steps of training on this machine."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from sweep.search.curve import EXPECTED
from sweep.search.members import CANDIDATES, LENGTHS, TREES
from sweep.search.pace import Pace
from sweep.search.selection import PICKS
from sweep.search.setup import TrialSetup
from sweep.search.trial import REPEATS
from sweep.study.params import Params
from sweep.study.space import Space
from sweep.validation import count_folds

KEPT = 0.6  # share of the epochs that pruning leaves, about
AVERAGED = 2  # networks per fold and balance, about: members of a mean, or repeats of one
AROUND = 0.3  # seconds a trial beside its training: its picture, its artifacts, the storage
EXPORT = 1.5  # seconds: the final networks put together, written and compared
RESAMPLED = 2e-9  # seconds a row, resample and passed-over vector of an interval


def middle_of(space: Space) -> Params:
    """Take the network in the middle of the space: the one whose pace is measured."""
    widths = space.widths
    return Params(space.most[0], round(np.mean(space.depth)), widths[len(widths) // 2])


def estimate(
    setup: TrialSetup, space: Space, pace: Pace, *, of_trials: TrialSetup, trials: int, workers: int
) -> dict[str, float]:
    """Estimate the seconds of search, curve and final networks.

    All trials, and the winner, are taken to be as the network of the space that takes a middling time.

    Parameters
    ----------
    setup : TrialSetup
    space : Space
    pace : Pace
    of_trials : TrialSetup
    trials : int
        Still to come.
    workers : int
    """
    folds, rows = count_folds(setup.fold_of_row), len(setup.y)
    a_column = typical_column(setup, pace, networks_of(space))
    a_trial = folds * REPEATS * typical_column(of_trials, pace, networks_of(space), repeats=REPEATS)
    a_scoring = typical_scoring(setup, pace, networks_of(space), rows)
    judged = (CANDIDATES + 2) * setup.repeats + LENGTHS[0] + AVERAGED * (EXPECTED + len(PICKS) - 1)
    grown = 0.0
    if space.depth[0] == 0:
        trees = Params(space.most[0], 0, 1, trees=setup.repeats * TREES[0] + TREES[1])
        grown = pace.seconds(folds, setup.recipe_of(trees), setup.trained)
    few = min(rows, 50_000)
    return {
        "search": trials * (a_trial * KEPT + REPEATS * a_scoring + AROUND / min(workers, 2)),
        "curve": judged * (folds * a_column + a_scoring) + grown + 4000 * RESAMPLED * rows,
        "final": AVERAGED * len(PICKS) * a_column + EXPORT + len(PICKS) * 60_000 * RESAMPLED * few,
    }


def typical_scoring(setup: TrialSetup, pace: Pace, networks: Sequence[Params], rows: int) -> float:
    """Estimate the seconds of scoring rows by the network that takes a middling time."""
    return float(np.median([pace.seconds_to_score(setup.recipe_of(params), rows) for params in networks]))


def networks_of(space: Space) -> list[Params]:
    """List the networks of the space."""
    depths = range(space.depth[0], space.depth[1] + 1)
    return [Params(space.most[0], depth, width) for depth, width in product(depths, space.widths)]


def typical_column(setup: TrialSetup, pace: Pace, networks: Sequence[Params], *, repeats: int | None = None) -> float:
    """Estimate the seconds of one column of the network that takes a middling time, among so many repeats.

    The sampler is drawn to what ranks best: on a table of some thousand rows seldom the few that cost the most.
    """
    columns = count_folds(setup.fold_of_row) * (repeats or setup.repeats)
    each = [pace.seconds(columns, setup.recipe_of(params), setup.trained) for params in networks]
    return float(np.median(each)) / columns
