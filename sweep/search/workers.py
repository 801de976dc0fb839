"""Where work runs: in this process, on processes of this machine, or on a cluster, through one joblib call.

Workers run pure functions and touch no storage. A worker that dies costs what it was doing: the others' results are
kept, and the caller is told which calls did not come back.
"""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import joblib
import numpy as np
from joblib.externals.loky import get_reusable_executor

from sweep.stack.backend import limit_threads
from sweep.stack.network import Stack
from sweep.stack.recipe import Recipe
from sweep.stack.training import fit
from sweep.stack.weights import Design

T = TypeVar("T")
Key = Any


@dataclass(frozen=True)
class Workers:
    """So many workers of a joblib backend; one runs in this process."""

    count: int = 1
    backend: str = "loky"

    def stream(self, calls: Iterable[tuple[Key, Callable[..., T], tuple[Any, ...]]]) -> Iterator[tuple[Key, T]]:
        """Run calls as workers come free, and give each result with its key as it comes.

        `calls` is consumed one ahead of each free worker, so that it may look at what came back before.
        """
        if self.count == 1:
            for key, function, arguments in calls:
                yield key, function(*arguments)
            return
        threads = max(1, (os.cpu_count() or 1) // self.count) if self.backend == "loky" else None
        with joblib.parallel_config(backend=self.backend, n_jobs=self.count):
            yield from joblib.Parallel(return_as="generator_unordered", pre_dispatch="n_jobs", batch_size=1)(
                joblib.delayed(_call)(threads, key, function, arguments) for key, function, arguments in calls
            )

    def stop(self) -> None:
        """End the processes of this machine now; they would outlive a parent that is terminated."""
        if self.count > 1 and self.backend == "loky":
            executor = get_reusable_executor(max_workers=self.count, reuse=True)
            for process in list(getattr(executor, "_processes", {}).values()):
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            executor.shutdown(wait=False, kill_workers=True)

    def fit(self, X: np.ndarray, design: Design, recipe: Recipe, *, seed: int) -> Stack:
        """Train a design, its columns dealt to the workers in parts; which part a column is in changes nothing."""
        parts = np.array_split(np.arange(design.W.shape[1]), min(self.count, design.W.shape[1]))
        calls = [
            (k, fit_part, (X, design.Y[:, p], design.W[:, p], recipe, seed, design.init_seed[p]))
            for k, p in enumerate(parts)
        ]
        done = dict(self.stream(calls))
        return Stack.join([done[k] for k in range(len(parts))])


def fit_part(X: np.ndarray, Y: np.ndarray, W: np.ndarray, recipe: Recipe, seed: int, init_seed: np.ndarray) -> Stack:
    """Train some of a design's columns."""
    return fit(X, Y, W, recipe, seed=seed, init_seed=init_seed)


def _call(threads: int | None, key: Key, function: Callable[..., T], arguments: tuple[Any, ...]) -> tuple[Key, T]:
    if threads:
        limit_threads(threads)
    return key, function(*arguments)
