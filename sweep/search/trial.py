"""One trial, a pure function: settings and the table in, scores and out-of-fold logits out. It touches no storage."""

import time
from collections.abc import Callable, Mapping

import numpy as np

from sweep.search.task import Outcome, Params, Task
from sweep.stack.design import Design, cross_validation
from sweep.stack.network import Stack
from sweep.stack.training import fit

NOTHING = -100.0  # what a network that diverged says of a row: it calls nothing
REPORTS = (0.15, 0.3, 0.5)  # shares of the epochs at which a trial's score is held against those before it


class _OutOfTime(Exception):  # noqa: N818  not an error: the search ends
    pass


def evaluate(
    X: np.ndarray, task: Task, params: Params, floors: Mapping[int, float], seconds: float | None
) -> Outcome | None:
    """Train folds x repeats of one network at one balance as one stack, and score it out-of-fold.

    Parameters
    ----------
    X : array, shape (rows, features)
    task : Task
        Its own X is not looked at.
    params : Params
    floors : mapping from epoch to score
        A trial that has reached an epoch with a score below its floor ends there.
    seconds : float or None
        How long it may take.

    Returns
    -------
    Outcome, or None if the time was over before its last epoch
    """
    started = time.perf_counter()
    design = cross_validation(task.y, task.fold_of_row, most=[params.most], repeats=task.repeats, seed=task.seed)
    report_at = {max(1, round(share * task.epochs)) for share in REPORTS} - {task.epochs}
    reports: list[tuple[int, float]] = []
    held_out: list[np.ndarray] = []

    def watch(epoch: int, snapshot: Callable[[], Stack]) -> bool:
        if epoch not in report_at:
            return False
        held_out[:] = [_out_of_fold(design, snapshot(), X)]
        reports.append((epoch, task.score(held_out[0])))
        return reports[-1][1] < floors.get(epoch, -np.inf)

    def check_time() -> None:
        if seconds is not None and time.perf_counter() - started > seconds:
            raise _OutOfTime

    try:
        stack = fit(
            X,
            design.Y,
            design.W,
            task.recipe(params),
            seed=task.seed,
            init_seed=design.init_seed,
            watch=watch,
            on_step=check_time,
        )
    except _OutOfTime:
        return None
    pruned = bool(reports) and reports[-1][1] < floors.get(reports[-1][0], -np.inf)
    logits = held_out[0] if pruned else _out_of_fold(design, stack, X)
    epochs = reports[-1][0] if pruned else task.epochs
    return Outcome(logits, tuple(reports), epochs, pruned, time.perf_counter() - started)


def _out_of_fold(design: Design, stack: Stack, X: np.ndarray) -> np.ndarray:
    logits = design.out_of_fold(stack.logits(X, design.held_out))[:, 0]
    return np.where(np.isfinite(logits), logits, np.float32(NOTHING))
