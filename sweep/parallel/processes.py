"""Workers on this machine: one loky process each, so that one that dies costs what it was doing and nothing else."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor
from joblib.externals.loky.backend import resource_tracker


@dataclass(frozen=True)
class Mapped:
    """An array in a file, which a worker maps once instead of receiving it with every call."""

    path: str

    def get(self) -> np.ndarray:
        """The array, read-only."""
        return _mapped(self.path)


class Processes:
    """So many processes, each with its share of the cores.

    A process begins at its first call. It ends when its parent is gone, even one that was killed.
    """

    def __init__(self, count: int) -> None:
        self.threads = max(1, (os.cpu_count() or 1) // count)
        self.slots: list[tuple[ProcessPoolExecutor, Future[Any]] | None] = [None] * count
        self.folder = tempfile.TemporaryDirectory(prefix="sweep-", ignore_cleanup_errors=True)
        self.shared: list[tuple[np.ndarray, Mapped]] = []
        self.ended = threading.Lock()
        _start_tracker()

    def share(self, X: np.ndarray) -> Mapped:
        """Write an array for the processes to map."""
        for known, handle in self.shared:
            if known is X:
                return handle
        path = Path(self.folder.name) / f"{len(self.shared)}.npy"
        np.save(path, X)
        self.shared.append((X, Mapped(str(path))))
        return self.shared[-1][1]

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function on a process that is free; there must be one."""
        with self.ended:
            k = next(k for k, slot in enumerate(self.slots) if slot is None or slot[1].done())
            slot = self.slots[k]
            executor = self._start() if slot is None else slot[0]
            try:
                future = _submit(executor, function, *arguments)
            except BrokenProcessPool:  # its process died
                executor = self._start()
                future = _submit(executor, function, *arguments)
            self.slots[k] = executor, future
            return future

    def abandon(self) -> None:
        """Kill the processes that are busy."""
        for k, slot in enumerate(self.slots):
            if slot is not None and not slot[1].done():
                _kill(slot[0])
                self.slots[k] = None

    def stop(self) -> None:
        """Kill all processes; from now on, `submit` waits for ever."""
        self.ended.acquire(timeout=1)
        for executor, _ in filter(None, self.slots):
            _kill(executor)
        self.folder.cleanup()

    def _start(self) -> ProcessPoolExecutor:
        limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(self.threads))
        return ProcessPoolExecutor(1, env=limits, initializer=_begin, initargs=(self.threads, os.getpid()))


def _start_tracker() -> None:
    """Start the process in which loky gives semaphores back; a run that is killed leaves it some, which is no news."""
    known = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if known is not None:
            os.environ["PYTHONWARNINGS"] = known


@lru_cache
def _mapped(path: str) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _submit(executor: ProcessPoolExecutor, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
    """A new process inherits the signals that are blocked now: Ctrl-C is the parent's."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        future: Future[Any] = executor.submit(function, *arguments)
        return future
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _kill(executor: ProcessPoolExecutor) -> None:
    for process in list(executor._processes.values()):
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    executor.shutdown(wait=False, kill_workers=True)


def _begin(threads: int, parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from sweep.stack.backend import limit_threads  # here: TensorFlow is loaded in the worker, not to start it

    limit_threads(threads)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
