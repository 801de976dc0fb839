"""A run's folder: where everything lies, whole-or-nothing writes, and result.json."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TextIO

from sweep.errors import RunError, StudyError
from sweep.naming import RESERVED, check_name


@dataclass(frozen=True)
class Record:
    """The places of one run under a root folder."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """All of the run but its pictures."""
        return self.root / "studies" / self.name

    @property
    def plots(self) -> Path:
        """The pictures."""
        return self.root / "plots" / self.name

    @property
    def study(self) -> Path:
        """Every setting, spelled out."""
        return self.folder / "study.toml"

    @property
    def database(self) -> Path:
        """The Optuna study."""
        return self.folder / "study.db"

    @property
    def artifacts(self) -> Path:
        """Out-of-fold logits and pictures of trials, under names that Optuna gives; and the final columns."""
        return self.folder / "artifacts"

    @property
    def selection(self) -> Path:
        """The logits that the balances were picked on."""
        return self.artifacts / "selection.npz"

    @property
    def rows(self) -> Path:
        """Some rows of the table, on which exports are compared."""
        return self.artifacts / "rows.parquet"

    @property
    def complete(self) -> bool:
        """Whether all that a finished run leaves is there."""
        left = (self.best / "model.keras", self.best / "class_weights.json", self.report, self.selection, self.rows)
        drawn = (self.plots / "precision-recall.png", self.plots / "balance-curve.png")
        return all(path.exists() for path in (self.result, *left, *drawn))

    @property
    def best(self) -> Path:
        """The model and the class weights."""
        return self.folder / "best"

    @property
    def result(self) -> Path:
        """What the run found; there once it is finished."""
        return self.folder / "result.json"

    @property
    def report(self) -> Path:
        """The page to read."""
        return self.folder / "report.html"

    @property
    def log(self) -> Path:
        """What was said while it ran."""
        return self.folder / "log.txt"

    def trial_plot(self, number: int) -> Path:
        """The picture of one trial."""
        return self.plots / f"trial-{number:04d}.png"

    def read_result(self) -> "Result":
        """Read what a finished run found.

        Raises
        ------
        StudyError
            If the run is not finished, or its result.json is damaged.
        """
        if not self.result.exists():
            raise StudyError(f"Study {self.name!r} must be finished for this; it is not yet. Run it again to go on.")
        try:
            return Result(**json.loads(self.result.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            raise StudyError(
                f"{self.result} must be a result of sweep; it is damaged. Delete it and run the study again: finished "
                "trials are kept."
            ) from None

    def remove(self, first: Callable[[], None] = lambda: None) -> None:
        """Delete the run and its pictures, once `first()` was done while nobody else can run it.

        Raises
        ------
        RunError
            If it is being run, or cannot be deleted.
        """
        with locked(self):
            first()
            for folder in (self.folder, self.plots):
                shutil.rmtree(folder)


@dataclass(frozen=True)
class Result:
    """What a run found; the document of result.json, key by key."""

    name: str
    version: str
    data: dict[str, Any]
    equal: str
    selected: dict[str, Any]
    balances: dict[str, dict[str, Any]]
    trials: dict[str, int]
    test: dict[str, Any] | None
    verdict: dict[str, Any] | None
    seconds: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """The document, in the order of its keys."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def to_json(self) -> str:
        """The document as text; undefined is null, never NaN."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)


def names(root: Path) -> list[str]:
    """Name the studies under a root, finished or not."""
    folder = root / "studies"
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.name not in RESERVED and (p / "study.toml").is_file())


def find(root: Path, name: str) -> Record:
    """Find a study by name.

    Raises
    ------
    StudyError
        If there is none; the message lists those that are there.
    """
    check_name(name)
    if name not in (there := names(root)):
        listed = f"got those: {', '.join([*there[:8], *['...'][: len(there) > 8]])}" if there else "got none"
        raise StudyError(f"There must be a study {name!r} under {root / 'studies'}; {listed}. Check NAME or --root.")
    return Record(root, name)


def only(root: Path) -> Record:
    """The one study under a root.

    Raises
    ------
    StudyError
        If there is none, or several; the message lists them.
    """
    there = names(root)
    if len(there) != 1:
        listed = f"got {', '.join(there)}. Give a NAME." if there else "got none. Check --root."
        raise StudyError(f"There must be one study under {root / 'studies'}, or a NAME; {listed}")
    return Record(root, there[0])


@contextmanager
def locked(record: Record) -> Iterator[None]:
    """Own a study's folder; a second run on it is refused. The lock goes with the process that holds it.

    What a run that was killed had begun to write is deleted. A study that is refused before it began leaves nothing.

    Raises
    ------
    RunError
        If another run holds the lock, or the disk cannot be written to any more.
    StudyError
        If the folder cannot be written to.
    """
    fresh = [p for p in (record.folder, record.plots, *record.folder.parents, *record.plots.parents) if not p.exists()]
    try:
        try:
            for folder in (record.folder, record.plots):
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(bytes(2**16))
        except OSError as error:
            raise StudyError(
                f"{record.root} must be a folder to write in; got: {error.strerror}. Choose another --root."
            ) from None
        with open(record.folder / ".lock", "a+") as handle:
            _lock(handle, record.name)
            for folder in (record.folder, record.artifacts, record.plots):
                for part in folder.glob(".*.part*"):
                    _delete(part)
            yield
    except OSError as error:
        raise RunError(
            f"{error.filename or record.folder} must be writable; got: {error.strerror or error}. Mend that, or make "
            "room: what is finished is kept, and the same command goes on."
        ) from None
    finally:
        if record.folder in fresh and not record.study.exists():
            for folder in (record.folder, record.plots):
                _delete(folder)
            for folder in fresh:
                with suppress(OSError):  # one that is not empty stays
                    folder.rmdir()


def _lock(handle: TextIO, name: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.seek(0)
        raise RunError(
            f"Study {name!r} must be run once at a time; process {handle.read().strip()} is running it. Wait for it, "
            "or choose another --name."
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written takes `path`'s place at the end, or nothing does.

    Works for files and for folders. The data reach the disk before the name does, so that a power cut leaves the old
    content or the new.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        for file in [p for p in part.rglob("*") if p.is_file()] if part.is_dir() else [part]:
            with open(file, "rb") as handle:
                os.fsync(handle.fileno())
        if part.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(part, path)
    finally:
        _delete(part)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


def _delete(part: Path) -> None:
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with suppress(OSError):  # what could not be written cannot always be deleted
            part.unlink()
