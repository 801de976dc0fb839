"""A run's folder: whole-or-nothing writes, finding studies, damaged files."""

from pathlib import Path

import pytest

from sweep.errors import RunError, StudyError
from sweep.files import whole, write_text
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
