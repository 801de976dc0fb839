"""TensorFlow and Keras, imported without their start-up log lines. The only home of the import, and of threads.

The lines that survive the log level are written to file descriptor 2 by native code, so that descriptor points to
the null device while the import runs, and only then. Nor is garbage looked for among what it makes: there is none, and
it would take a quarter of the time.

Networks this small gain nothing from threads inside one kernel; two threads cost twice the processor time of one.
So a kernel gets one thread, and `in_threads` runs several blocks of columns at a time. A process that imported
TensorFlow before, or sets TF_NUM_INTRAOP_THREADS, keeps its own setting.
"""

import gc
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, TypeVar

from sweep.stack.keras_backend import choose_tensorflow

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
choose_tensorflow()
if "tensorflow" not in sys.modules:
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")

sys.stderr.flush()
_stderr = os.dup(2)
_null = os.open(os.devnull, os.O_WRONLY)
os.dup2(_null, 2)
_collecting = gc.isenabled()
gc.disable()
try:
    import keras
    import tensorflow as tf
finally:
    if _collecting:
        gc.enable()
    os.dup2(_stderr, 2)
    os.close(_stderr)
    os.close(_null)

__all__ = ["in_threads", "keras", "limit_threads", "quiet_libraries", "tf", "traced_once"]

T = TypeVar("T")
_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads(threads: int) -> None:
    """Limit the threads that train and score in this process at a time."""
    global _threads
    _threads = threads


def traced_once(program: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the compiled program that `program(*key)` gives, a `tf.function` with a signature, by its key.

    It is traced when first asked for, in one thread.
    """
    kept = lru_cache(lambda *key: program(*key).get_concrete_function())
    lock = Lock()

    @wraps(program)
    def get(*key: Any) -> Any:
        with lock:
            return kept(*key)

    return get


@lru_cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Make the process's one pool: the allocator keeps memory for each thread that there ever was."""
    return ThreadPoolExecutor(threads, thread_name_prefix="stack")


def in_threads(function: Callable[..., T], *arguments: Iterable[Any]) -> list[T]:
    """Map as `map` does, in as many threads as there are cores; a single item runs in this thread.

    The first error is raised at once: no further item begins, and those under way are left to end by themselves.
    `function` does not call `in_threads` itself.
    """
    calls = list(zip(*arguments, strict=True))
    if len(calls) == 1 or _threads == 1:
        return [function(*call) for call in calls]
    futures = [_pool(_threads).submit(function, *call) for call in calls]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Keep the libraries' remarks on their own insides off standard error."""
    loggers = [logging.getLogger(name) for name in ("tensorflow", "absl", "tf2onnx", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
