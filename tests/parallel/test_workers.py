"""Workers on this machine: what they are given, what a failure or a death costs, and how they end."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cloudpickle
import numpy as np
import pytest
from cloudpickle import register_pickle_by_value
from loky.backend import resource_tracker

from sweep.errors import InputError, NotThereError, RunError
from sweep.parallel.clusters import Ray
from sweep.parallel.processes import Processes, Worker
from sweep.parallel.workers import Failed, Workers
from sweep.stack.design import cross_validation
from sweep.stack.recipe import Recipe
from tests.servers import wait_until

register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test
X = np.arange(12.0).reshape(4, 3)


@pytest.fixture(scope="module")
def two() -> Iterator[Workers]:
    """Two processes, shared by the tests: each loads TensorFlow once."""
    with Workers(2) as workers:
        yield workers


def look(X: np.ndarray, number: int) -> tuple[int, int, str, bool, str | None]:
    """What a call sees of its worker."""
    time.sleep(0.2)
    return number, os.getpid(), type(X).__name__, X.flags.writeable, os.environ.get("OMP_NUM_THREADS")


def look_at(X: object) -> tuple[str, int]:
    """What a call gets."""
    time.sleep(0.2)
    return type(X).__name__, os.getpid()


def is_safe(X: np.ndarray) -> bool:
    return sys.flags.safe_path


def die(X: np.ndarray) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(X: np.ndarray) -> None:
    raise ValueError("on purpose\nwith a second line")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_calls_run_on_both_processes_with_the_table_mapped_and_the_cores_shared(two: Workers) -> None:
    """The table would be sent with every trial, or two workers would each take all cores."""
    results = dict(two.stream([(k, look, (k,)) for k in range(6)], shared=X))
    assert {key: result[0] for key, result in results.items()} == {k: k for k in range(6)}
    pids = {result[1] for result in results.values()}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert {result[2:4] for result in results.values()} == {("memmap", False)}
    assert {result[4] for result in results.values()} == {str(max(1, (os.cpu_count() or 1) // 2))}


def number(X: np.ndarray, setup: list[np.ndarray], number: int) -> tuple[int, int, int]:
    """What a call gets, and which object it is on its worker."""
    time.sleep(0.1)
    return number, len(setup[0]), id(setup)


def test_what_all_calls_share_is_sent_once_to_each_worker(two: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, each trial of ten million rows would send a third of a GiB of labels, folds and groups."""
    setup, sent = [np.arange(100_000)], list[int]()
    submit = Processes.submit

    def counted(self: Processes, *call: Any) -> Any:
        sent.append(len(cloudpickle.dumps(call)))
        return submit(self, *call)

    monkeypatch.setattr(Processes, "submit", counted)
    results = dict(two.stream([(k, number, (k,)) for k in range(6)], shared=X, beside=(setup,)))
    assert [results[k][:2] for k in range(6)] == [(k, 100_000) for k in range(6)]
    assert len({result[2] for result in results.values()}) <= 2, "it was read for each call"
    assert max(sent) < 10_000
    assert dict(Workers().stream([(0, number, (0,))], shared=X, beside=(setup,)))[0][:2] == (0, 100_000)


@dataclass(frozen=True)
class Lying:
    """What lies where some workers find it: all but those whose number is in a file."""

    value: int
    without: Path

    def get(self) -> int:
        if self.without.exists() and str(os.getpid()) in self.without.read_text().split():
            raise NotThereError("it is not here")
        return self.value


def test_what_workers_find_themselves_is_not_sent_but_where_one_does_not_find_it(two: Workers, tmp_path: Path) -> None:
    """If it failed, a table of 100 GB would go over the network, or a run end where one machine lacks the disk."""
    lying = Lying(7, tmp_path / "without")
    calls: list[Any] = [(k, look_at, ()) for k in range(6)]
    assert two.look_there(X, lying) is None
    assert {result[0] for _, result in two.stream(calls, shared=X)} == {"int"}
    pids = {result[1] for _, result in two.stream(calls, shared=X)}
    lying.without.write_text(str(min(pids)))
    results = [result for _, result in two.stream(calls, shared=X)]
    lost = [result for result in results if isinstance(result, Failed)]
    assert {str(result) for result in lost} == {"NotThereError: it is not here"}
    assert {result[0] for result in results[-1:]} == {"memmap"}
    assert {result[0] for _, result in two.stream(calls, shared=X)} == {"memmap"}
    lying.without.write_text(" ".join(map(str, pids)))
    assert str(two.look_there(X, lying)) == "NotThereError: it is not here"
    assert {result[0] for _, result in two.stream(calls, shared=X)} == {"memmap"}


def test_a_cluster_is_sent_what_all_calls_share_once() -> None:
    """If it failed, a Ray cluster's store would fill with copies of the table, one for each training."""
    ray: Any = Ray.__new__(Ray)
    put: list[object] = []
    ray.shared, ray.ray = [], SimpleNamespace(put=put.append)
    assert ray.share(X) is ray.share(X)
    ray.share([X])
    assert len(put) == 2


def test_a_call_is_taken_only_when_a_worker_is_free_and_all_results_are_told(two: Workers) -> None:
    """Trials would be proposed in advance, blind to what came back, and lost in numbers when a run is killed."""
    told: list[int] = []
    ahead: list[int] = []

    def calls() -> Iterator[tuple[int, Callable[..., object], tuple[int]]]:
        for k in range(6):
            ahead.append(k - len(told))
            yield k, look, (k,)

    for key, _ in two.stream(calls(), shared=X):
        told.append(key)
    assert sorted(told) == list(range(6))
    assert ahead == [0, 1, 1, 1, 1, 1]


def test_a_failure_or_a_death_costs_its_own_call_only(two: Workers) -> None:
    """One worker out of memory would cost all that is under way."""
    calls: list[tuple[Any, Callable[..., object], tuple[int, ...]]] = [
        ("dies", die, ()),
        ("fails", fail, ()),
        *((k, look, (k,)) for k in range(4)),
    ]
    results = dict(two.stream(calls, shared=X))
    assert isinstance(results["dies"], Failed)
    assert "TerminatedWorkerError" in str(results["dies"])
    assert str(results["fails"]) == "ValueError: on purpose"
    assert [results[k][0] for k in range(4)] == [0, 1, 2, 3]


def test_a_process_that_dies_while_idle_is_replaced(two: Workers) -> None:
    """A worker killed between two trials would end the run."""
    pids = {result[1] for _, result in two.stream([(k, look, (k,)) for k in range(2)], shared=X)}
    victim = pids.pop()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in {child.pid for child in multiprocessing.active_children()})
    results = dict(two.stream([(k, look, (k,)) for k in range(4)], shared=X))
    assert [results[k][0] for k in range(4)] == [0, 1, 2, 3]
    assert victim not in {result[1] for result in results.values()}


def test_columns_trained_on_workers_are_those_trained_here(two: Workers) -> None:
    """The balances would depend on how many workers there were."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3 == 0
    table = rng.normal(size=(60, 3)) + y[:, None]
    design = cross_validation(y.astype(int), np.arange(60) % 3, most=[0.5, 0.6], repeats=1, seed=0)
    recipe = Recipe(depth=1, width=4, epochs=2, batch_size=20)
    stacks = [workers.fit(table, design, recipe, seed=0) for workers in (Workers(), two)]
    here, there = (stack.logits(table) for stack in stacks)
    np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-6)


def test_training_that_always_fails_ends_the_run() -> None:
    """A run would try for ever."""
    design = cross_validation(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1]), most=[0.5], repeats=1, seed=0)
    with pytest.raises(RunError, match="failed 3 times, the last with"):
        Workers().fit(np.zeros((3, 2)), design, Recipe(depth=1, width=2, epochs=1), seed=0)


def test_what_is_running_is_given_up_when_the_caller_stops_and_all_end_at_the_end() -> None:
    """If it failed, a time limit would wait for the trials under way, or processes would stay after the run."""
    processes = Processes(1)
    future = processes.submit(time.sleep, 600)
    worker = processes.workers[0]
    assert worker is not None
    wait_until(lambda: worker.pid is not None)
    pid = worker.pid
    assert pid is not None
    folder = processes.folder.path
    processes.share(X)
    processes.abandon()
    wait_until(lambda: gone(pid) and future.done())
    processes.stop()
    assert not os.path.exists(folder)


def test_a_number_that_is_no_child_of_ours_is_not_killed(tmp_path: Path) -> None:
    """If it failed, a worker that died and whose number another program got would cost that program its life."""
    (tmp_path / "pid").write_text(str(os.getppid()))
    assert Worker(None, tmp_path / "pid").pid is None


def test_nothing_of_the_current_folder_is_taken_for_a_module(two: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a file numpy.py or queue.py beside the user's table would be run by every worker."""
    assert dict(two.stream([("safe", is_safe, ())], shared=X)) == {"safe": True}
    seen: list[str | None] = []
    monkeypatch.setattr(resource_tracker, "ensure_running", lambda: seen.append(os.environ.get("PYTHONSAFEPATH")))
    before = dict(os.environ)
    Processes(1).stop()
    assert seen == ["1"]
    assert dict(os.environ) == before


def test_a_backend_without_its_package_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user would see an ImportError."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(InputError, match=r"pip install 'balance-sweep\[ray\]'"):
        Ray(1)
