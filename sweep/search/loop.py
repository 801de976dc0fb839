"""The search: one parent asks the study, sends trials out, and tells what comes back."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np

from sweep.errors import RunError
from sweep.parallel.workers import ATTEMPTS, Call, Failed, Workers
from sweep.progress import Progress
from sweep.search.setup import TrialSetup
from sweep.search.trial import evaluate
from sweep.study.outcome import Outcome
from sweep.study.params import Params
from sweep.study.study import FINISHED, Study, best

OnTold = Callable[[int, Params, Outcome], None]


def search(
    study: Study,
    X: np.ndarray,
    setup: TrialSetup,
    *,
    trials: int,
    timeout: float | None,
    workers: Workers,
    progress: Progress,
    on_told: OnTold,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run trials until so many are complete or pruned in all, or the time is over and at least one is complete.

    A trial whose worker died, or that failed, is counted as failed and tried again with the same parameters. One that
    is running when the time is over is stopped, for a later run to try again; only while none is complete is
    it let to its end.

    Parameters
    ----------
    study : Study
    X : array, shape (rows, features)
    setup : TrialSetup
    trials : int
        Complete plus pruned, those of earlier runs included.
    timeout : float or None
        Seconds from now.
    workers : Workers
    progress : Progress
    on_told : callable
        Called with number, parameters and outcome of each trial that came back, once it is told.
    clock : callable
        Gives the time, in seconds.

    Raises
    ------
    RunError
        If a trial fails again and again.
    """
    ends = clock() + timeout if timeout is not None else float("inf")
    failures: Counter[Params] = Counter()

    def over() -> bool:
        return clock() >= ends and bool(study.trials(FINISHED[0]))

    def calls() -> Iterator[Call]:
        while study.finished + len(study.running) < trials and not over():
            number, params = study.ask()
            left = ends - clock() if timeout is not None and study.trials(FINISHED[0]) else None
            yield (number, params), evaluate, (params, study.floors(), left)

    progress.phase("search", trials, min(trials, study.finished))
    while study.finished < trials and not over():
        with closing(workers.stream(calls(), shared=X, beside=(setup,))) as stream:
            for (number, params), outcome in stream:
                if isinstance(outcome, Failed):
                    study.fail(number)
                    failures[params] += 1
                    if failures[params] == ATTEMPTS:
                        raise RunError(
                            f"Trial {number} failed {ATTEMPTS} times, the last with {outcome}. What is finished is "
                            "kept; run the same command to resume."
                        )
                    progress.note(f"trial {number} did not come back ({outcome}); trying it again")
                elif outcome is not None:
                    study.tell(number, outcome)
                    on_told(number, params, outcome)
                    progress.step(_best_so_far(study, number))
                if over():
                    break
        if study.running:
            study.stop_running()
    if over() and study.finished < trials:
        progress.note(f"the time is over, with {study.finished} of {trials} trials; run the same command to resume")


def _best_so_far(study: Study, told: int) -> str:
    """Describe the best complete trial where it is the one told last; else say since when none was better."""
    complete = study.trials(FINISHED[0])
    if not complete:
        return ""
    top = best(complete)
    if top.number != told:
        return f"best so far {top.value:.3f}, none better since trial {top.number}"
    rates = [f"{name} {'-' if (value := top.user_attrs[name]) is None else f'{value:.2f}'}" for name in ("P1", "R1")]
    return f"best so far {top.value:.3f} ({', '.join(rates)}; trial {top.number})"
