"""Workers on this machine: one loky process each, so that one that dies costs what it was doing and nothing else."""

import itertools
import multiprocessing
import os
import pickle
import signal
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
from loky import BrokenProcessPool, ProcessPoolExecutor
from loky.backend import resource_tracker
from loky.backend.context import LokyContext

from sweep.temporary_folder import OwnFolder

SAFE_PATH = {"PYTHONSAFEPATH": "1"}  # of a child: no file of the current folder is taken for a module


@dataclass(frozen=True)
class Mapped:
    """An array in a file, which a worker maps once instead of receiving it with every call."""

    path: str

    def get(self) -> np.ndarray:
        """Map the array, read-only."""
        return _mapped(self.path)


@dataclass(frozen=True)
class Kept:
    """What a worker reads from a file once instead of receiving it with every call."""

    path: str

    def get(self) -> Any:
        """Read it."""
        return _kept(self.path)


@dataclass
class Worker:
    """One process: loky's executor of it, the file in which it says its number, and its last call."""

    executor: ProcessPoolExecutor
    pid_file: Path
    call: Future[Any] | None = None

    @property
    def pid(self) -> int | None:
        """Its number, None while it begins or where it is no child of this process any more."""
        with suppress(OSError, ValueError):
            pid = int(self.pid_file.read_text())
            return pid if pid in {child.pid for child in multiprocessing.active_children()} else None
        return None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function on it. A process that begins inherits the signals blocked now: Ctrl-C is the parent's."""
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.call = self.executor.submit(function, *arguments)
        finally:
            if hasattr(signal, "pthread_sigmask"):
                signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        return self.call

    def kill(self) -> None:
        """Kill it at once; one that has not begun ends with its executor."""
        if (pid := self.pid) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self.executor.shutdown(wait=False, kill_workers=True)


class Processes:
    """So many processes, each with its share of the cores.

    A process begins at its first call. It ends when its parent is gone, even one that was killed.
    """

    elsewhere = False

    def __init__(self, count: int) -> None:
        self.threads = max(1, (os.cpu_count() or 1) // count)
        self.workers: list[Worker | None] = [None] * count
        self.folder = OwnFolder()
        self.names = (f"worker-{k}" for k in itertools.count())
        self.shared: list[tuple[Any, Mapped | Kept]] = []
        self.ended = threading.Lock()
        _start_tracker()

    def share(self, value: Any) -> Mapped | Kept:
        """Write an array for the processes to map, unless it lies in a file, or what else they are to read once."""
        for known, handle in self.shared:
            if known is value:
                return handle
        is_array = isinstance(value, np.ndarray)
        path = self.folder.path / f"{len(self.shared)}.{'npy' if is_array else 'pickle'}"
        if not is_array:
            path.write_bytes(pickle.dumps(value))
        elif isinstance(value, np.memmap) and value.filename is not None and value.offset > 0:  # NumPy's header first
            value.flush()
            path = Path(value.filename)
        else:
            np.save(path, value)
        self.shared.append((value, (Mapped if is_array else Kept)(str(path))))
        return self.shared[-1][1]

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function on a process that is free; there must be one."""
        with self.ended:
            k = next(k for k, w in enumerate(self.workers) if w is None or w.call is None or w.call.done())
            worker = self.workers[k]
            if worker is None or worker.pid is None:  # it has not begun, or died since its last call
                worker = self.workers[k] = self._start()
            try:
                return worker.submit(function, *arguments)
            except BrokenProcessPool:  # it dies in this moment
                worker = self.workers[k] = self._start()
                return worker.submit(function, *arguments)

    def abandon(self) -> None:
        """Kill the processes that are busy."""
        for k, worker in enumerate(self.workers):
            if worker is not None and worker.call is not None and not worker.call.done():
                worker.kill()
                self.workers[k] = None

    def stop(self) -> None:
        """Kill all processes; from now on, `submit` waits for ever."""
        self.ended.acquire(timeout=1)
        for worker in filter(None, self.workers):
            worker.kill()
        self.folder.delete()

    def _start(self) -> Worker:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(self.threads))
        pid_file = self.folder.path / next(self.names)
        begin = {"initializer": _begin, "initargs": (self.threads, os.getpid(), str(pid_file))}
        settings = {
            **threads,
            **SAFE_PATH,
            "TMPDIR": str(self.folder.path),
        }  # what a killed process leaves goes with it
        context = LokyContext()  # by name, scikit-learn's own copy of loky may answer
        return Worker(ProcessPoolExecutor(1, context=context, env=settings, **begin), pid_file)


def _start_tracker() -> None:
    """Start the process in which loky gives semaphores back; a run that is killed leaves it some, which is no news."""
    settings = {"PYTHONWARNINGS": "ignore:resource_tracker", **SAFE_PATH}
    known = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        resource_tracker.ensure_running()
    finally:
        for name, value in known.items():
            del os.environ[name]
            if value is not None:
                os.environ[name] = value


@lru_cache
def _mapped(path: str) -> np.ndarray:
    array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


@lru_cache
def _kept(path: str) -> Any:
    return pickle.loads(Path(path).read_bytes())  # as this run wrote it, in a folder of its own


def _begin(threads: int, parent: int, pid_file: str) -> None:
    Path(pid_file).write_text(str(os.getpid()))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    from sweep.stack.backend import limit_threads  # here: TensorFlow is loaded in the worker, not to start it

    limit_threads(threads)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
