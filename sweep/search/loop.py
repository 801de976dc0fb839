"""The search: one parent asks the study, sends trials out, and tells what comes back."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing

from sweep.errors import RunError
from sweep.parallel.workers import ATTEMPTS, Call, Failed, Workers
from sweep.progress import Progress
from sweep.search.task import Outcome, Params, Task
from sweep.search.trial import evaluate
from sweep.study.study import FINISHED, Study, best

Show = Callable[[int, Params, Outcome], None]


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
    """Go on until so many trials are complete or pruned in all, or the time is over and at least one is complete.

    A trial whose worker died, or that failed, is counted as failed and tried again with the same parameters. One that
    is out when the time is over is given up in the same way, for a later run to try; only while none is complete is
    it let to its end.

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
        If a trial fails again and again.
    """
    ends = time.monotonic() + timeout if timeout is not None else float("inf")
    failures: Counter[Params] = Counter()
    bare = task.without_table()

    def finished() -> int:
        return len(study.trials(*FINISHED))

    def over() -> bool:
        return time.monotonic() >= ends and bool(study.trials(FINISHED[0]))

    def calls() -> Iterator[Call]:
        while finished() + len(study.out) < trials and not over():
            number, params = study.ask()
            left = ends - time.monotonic() if timeout is not None and study.trials(FINISHED[0]) else None
            yield (number, params), evaluate, (bare, params, study.floors(), left)

    progress.phase("search", trials, min(trials, finished()))
    while finished() < trials and not over():
        with closing(workers.stream(calls(), shared=task.X)) as stream:
            for (number, params), outcome in stream:
                if isinstance(outcome, Failed):
                    study.lose(number)
                    failures[params] += 1
                    if failures[params] == ATTEMPTS:
                        raise RunError(
                            f"Trial {number} failed {ATTEMPTS} times, the last with {outcome}. What is finished is "
                            "kept; run the same command to resume."
                        )
                    progress.note(f"trial {number} did not come back ({outcome}); trying it again")
                elif outcome is not None:
                    show(number, params, outcome)
                    study.tell(number, task, outcome)
                    progress.step(_standing(study))
                if over():
                    break
        if study.out:
            study.lose()
    if over() and finished() < trials:
        progress.note(f"the time is over, with {finished()} of {trials} trials; run the same command to resume")


def _standing(study: Study) -> str:
    complete = study.trials(FINISHED[0])
    if not complete:
        return ""
    top = best(complete)
    rates = [f"{name} {'-' if (value := top.user_attrs[name]) is None else f'{value:.2f}'}" for name in ("P1", "R1")]
    return f"best so far {top.value:.3f} ({', '.join(rates)}; trial {top.number})"
