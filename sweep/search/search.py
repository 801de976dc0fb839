"""The search: one parent asks the study, sends trials out, and tells what comes back."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from sweep.errors import RunError, SweepError
from sweep.progress import Progress
from sweep.search.study import FINISHED, Study, best
from sweep.search.trial import Outcome, Params, Task, evaluate
from sweep.search.workers import Workers

PATIENCE = 5  # failures in a row, without one trial finished between them, that end a search

Show = Callable[[int, Params, Outcome], None]
Call = tuple[tuple[int, Params], Callable[..., Outcome], tuple[Any, ...]]


def search(
    study: Study,
    task: Task,
    *,
    trials: int,
    timeout: float | None,
    workers: Workers,
    progress: Progress,
    show: Show,
) -> None:
    """Go on until so many trials are complete or pruned in all, or the time is over and at least one is.

    A trial whose worker died, or that failed, is counted as failed and tried again with the same parameters.

    Parameters
    ----------
    study : Study
    task : Task
    trials : int
        Complete plus pruned, those of earlier runs included.
    timeout : float or None
        Seconds from now.
    workers : Workers
    progress : Progress
    show : callable
        Called with number, parameters and outcome of each trial that came back, before it is told.

    Raises
    ------
    RunError
        If trials fail again and again.
    """
    ends = time.monotonic() + timeout if timeout is not None else float("inf")
    failures = 0

    def totals() -> int:
        counted = study.totals()
        return counted["complete"] + counted["pruned"]

    def calls(left: int) -> Iterator[Call]:
        for _ in range(left):
            if time.monotonic() >= ends and study.totals()["complete"]:
                return
            number, params = study.ask()
            yield (number, params), evaluate, (task, params, study.floors())

    progress.phase("search", trials, min(trials, totals()))
    while (left := trials - totals()) > 0 and (time.monotonic() < ends or not study.totals()["complete"]):
        try:
            for (number, params), outcome in workers.stream(calls(left)):
                show(number, params, outcome)
                study.tell(number, task, outcome)
                progress.step(_standing(study))
                failures = 0
        except SweepError:
            raise
        except Exception as error:  # a worker died, or a trial failed: the trials that were out are tried again
            study.lose()
            failures += 1
            progress.note(f"a trial did not come back ({type(error).__name__}); trying it again")
            if failures >= PATIENCE:
                raise RunError(
                    f"{failures} trials in a row failed, the last with {type(error).__name__}: {error}. What is "
                    "finished is kept; the same command goes on."
                ) from error


def _standing(study: Study) -> str:
    complete = study.trials(FINISHED[0])
    if not complete:
        return ""
    top = best(complete)
    rates = [f"{name} {'-' if (value := top.user_attrs[name]) is None else f'{value:.2f}'}" for name in ("P1", "R1")]
    return f"best so far {top.value:.3f} ({', '.join(rates)}; trial {top.number})"
