"""The networks to deliver: the best trials and a few beside them, judged by log loss, and averaged where that helps.

With tens of positives min(P1, R1) at one threshold picks networks by chance, and no fixed depth, number of epochs or
encoding of numbers is right for all tables; where they follow rules of thresholds boosted trees are better than any. So
each is judged by the log loss of its out-of-fold probability, into which no threshold enters, and instead of one winner
the mean of some that is better than each is taken.
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
VOTES = 3  # of the mean: each goes to one network
LEAST = 1e-5  # nats of log loss a row, that a vote after the first brings
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

    A network that is too sure of itself is not worse for it: what is delivered is recalibrated, too.

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
    return _losses(setup, recalibrated(setup, undone(setup.scored, logits, most))[0])


def recalibrated(setup: TrialSetup, odds: np.ndarray) -> tuple[np.ndarray, float]:
    """Lay the line through log-odds that fits the labels best: array of float64, shape (scored rows,), and its slope.

    Of a large table the line is fitted to the rows that stand for all. The slope is 0 where the odds tell nothing.
    """
    labels = setup.scored.y.astype(float)
    some, times = thinned(setup.scored.y, setup.scored.units, odds, seed=setup.seed)
    (intercept, slope), *_ = fit_line(labels[some], odds[some], times[None])
    if np.isnan(slope) and np.ptp(odds):  # the classes do not overlap
        intercept, slope = 0.0, 1.0
    elif not slope > 0:  # the odds are all alike, or worse than chance
        intercept, slope = float(logit(labels.mean())), 0.0
    return intercept + slope * odds, float(slope)


def _losses(setup: TrialSetup, odds: np.ndarray) -> np.ndarray:
    losses: np.ndarray = np.logaddexp(0, odds) - setup.scored.y * odds
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


def average(setup: TrialSetup, heard: Sequence[Confirmed], budget: "Budget | None" = None) -> Confirmed:
    """Average networks so that the log loss of their mean is low.

    `VOTES` are given one after the other: the first to the network of the lowest log loss, each other one to that which
    lowers the loss of the mean the most, which may be one that has votes; none where no network lowers it. What makes
    the curve take longer than `budget` allows, even if short, gets no vote. In the mean each network is as sure of
    itself as its recalibrated odds are.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of models, ICML 2004.
    """
    means = [c.logits.mean(axis=1, keepdims=True) for c in heard]
    lines = [
        recalibrated(setup, undone(setup.scored, z[:, 0], c.params.most)) for z, c in zip(means, heard, strict=True)
    ]

    def loss(votes: Sequence[int]) -> float:
        odds = np.mean([lines[k][0] for k in votes], axis=0)
        return float(_losses(setup, recalibrated(setup, odds)[0]).mean())

    def allowed(votes: Sequence[int]) -> bool:
        parts = tuple(heard[k].params for k in dict.fromkeys(votes))
        return budget is None or len(parts) == 1 or budget.allows_fewer(Params.mean_of(parts))

    votes, lowest = list[int](), np.inf
    for _ in range(VOTES):
        more = {k: loss([*votes, k]) for k in range(len(heard)) if allowed([*votes, k])}
        best = min(more, key=lambda k: more[k])
        if not more[best] < lowest - LEAST:
            break
        votes, lowest = [*votes, best], more[best]
    taken = [k for k in dict.fromkeys(votes) if lines[k][1] > 0]
    if len(taken) < 2:
        return heard[votes[0]]
    weights = tuple(votes.count(k) * lines[k][1] for k in taken)
    logits = np.average([means[k] for k in taken], axis=0, weights=weights)
    params = Params.mean_of(tuple(heard[k].params for k in taken), weights)
    return Confirmed(heard[votes[0]].trial, params, logits, setup.score(logits))


def held_out(X: np.ndarray, setup: TrialSetup, params: Params, workers: "Workers", *, repeats: int) -> np.ndarray:
    """Train a network at its balance, with fresh seeds, and score rows where held out: (scored rows, repeats)."""
    seed = setup.seed + 1
    design = setup.cross_validation([params.most], repeats=repeats, seed=seed)
    stack = workers.fit(X, design, setup.recipe(params), seed=seed)
    return design.out_of_fold(stack.logits(X, design.held_out))[:, 0]
