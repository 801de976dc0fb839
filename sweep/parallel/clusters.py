"""Workers of a Dask or a Ray cluster. Its address comes from their own usual settings; with none, they start here."""

import logging
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from sweep.errors import InputError

STARTS_IN = 30  # seconds within which a cluster must answer
PACKAGES = {"dask": ("dask", "distributed"), "ray": ("ray",)}  # of a backend that is an extra


class Dask:
    """A Dask cluster: of DASK_SCHEDULER_ADDRESS (or Dask's configuration), or so many processes here.

    A worker that dies costs what it was doing; Dask itself does that again elsewhere, or when a worker is back.
    """

    def __init__(self, count: int) -> None:
        try:
            import dask
            from distributed import Client
        except ImportError:
            raise _missing("dask") from None
        for name in ("distributed", "distributed.client"):  # what it says of lost peers: the run says it in its words
            logging.getLogger(name).setLevel(logging.CRITICAL)
        address = dask.config.get("scheduler-address", None)
        self.elsewhere = bool(address)
        try:
            if address:
                self.client = Client(address, timeout=STARTS_IN, set_as_default=False)
            else:
                self.client = Client(
                    n_workers=count, threads_per_worker=1, dashboard_address=None, set_as_default=False
                )
        except Exception as error:  # whatever its transport raises
            raise _unreachable("Dask scheduler", address, error) from None
        self.executor = self.client.get_executor(pure=False)
        self.shared: list[tuple[Any, Any]] = []

    def share(self, value: Any) -> Any:
        """Send a value to each worker, once."""
        for known, there in self.shared:
            if known is value and there.status == "finished":
                return there
        self.client.wait_for_workers(1, timeout=STARTS_IN)
        self.shared.append((value, self.client.scatter([value], broadcast=True, hash=False)[0]))
        return self.shared[-1][1]

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function on some worker."""
        future: Future[Any] = self.executor.submit(function, *arguments)
        return future

    def abandon(self) -> None:
        """Give up what is not done."""
        self.client.cancel([*self.client.futures.values()])

    def stop(self) -> None:
        """Leave the cluster."""
        self.executor.shutdown(wait=False)
        self.client.close(timeout=2)


@dataclass(frozen=True)
class Put:
    """A value in a Ray cluster's store, of which a machine keeps one copy."""

    reference: Any

    def get(self) -> Any:
        """Give the value, its arrays read-only."""
        import ray

        return ray.get(self.reference)


class Ray:
    """A Ray cluster: of RAY_ADDRESS, or so many processes here.

    A worker that dies costs what it was doing; Ray itself does that again.
    """

    def __init__(self, count: int) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        os.environ.setdefault("RAY_DISABLE_FAILURE_SIGNAL_HANDLER", "1")  # signals are the run's to handle
        try:
            import ray
        except ImportError:
            raise _missing("ray") from None
        self.ray = ray
        address = os.environ.get("RAY_ADDRESS")
        self.elsewhere = bool(address)
        here: dict[str, Any] = {} if address else {"num_cpus": count, "include_dashboard": False}
        handler = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(address=address or "local", log_to_driver=False, logging_level=logging.CRITICAL, **here)
        except Exception as error:  # whatever its transport raises
            raise _unreachable("Ray cluster", address, error) from None
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)  # Ray took it
        self.remote = ray.remote(num_cpus=1)(_run)
        self.running: list[Any] = []
        self.shared: list[tuple[Any, Put]] = []

    def share(self, value: Any) -> Put:
        """Put a value into the cluster's store, once."""
        for known, there in self.shared:
            if known is value:
                return there
        self.shared.append((value, Put(self.ray.put(value))))
        return self.shared[-1][1]

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Run a function on some worker."""
        reference = self.remote.remote(function, arguments)
        future: Future[Any] = reference.future()
        self.running = [(r, f) for r, f in self.running if not f.done()] + [(reference, future)]
        return future

    def abandon(self) -> None:
        """Give up what is not done."""
        for reference, future in self.running:
            if not future.done():
                self.ray.cancel(reference, force=True)
        self.running = []

    def stop(self) -> None:
        """Leave the cluster."""
        self.ray.shutdown()


def _run(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return function(*arguments)


def check_backend(name: str) -> None:
    """Check that a backend's package is installed, without loading it.

    Raises
    ------
    InputError
        If not; the message says what to install.

    Examples
    --------
    >>> check_backend("loky")
    """
    if any(find_spec(package) is None for package in PACKAGES.get(name, ())):
        raise _missing(name)


def _missing(extra: str) -> InputError:
    return InputError(
        f"--backend {extra} must have its package; it is not installed. Run: pip install 'balance-sweep[{extra}]'"
    )


def _unreachable(what: str, address: str | None, error: Exception) -> InputError:
    reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
    at = f" at {address}" if address else ""
    return InputError(f"The {what}{at} must be there and answer; got: {reason}. Start it, or correct its address.")
