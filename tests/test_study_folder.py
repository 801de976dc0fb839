"""A run's folder: whole-or-nothing writes, finding studies, damaged files."""

import errno
import fcntl
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sweep.errors import RunError, StudyError
from sweep.files import HOST, beside, open_itself, whole, write_text
from sweep.report.result import Result
from sweep.study_folder import StudyFolder, find, locked, names


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """A full disk would leave half a file under the right name."""
    path = tmp_path / "f.txt"
    write_text(path, "old")

    def fail() -> None:
        with whole(path) as part:
            part.write_text("ne")
            raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Files of an older export would stay among the new ones."""
    for content in ("a", "b"):
        with whole(tmp_path / "d") as part:
            part.mkdir()
            (part / content).write_text(content)
    assert [p.name for p in (tmp_path / "d").iterdir()] == ["b"]


def test_what_killed_processes_left_beside_a_file_is_deleted(tmp_path: Path) -> None:
    """If it failed, each `predict` or `export` that was killed would leave a hidden copy of its output for ever."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    path, others = (
        tmp_path / "o[1].csv",
        [".o[1].csv.part.csv", f".other.csv.{HOST}-{dead.pid}.part.csv", "o[1].csv.bak"],
    )
    for name in (*others, f".o[1].csv.{HOST}-{dead.pid}.part.csv", f".o[1].csv.{HOST}-{os.getppid()}.part.csv"):
        (tmp_path / name).touch()
    (tmp_path / f".o[1].csv.{HOST}-{dead.pid}.pieces.part.csv").mkdir()
    with beside(path, ".pieces") as pieces:
        pieces.mkdir()
    write_text(path, "whole")
    living = f".o[1].csv.{HOST}-{os.getppid()}.part.csv"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*others, living, path.name])


def test_a_study_is_removed_from_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, what fills the disk could not be removed because the disk is full."""
    record = StudyFolder(tmp_path, "n")
    for path in (record.study, record.log, record.artifacts / "a", record.folder / ".lock"):
        write_text(path, "")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))  # bytes a file may have: as a full disk
    try:
        record.remove()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not record.folder.exists()


def test_a_study_that_runs_is_not_removed(tmp_path: Path) -> None:
    """If it failed, a run would lose its files while it writes them."""
    record = StudyFolder(tmp_path, "n")
    write_text(record.study, "")
    with locked(record):
        with pytest.raises(RunError, match=f"process {os.getpid()} is running it"):
            record.remove()
        assert record.study.exists()


def test_unknown_studies_are_refused_with_those_that_are_there(tmp_path: Path) -> None:
    """A user who mistyped a name would not see which there are."""
    for name in ("one", "two", "data"):
        write_text(tmp_path / "studies" / name / "study.toml", "")
    assert names(tmp_path) == ["one", "two"]
    with pytest.raises(StudyError, match="one, two"):
        find(tmp_path, "three")


def test_a_damaged_result_is_one_message(tmp_path: Path) -> None:
    """A power cut would end in a traceback at the next `show`."""
    record = StudyFolder(tmp_path, "n")
    with pytest.raises(StudyError, match="finished"):
        Result.read(record)
    write_text(record.result, '{"name": "n"}')
    with pytest.raises(StudyError, match="damaged"):
        Result.read(record)


def test_a_second_run_on_a_study_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    """Two parents would ask and tell the same study."""
    record = StudyFolder(tmp_path, "n")
    with locked(record), pytest.raises(RunError, match="process"), locked(record):
        pass
    with locked(record):
        pass


@pytest.mark.parametrize("name", ["log.txt", ".lock", "artifacts", "study.db", "best"])
def test_a_link_in_a_study_is_refused_and_what_it_leads_to_is_left_alone(tmp_path: Path, name: str) -> None:
    """If it failed, running a study that was cloned would overwrite, or delete, files elsewhere."""
    record = StudyFolder(tmp_path, "n")
    record.folder.mkdir(parents=True)
    record.study.touch()
    outside = tmp_path / "outside"
    outside.write_text("mine")
    (record.folder / name).symlink_to(outside)
    with pytest.raises(StudyError, match=f"{name} must lie in .* itself; it is a symbolic link"), locked(record):
        pass
    assert outside.read_text() == "mine"
    with pytest.raises(OSError, match="symbolic"):
        open_itself(record.folder / name, "a")


@pytest.mark.parametrize("place", ["plots/n", "plots/n/balance-curve.png", "studies/n/artifacts/logits"])
def test_a_link_is_neither_drawn_over_nor_put_into_a_page_nor_served(tmp_path: Path, place: str) -> None:
    """If it failed, looking at a study that was cloned would overwrite files elsewhere, or show them to others."""
    from sweep.dashboard.server import serve
    from sweep.report.redraw import redraw, rewrite_report

    record = StudyFolder(tmp_path, "n")
    write_text(record.study, "")
    record.artifacts.mkdir()
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).symlink_to(tmp_path)
    readers = (redraw, rewrite_report) if place.startswith("plots") else (lambda r: serve(r, ready=print),)
    for reader in readers:
        with pytest.raises(StudyError, match="symbolic link"):
            reader(record)


def test_a_study_whose_folder_is_a_link_is_refused(tmp_path: Path) -> None:
    """If it failed, the run would write to wherever a cloned folder leads."""
    record = StudyFolder(tmp_path, "n")
    record.folder.parent.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    record.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StudyError, match="symbolic link"), locked(record):
        pass
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_removal_that_is_interrupted_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, what is left of a study would be no study any more, and could only be deleted by hand."""
    record = StudyFolder(tmp_path, "n")
    for path in (record.study, record.log, record.artifacts / "a", record.trial_plot(0)):
        write_text(path, "")
    really = shutil.rmtree

    def stops(path: Path) -> None:
        if path == record.folder:
            raise OSError("interrupted")
        really(path)

    monkeypatch.setattr(shutil, "rmtree", stops)
    with pytest.raises(RunError, match="interrupted"):
        record.remove()
    monkeypatch.setattr(shutil, "rmtree", really)
    assert [p.name for p in record.folder.iterdir()] == ["study.toml"]
    assert names(tmp_path) == ["n"]
    record.remove()
    assert not record.folder.exists()


def test_a_result_is_withdrawn_with_its_page(tmp_path: Path) -> None:
    """If it failed, an extended study that was stopped would show the old answer beside the new model."""
    record = StudyFolder(tmp_path, "n")
    record.withdraw_result()
    for path in (record.result, record.report):
        write_text(path, "old")
    record.withdraw_result()
    assert not record.result.exists()
    assert not record.report.exists()


def test_a_file_system_that_cannot_lock_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a user on a network disk would be told that a process without a number runs the study."""

    def cannot(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", cannot)
    with pytest.raises(RunError, match="can lock files; got: No locks available"), locked(StudyFolder(tmp_path, "n")):
        pass
