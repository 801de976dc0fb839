"""Where work runs: in this process, on processes of this machine, or on a cluster, through one call.

Workers run pure functions and touch no storage. A call whose worker died, or that failed, costs itself only: it comes
back as `Failed`, and the caller sends it again.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np

from sweep.errors import NotThereError, RunError, SweepError
from sweep.parallel.clusters import Dask, Ray
from sweep.parallel.processes import Processes
from sweep.parallel.signals import AT_STOP
from sweep.stack.design import Design
from sweep.stack.network import Stack
from sweep.stack.recipe import Committee, Recipe
from sweep.stack.training import fit

ATTEMPTS = 3  # of a call, before the run gives up
ENTRIES = 2**26  # of the weight matrix, at most, in one part of a design
BACKENDS: dict[str, Callable[[int], "Backend"]] = {"loky": Processes, "dask": Dask, "ray": Ray}

Key = Any
Call = tuple[Key, Callable[..., Any], tuple[Any, ...]]


class Backend(Protocol):
    """What a backend can do.

    Attributes
    ----------
    elsewhere : bool
        Whether its workers may run on other machines.
    """

    elsewhere: bool

    def share(self, value: Any) -> Any:
        """Bring an array, or what can be pickled, to each worker once; what is returned stands for it in a call."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function on a free worker."""

    def abandon(self) -> None:
        """Give up what is not done."""

    def stop(self) -> None:
        """End, or leave, the workers."""


@runtime_checkable
class Handle(Protocol):
    """What stands for a value where a backend does not put the value itself in its place."""

    def get(self) -> Any:
        """Give the value, on a worker."""


@dataclass(frozen=True)
class Failed:
    """A call that did not come back."""

    error: BaseException

    def __str__(self) -> str:
        """Its error's kind and first line."""
        lines = str(self.error).strip().splitlines()
        return f"{type(self.error).__name__}: {lines[0][:200]}" if lines else type(self.error).__name__


class Workers:
    """So many workers of a backend; one of loky is this process itself.

    Parameters
    ----------
    count : int
        Calls at a time.
    backend : "loky", "dask" or "ray"
    """

    def __init__(self, count: int = 1, backend: str = "loky") -> None:
        self.count = count
        self.backend_name = backend
        self.there: tuple[Any, Handle] | None = None

    @cached_property
    def backend(self) -> Backend:
        """Started when first needed.

        Raises
        ------
        InputError
            If the backend's package is missing, or its cluster cannot be reached.
        """
        backend = BACKENDS[self.backend_name](self.count)
        AT_STOP.append(backend.stop)
        return backend

    def __enter__(self) -> "Workers":
        """Start the workers, or reach their cluster, now."""
        if not self.here:
            _ = self.backend
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        self.stop()

    @property
    def here(self) -> bool:
        """True if calls run in this process."""
        return self.count == 1 and self.backend_name == "loky"

    @property
    def elsewhere(self) -> bool:
        """Check whether calls may run on other machines."""
        return not self.here and self.backend.elsewhere

    def look_there(self, value: Any, handle: Handle) -> Failed | None:
        """Have workers get a value by a handle of its own, and not sent, as long as they can; or say why one cannot."""
        found = _attempt(self.backend.submit(_call, id, [handle], ()).result)
        if isinstance(found, Failed):
            return found
        self.there = value, handle
        return None

    def stream(
        self, calls: Iterable[Call], *, shared: np.ndarray, beside: Sequence[Any] = ()
    ) -> Generator[tuple[Key, Any], None, None]:
        """Run calls as workers come free, and give each result, or `Failed`, with its key as it comes.

        A call is taken from `calls` only when a worker is free for it and all results before have been given, so that
        it may look at them. What is still running when the caller stops is given up.

        Parameters
        ----------
        calls : iterable of (key, function, arguments)
        shared : array
            The first argument of every function; each worker gets it once.
        beside : sequence
            The arguments after it, of every function; each worker gets them once, too.
        """
        if self.here:
            for key, function, arguments in calls:
                yield key, _attempt(function, shared, *beside, *arguments)
            return
        calls, running = iter(calls), dict[Future[Any], Key]()
        handles = self._handles(shared, *beside)
        try:
            while True:
                while len(running) < self.count and (call := next(calls, None)) is not None:
                    key, function, arguments = call
                    running[self.backend.submit(_call, function, handles, arguments)] = key
                if not running:
                    return
                future = next(iter(wait(running, return_when=FIRST_COMPLETED).done))
                result = _attempt(future.result)
                if isinstance(result, Failed):
                    if isinstance(result.error, NotThereError):
                        self.there = None
                    handles = self._handles(shared, *beside)  # a dead worker's may be gone
                yield running.pop(future), result
        finally:
            if running:
                self.backend.abandon()

    def _handles(self, *values: Any) -> list[Any]:
        there = self.there
        return [there[1] if there and value is there[0] else self.backend.share(value) for value in values]

    def fit(self, X: np.ndarray, design: Design, recipe: Recipe | Committee, *, seed: int) -> Stack:
        """Train a design, its columns split over the workers; which part a column is in changes nothing.

        Raises
        ------
        RunError
            If a part fails again and again.
        """
        entries = design.columns * (len(X) if design.rows is None else len(design.rows))
        count = min(design.columns, max(self.count, -(-entries // ENTRIES)))
        parts = np.array_split(np.arange(design.columns), count)
        done: dict[int, Stack] = {}
        for attempt in range(1, ATTEMPTS + 1):
            calls = (
                (k, fit_part, (design.rows, *design.entries(p), recipe, seed, design.init_seed[p]))
                for k, p in enumerate(parts)
                if k not in done
            )
            for k, result in self.stream(calls, shared=X):
                if not isinstance(result, Failed):
                    done[k] = result
                elif attempt == ATTEMPTS:
                    raise RunError(
                        f"Training failed {ATTEMPTS} times, the last with {result}. Run the same command to resume."
                    )
        return Stack.join([done[k] for k in range(len(parts))])

    def stop(self) -> None:
        """End the processes of this machine now, or leave the cluster."""
        if "backend" in self.__dict__:
            AT_STOP.remove(self.backend.stop)
            self.backend.stop()
            del self.__dict__["backend"]


def fit_part(
    X: np.ndarray,
    rows: np.ndarray | None,
    Y: np.ndarray,
    W: np.ndarray,
    recipe: Recipe | Committee,
    seed: int,
    init_seed: np.ndarray,
) -> Stack:
    """Train some of a design's columns on the rows that it trains on."""
    return fit(X if rows is None else X[rows], Y, W, recipe, seed=seed, init_seed=init_seed)


def _call(function: Callable[..., Any], handles: Sequence[Any], arguments: tuple[Any, ...]) -> Any:
    """On a worker: each handle is what is shared, or knows where it is."""
    return function(*(one.get() if isinstance(one, Handle) else one for one in handles), *arguments)


def _attempt(function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments)
    except SweepError:
        raise
    except Exception as error:  # whatever a trial, a transport or a dead worker raises
        return Failed(error)
