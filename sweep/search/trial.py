"""One trial, a pure function: settings and the table in, scores and out-of-fold logits out. It touches no storage."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from sweep.search.setup import TrialSetup
from sweep.stack.design import Design
from sweep.stack.network import Stack
from sweep.stack.training import fit
from sweep.statistics.bootstrap import average_precisions
from sweep.statistics.confusion import average_precision
from sweep.study.outcome import Outcome
from sweep.study.params import Params
from sweep.validation import NEVER

DIVERGED = -100.0  # the logit of a row by a network that diverged: it predicts no positive
REPEATS = 1  # of a trial: another seed moves it by a tenth of what networks and balances differ by
REPORTS = (0.15, 0.3, 0.5)  # shares of the epochs at which a trial's ranking is held against those before it


class _OutOfTime(Exception):  # noqa: N818  not an error: the search ends
    pass


def evaluate(
    X: np.ndarray,
    setup: TrialSetup,
    params: Params,
    floors: Mapping[int, float],
    seconds: float | None,
    clock: Callable[[], float] = time.monotonic,
) -> Outcome | None:
    """Train one network at one balance, a column per fold, as one stack, and score it out-of-fold.

    The other repeats are trained of what is judged and delivered: networks that are run again, the balance curve.

    Parameters
    ----------
    X : array, shape (rows, features)
    setup : TrialSetup
    params : Params
    floors : mapping from epoch to average precision
        A trial that has reached an epoch with one below its floor ends there. No threshold enters into it: a trial is
        not pruned for its balance, which is picked later, but for how well its network ranks the rows trained on.
    seconds : float or None
        How long it may take.
    clock : callable
        Gives the time, in seconds.

    Returns
    -------
    Outcome, or None if the time was over before its last epoch
    """
    started = clock()
    design = setup.cross_validation([params.most], repeats=REPEATS)
    report_at = {max(1, round(share * setup.epochs)) for share in REPORTS} - {setup.epochs}
    reports: list[tuple[int, float]] = []
    rows, alone = design.trained(X), design.alone
    labels = design.trained(setup.y)[alone.fold_of_row != NEVER]
    stands_for = np.where(labels == 1, 1.0, np.sum(setup.scored.y != 1) / np.sum(labels != 1))

    def below_floor(epoch: int, snapshot: Callable[[], Stack]) -> bool:
        mean = _out_of_fold(alone, snapshot(), rows).mean(axis=1)
        reports.append((epoch, float(average_precisions(labels, mean, stands_for[None])[0])))
        return reports[-1][1] < floors.get(epoch, -np.inf)

    def check_time() -> None:
        if seconds is not None and clock() - started > seconds:
            raise _OutOfTime

    try:
        stack = fit(
            rows,
            design.Y,
            design.W,
            setup.recipe(params),
            seed=setup.seed,
            init_seed=design.init_seed,
            watch=below_floor,
            watched=report_at,
            on_step=check_time,
        )
    except _OutOfTime:
        return None
    pruned = bool(reports) and reports[-1][1] < floors.get(reports[-1][0], -np.inf)
    logits = _out_of_fold(design, stack, X)
    counts = setup.counts(logits)
    return Outcome(
        logits=logits,
        counts=counts,
        score=setup.score(logits),
        average_precision=average_precision(setup.scored.y, logits.mean(axis=1)),
        reports=tuple(reports),
        epochs=reports[-1][0] if pruned else setup.epochs,
        pruned=pruned,
        seconds=clock() - started,
    )


def _out_of_fold(design: Design, stack: Stack, X: np.ndarray) -> np.ndarray:
    logits = design.out_of_fold(stack.logits(X, design.held_out))[:, 0]
    return np.where(np.isfinite(logits), logits, np.float32(DIVERGED))
