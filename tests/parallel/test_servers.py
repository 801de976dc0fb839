"""Real servers, killed and started again in the middle: a PostgreSQL database, a Dask cluster, a local Ray."""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import polars as pl
import pytest

from sweep.study.study import FINISHED, Study
from sweep.study_folder import StudyFolder
from tests.conftest import made_table
from tests.servers import PASSWORD, DaskCluster, Postgres, Run, running, wait_until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "made.csv"
    made_table(300, 60).write_csv(path)
    return path


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    folder = tmp_path_factory.mktemp("postgres")
    for parent in folder.parents[:3]:
        parent.chmod(0o755)  # an unprivileged user must get at it
    server = Postgres(folder)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[DaskCluster]:
    cluster = DaskCluster(tmp_path)
    try:
        yield cluster
    finally:
        cluster.stop()


def finished_well(run: Run, trials: int) -> None:
    """The run ended with exactly so many trials, none twice, and no file is half there."""
    assert run.end() == 0, run.said[-5:]
    assert not [line for line in run.said if "Traceback" in line or PASSWORD in line], "\n".join(run.said)
    study = Study.reopen(StudyFolder(run.root, "made"))
    done = study.trials(*FINISHED)
    assert len(done) == trials
    assert len({t.params["most"] for t in done}) == trials
    counted = json.loads((run.root / "studies/made/result.json").read_text())["trials"]
    assert counted == study.totals()
    assert not list(run.root.rglob("*.part*"))


def raylet(run: Run) -> int:
    """The process of which a run's Ray workers are children."""
    listed = ["pgrep", "-f", "raylet/raylet", "--parent", str(run.process.pid)]
    return int(subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()[0])


def test_a_study_in_postgresql_survives_its_server_and_is_run_once_at_a_time(
    postgres: Postgres, table: Path, tmp_path: Path
) -> None:
    """A server's restart would cost the run, two runs would mix in one study, or the folder's commands find nothing."""
    options = ("--trials", 40, "--storage", postgres.url)
    with running(table, tmp_path / "a", *options) as run:
        run.until("search: 2 of")
        with running(table, tmp_path / "b", *options) as second:
            assert second.end() == 1
        assert f"process {run.process.pid} on " in second.said[-1], "the message does not name who runs it"
        assert not (tmp_path / "b").exists()
        postgres.stop()
        run.until("the storage does not answer; waiting for it")
        time.sleep(5)
        postgres.start()
        finished_well(run, 40)
    assert "the storage answers again" in run.said
    storage = optuna.storages.RDBStorage(postgres.url)
    there = optuna.load_study(study_name="made", storage=storage).trials
    storage.remove_session()
    storage.engine.dispose()
    here = Study.reopen(StudyFolder(tmp_path / "a", "made"))
    assert [(t.number, t.state, t.params, t.values) for t in here.optuna.trials] == [
        (t.number, t.state, t.params, t.values) for t in there
    ]
    notes = here.system_attrs()
    for trial in here.finished_trials():
        trial_id = here.trial_id(trial.number)
        pictures = {key.rpartition(":")[2] for key in notes if key.startswith(f"dashboard:artifacts:{trial_id}:")}
        at = {f"(/artifacts/{here.study_id}/{trial_id}/{picture})" for picture in pictures}
        assert any(place in notes[f"dashboard:{trial_id}:note_str:0"] for place in at), (
            "the dashboard would show another trial's picture"
        )
    with running(table, tmp_path / "c", *options) as third:
        assert third.end() == 2
    assert str(tmp_path / "a") in third.said[-1], "the message does not say where the study's files are"


def test_a_wrong_password_is_one_message_that_does_not_show_it(postgres: Postgres, table: Path, tmp_path: Path) -> None:
    """A password would end in a log."""
    wrong = postgres.url.replace(PASSWORD, PASSWORD + "-not")
    with running(table, tmp_path / "a", "--trials", 4, "--storage", wrong) as run:
        assert run.end() == 2
    assert PASSWORD not in "".join(run.said)
    assert not (tmp_path / "a").exists()


def test_a_dask_cluster_may_lose_a_worker_and_its_scheduler(dask: DaskCluster, table: Path, tmp_path: Path) -> None:
    """A machine that goes down would cost the run, or trials of the total."""
    scheduler = dask.start_scheduler()
    first, _ = dask.start_worker(), dask.start_worker()
    options = ("--trials", 50, "--workers", 2, "--backend", "dask")
    with running(table, tmp_path / "a", *options, DASK_SCHEDULER_ADDRESS=dask.address) as run:
        run.until("search: 3 of")
        first.kill()
        run.until("search: 8 of")
        scheduler.kill()
        scheduler.wait()
        dask.start_scheduler()
        dask.start_worker()
        finished_well(run, 50)


def test_workers_of_a_cluster_read_a_parquet_table_themselves(dask: DaskCluster, table: Path, tmp_path: Path) -> None:
    """If it failed, a table on a disk that all machines share would be sent to each, or other rows be trained on."""
    shared = tmp_path / "made.parquet"
    pl.read_csv(table).write_parquet(shared)
    dask.start_scheduler()
    dask.start_worker()
    options = ("--trials", 4, "--backend", "dask")
    with running(shared, tmp_path / "a", *options, DASK_SCHEDULER_ADDRESS=dask.address) as run:
        run.until("workers read the table")
        finished_well(run, 4)
    with running(shared, tmp_path / "b", "--trials", 4) as here:
        finished_well(here, 4)
    of_workers, of_one = (StudyFolder(tmp_path / root, "made") for root in "ab")
    assert json.loads(of_workers.result.read_text())["balances"] == json.loads(of_one.result.read_text())["balances"]


def test_a_missing_scheduler_is_one_message(table: Path, tmp_path: Path) -> None:
    """A mistyped address would leave half a study."""
    options = ("--trials", 4, "--backend", "dask")
    with running(table, tmp_path / "a", *options, DASK_SCHEDULER_ADDRESS="tcp://127.0.0.1:9") as run:
        assert run.end() == 2
    assert "tcp://127.0.0.1:9" in run.said[-1]
    assert not (tmp_path / "a").exists()


def test_ray_may_lose_a_worker_and_ends_with_the_run(table: Path, tmp_path: Path) -> None:
    """A worker that dies would cost the run, or Ray's processes would stay after Ctrl-C."""
    options = ("--workers", 2, "--backend", "ray")
    with running(table, tmp_path / "a", "--trials", 40, *options) as run:
        run.until("search: 5 of")
        busy = ["pkill", "-KILL", "-f", "^ray::_run", "--parent", str(raylet(run))]
        wait_until(lambda: subprocess.run(busy, check=False).returncode == 0)
        finished_well(run, 40)
    shutil.rmtree(tmp_path / "a")
    with running(table, tmp_path / "a", "--trials", 40, *options) as run:
        run.until("search: 3 of")
        began = time.monotonic()
        run.process.terminate()
        assert run.end() == 1
        assert time.monotonic() - began < 5
    assert run.said[-1].startswith("sweep: stopped; what is finished is kept.")
