"""The networks to deliver: the best trials and a few beside them, judged by log loss; the good ones averaged.

With tens of positives min(P1, R1) at one threshold picks networks by chance, and no fixed depth, number of epochs or
encoding of numbers is right for all tables; where they follow rules of thresholds boosted trees are better than any. So
each is judged by the log loss of its out-of-fold probability, into which no threshold enters, and instead of one winner
the mean of those that cannot be told from the best is taken.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from sweep.search.setup import TrialSetup
from sweep.statistics.bootstrap import thinned
from sweep.statistics.calibration import fit_line, undone
from sweep.study.params import Params
from sweep.validation import numbered

if TYPE_CHECKING:
    from sweep.parallel.workers import Workers
    from sweep.search.budget import Budget

CANDIDATES = 2  # networks of trials that are run again
MEMBERS = 3  # of the mean, at most
NEAR = 1.0  # paired standard errors from the lowest log loss, within which a network is one of the good ones
LENGTHS = (3.0, 7.5)  # of the training: the next is tried where the last lowered the loss
TREES = (50, 150, 450)  # boosted: more are tried where the last lowered the loss


@dataclass(frozen=True)
class Confirmed:
    """A network run again with fresh seeds, or the mean of several.

    Attributes
    ----------
    trial : int
        From which it comes, or that it was set beside.
    params : Params
    logits : array, shape (scored rows, repeats)
    score : float
    """

    trial: int
    params: Params
    logits: np.ndarray
    score: float


def log_losses(setup: TrialSetup, logits: np.ndarray, most: float) -> np.ndarray:
    """Compute the log loss of each row's out-of-fold probability, recalibrated by an intercept and a slope.

    A network that is too sure of itself is not worse for it: what is delivered is recalibrated, too. Of a large table
    the line is fitted to the rows that stand for all.

    Parameters
    ----------
    setup : TrialSetup
    logits : array, shape (scored rows,)
    most : float
        At which the network was trained.

    Returns
    -------
    array of float64, shape (scored rows,)
    """
    odds = undone(setup.scored, logits, most)
    labels = setup.scored.y.astype(float)
    some, times = thinned(setup.scored.y, setup.scored.units, odds, seed=setup.seed)
    (intercept, slope), *_ = fit_line(labels[some], odds[some], times[None])
    if np.isnan(slope) and np.ptp(odds):  # the classes do not overlap
        intercept, slope = 0.0, 1.0
    elif not slope > 0:  # the odds are all alike, or worse than chance
        intercept, slope = float(logit(labels.mean())), 0.0
    odds = intercept + slope * odds
    losses: np.ndarray = np.logaddexp(0, odds) - labels * odds
    return losses


def errors_apart(setup: TrialSetup, losses: np.ndarray, lowest: np.ndarray) -> float:
    """Compute how many standard errors the mean of losses, (scored rows,), is above the lowest, paired by row group."""
    away = losses - lowest
    of_units = np.bincount(numbered(setup.scored.units), weights=away)
    error = of_units.std() * np.sqrt(len(of_units)) / len(away)
    if error == 0:
        return float("inf") if away.any() else 0.0
    return float(away.mean() / error)


def rank_networks(
    setup: TrialSetup, trials: Iterable[tuple[int, Params, np.ndarray]], count: int = CANDIDATES
) -> list[tuple[int, Params]]:
    """Rank the networks of trials by their log loss, each by its best trial: (trial number, parameters).

    Parameters
    ----------
    setup : TrialSetup
    trials : iterable of (number, parameters, mean out-of-fold logits)
    count : int
        Of networks, at most.
    """
    judged = [(log_losses(setup, logits, params.most).mean(), number, params) for number, params, logits in trials]
    networks: dict[Params, tuple[int, Params]] = {}
    for _, number, params in sorted(judged, key=lambda one: one[:2]):
        networks.setdefault(params.network, (number, params))
    return list(networks.values())[:count]


def confirm(
    X: np.ndarray,
    setup: TrialSetup,
    candidates: Sequence[tuple[int, Params]],
    workers: "Workers",
    *,
    repeats: Callable[[Params], int],
) -> tuple[Confirmed, ...]:
    """Run networks again with fresh seeds: other initial weights, batches and dropout, the same folds.

    `repeats`: of each network; the first ones are the same however many there are.
    """
    confirmed = []
    for number, params in candidates:
        logits = held_out(X, setup, params, workers, repeats=repeats(params))
        confirmed.append(Confirmed(number, params, logits, setup.score(logits)))
    return tuple(confirmed)


def audition(
    X: np.ndarray,
    setup: TrialSetup,
    best: Sequence[tuple[int, Params]],
    workers: "Workers",
    budget: "Budget",
    *,
    additive: bool,
) -> tuple[Confirmed, ...]:
    """Confirm the best networks of the trials, and what no trial has: an additive one, bins, longer training, trees.

    All are trained at the balance of the best. Of a network and the same trained for longer, once, the one whose first
    repeat is the better is kept; so of few boosted trees and more.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    best : sequence of (trial number, parameters)
        The best first.
    workers : Workers
    budget : Budget
        What would take too long is trained once only, and for longer not at all.
    additive : bool
        Whether the space has networks without a hidden layer: additive ones, and boosted trees.
    """
    from sweep.stack.preprocessing import has_numbers_for_bins  # loads TensorFlow: not to read a selection

    number, top = best[0]
    binned = has_numbers_for_bins(X)
    entrants = {params.network: (n, replace(params, most=top.most)) for n, params in best}
    further = [replace(top, depth=0, bins=binned), replace(top, depth=0, trees=TREES[0])] * additive
    with_layers = [params for _, params in best if params.depth]
    further += [replace(params, most=top.most, bins=True) for params in with_layers[: int(binned)]]
    for params in further:
        entrants.setdefault(params.network, (number, params))
    heard = list(confirm(X, setup, list(entrants.values()), workers, repeats=budget.repeats_of))

    def loss(one: Confirmed, repeats: int | None = None) -> float:
        return float(log_losses(setup, one.logits[:, :repeats].mean(axis=1), one.params.most).mean())

    layered = sorted((k for k, one in enumerate(heard) if one.params.depth), key=lambda k: loss(heard[k]))
    trees = [k for k, one in enumerate(heard) if one.params.trees]
    for at in (*layered[:1], *trees):
        for params in _longer(heard[at].params):
            if setup.recipe(params) == setup.recipe(heard[at].params) or not budget.allows_fewer(params):
                break
            (longer,) = confirm(X, setup, [(heard[at].trial, params)], workers, repeats=lambda _: 1)
            if loss(longer) >= loss(heard[at], 1):
                break
            heard[at] = longer
    return tuple(heard)


def _longer(params: Params) -> list[Params]:
    """List the same network trained for longer and longer, or with more and more trees."""
    if params.trees:
        return [replace(params, trees=trees) for trees in TREES[1:]]
    return [replace(params, length=length) for length in LENGTHS]


def average_good_ones(setup: TrialSetup, heard: Sequence[Confirmed], budget: "Budget | None" = None) -> Confirmed:
    """Take the mean of the networks whose log loss is within `NEAR` paired standard errors of the lowest.

    At most `MEMBERS`, the lowest losses first; of these, where the curve would take longer than `budget` allows even if
    short, the slowest are left out, down to one. The standard error is that of the mean difference of row groups.
    """
    means = [c.logits.mean(axis=1, keepdims=True) for c in heard]
    losses = [log_losses(setup, z[:, 0], c.params.most) for z, c in zip(means, heard, strict=True)]
    order = np.argsort([loss.mean() for loss in losses], kind="stable")
    near = [k for k in order if errors_apart(setup, losses[k], losses[order[0]]) <= NEAR][:MEMBERS]
    while len(near) > 1 and budget and not budget.allows_fewer(Params.mean_of(tuple(heard[k].params for k in near))):
        near.remove(max(near, key=lambda k: budget.seconds(heard[k].params, 1)))
    best: Confirmed = heard[near[0]]
    if len(near) == 1:
        return best
    logits: np.ndarray = np.mean([means[k] for k in near], axis=0)
    params = Params.mean_of(tuple(heard[k].params for k in near))
    return Confirmed(best.trial, params, logits, setup.score(logits))


def held_out(X: np.ndarray, setup: TrialSetup, params: Params, workers: "Workers", *, repeats: int) -> np.ndarray:
    """Train a network at its balance, with fresh seeds, and score rows where held out: (scored rows, repeats)."""
    seed = setup.seed + 1
    design = setup.cross_validation([params.most], repeats=repeats, seed=seed)
    stack = workers.fit(X, design, setup.recipe(params), seed=seed)
    return design.out_of_fold(stack.logits(X, design.held_out))[:, 0]
