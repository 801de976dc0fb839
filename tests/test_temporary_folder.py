"""A process's own temporary folder: all that is temporary lies in it, and nothing stays of it, however it ends."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sweep.files import try_lock
from sweep.temporary_folder import OWNED, OwnFolder, delete_leftovers

KILLED = """
import os, signal, tempfile
from sweep.temporary_folder import OwnFolder
OwnFolder().hold_all()
os.write(tempfile.mkstemp()[0], b"a whole table")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_folders_of_killed_processes_are_deleted_and_those_of_running_ones_are_not(tmp_path: Path) -> None:
    """If it failed, each run that was killed would leave its whole table on the disk, or lose it while it runs."""
    for name in ("sweep-dead", "sweep-alive", "sweep-others"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "0.npy").touch()
    (tmp_path / "sweep-dead" / OWNED).touch()
    (tmp_path / "sweep-link").symlink_to(tmp_path / "sweep-dead")
    with open(tmp_path / "sweep-alive" / OWNED, "w") as handle:
        assert try_lock(handle)
        delete_leftovers(tmp_path)
        left = sorted(path.name for path in tmp_path.iterdir() if not path.is_symlink())
        assert left == ["sweep-alive", "sweep-others"]


def test_what_a_killed_process_left_goes_at_the_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, unpacked tables, arrays and the files that TensorFlow writes would pile up; TMPDIR is respected."""
    done = subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert len(list(left.iterdir())) == 2
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own = OwnFolder()
    assert list(tmp_path.iterdir()) == [own.path]
    own.hold_all()
    assert Path(tempfile.mkdtemp()).parent == own.path
    own.delete()
    assert list(tmp_path.iterdir()) == []


def test_a_command_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    """If it failed, looking at a table would leave something behind each time."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "t.csv").write_text("x,y\n" + "".join(f"{i * i},{i % 3 // 2}\n" for i in range(30)))
    command = [sys.executable, "-m", "sweep", "check", str(tmp_path / "t.csv"), "--target", "y"]
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert list((tmp_path / "tmp").iterdir()) == []
