"""Faults in each phase of a run, in processes of their own: nothing finished is lost, and the same command goes on."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sweep.study.study import FINISHED, Study
from sweep.study_folder import StudyFolder
from tests.conftest import made_table
from tests.servers import Run, running, wait_until

TRIALS = 6
STOPPED = "sweep: stopped; what is finished is kept. Run the same command to resume."


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "made.csv"
    made_table(300, 60).write_csv(path)
    return path


def trials(root: Path) -> list[dict[str, float]]:
    """The parameters of the finished trials."""
    return [t.params for t in Study.reopen(StudyFolder(root, "made")).trials(*FINISHED)]


def gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_after_a_full_disk_and_kills_in_every_phase_the_same_command_goes_on_to_exactly_the_total(
    table: Path, tmp_path: Path
) -> None:
    """Finished trials would be lost or repeated, half a file left, or the run end in another result."""
    with running(table, tmp_path / "a", "--trials", TRIALS) as run:
        run.until("search: 1 of")
        resource.prlimit(run.process.pid, resource.RLIMIT_FSIZE, (1000, 1000))  # bytes a file may have: as a full disk
        assert run.end() == 1
    assert run.said[-1].endswith("make room: what is finished is kept; run the same command to resume."), run.said
    assert not [line for line in run.said if "Traceback" in line]
    kept = trials(tmp_path / "a")
    for phase in ("search: 2 of", "curve: 0 of", "final: 0 of", "final: 1 of"):
        with running(table, tmp_path / "a", "--trials", TRIALS) as run:
            run.until(phase)
            run.process.kill()
            run.process.wait()
        now = trials(tmp_path / "a")
        assert now[: len(kept)] == kept, f"killed in {phase!r}: finished trials changed"
        assert len(now) >= 2
        kept = now
        result = tmp_path / "a/studies/made/result.json"
        assert not result.exists() or json.loads(result.read_text())
    with running(table, tmp_path / "a", "--trials", TRIALS) as run:
        assert run.end() == 0
    with running(table, tmp_path / "b", "--trials", TRIALS) as run:
        assert run.end() == 0
    assert trials(tmp_path / "a") == trials(tmp_path / "b")
    killed, whole = (json.loads((tmp_path / root / "studies/made/result.json").read_text()) for root in "ab")
    assert killed["trials"]["complete"] + killed["trials"]["pruned"] == TRIALS
    for result in (killed, whole):
        for changed in ("seconds", "trials"):
            del result[changed]
        del result["selected"]["trial"]  # failed ones take a number
    assert killed == whole
    assert not list(tmp_path.rglob("*.part*"))


def test_killed_workers_cost_their_own_trials_and_killed_parents_leave_no_workers(table: Path, tmp_path: Path) -> None:
    """A worker out of memory would cost other trials, or workers would go on after their parent."""
    with running(table, tmp_path / "a", "--trials", TRIALS, "--workers", 2) as run:
        run.until("search: 1 of")
        victim, other = run.workers()
        os.kill(victim, signal.SIGKILL)
        run.until("search: 4 of")
        run.process.kill()
        wait_until(lambda: gone(other), 10)
    with running(table, tmp_path / "a", "--trials", TRIALS, "--workers", 2) as run:
        assert run.end() == 0
    done = trials(tmp_path / "a")
    assert len(done) == len({p["most"] for p in done}) == TRIALS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_its_workers_within_seconds_in_one_line(
    tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C would wait for an epoch of minutes, leave workers, or fill the terminal."""
    made_table(60_000, 6_000).write_csv(tmp_path / "made.csv")
    one, root = number == signal.SIGTERM, tmp_path / "root"
    long = ("--epochs", 2, "--depth", 3, 3, "--width", 512, 512)
    with running(tmp_path / "made.csv", root, *long, "--workers", 1 if one else 2) as run:
        run.until("search: 0 of")
        wait_until(lambda: one or len(run.workers()) == 2)
        time.sleep(3)  # in the middle of an epoch, or of loading TensorFlow
        workers, began = run.workers(), time.monotonic()
        os.killpg(run.process.pid, number)  # as a terminal does
        assert run.end() == 1
        assert time.monotonic() - began < 5
        wait_until(lambda: all(gone(pid) for pid in workers), 2)
    assert run.said[-1] == STOPPED
    assert run.said[-2].startswith("search: 0 of"), "there is more than one line"


def test_a_folder_that_cannot_be_written_to_is_one_message(table: Path, tmp_path: Path) -> None:
    """A user would see a traceback after the table was read."""
    (tmp_path / "file").write_text("")
    for root, named in ((tmp_path / "file", re.escape(str(tmp_path / "file"))), (Path("/proc/self"), r"/proc/\d+")):
        with running(table, root, "--trials", 1) as run:
            assert run.end() == 2
        assert re.match(f"sweep: {named} must be a folder to write in; got: ", run.said[-1])


def test_show_says_how_far_a_run_is_while_it_goes_on(table: Path, tmp_path: Path) -> None:
    """A long run would be a closed box, or looking at it would disturb it; a second one would disturb the first."""
    with running(table, tmp_path, "--trials", 500) as run:
        run.until("search: 2 of")
        command = [sys.executable, "-m", "sweep", "show", "made", "--root", str(tmp_path)]
        shown = subprocess.run(command, capture_output=True, text=True, check=True)
        assert re.fullmatch(r"made: not finished; \S+ \S+  search: \d+ of 500 .*best so far.*\n", shown.stdout)
        second = Run(table, tmp_path, "--trials", 500)
        assert second.end() == 1
        assert f"process {run.process.pid} is running it" in second.said[-1]
        assert run.process.poll() is None
