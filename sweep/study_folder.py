"""A study's folders under a root: its name, its paths, finding and locking it."""

import difflib
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweep.errors import RunError, SpecError, StudyError
from sweep.files import delete, hold_lock, open_itself, refuse_links

OUT_OF_FOLD = ("row", "fold", "label", "probability", "decision")  # columns of out-of-fold.parquet
WRITTEN = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".feather", ".arrow", ".ipc")  # tables' endings
RESERVED = ("data", "benchmarks")  # folders under studies/ that are not studies


def default_name(path: str | Path) -> str:
    """Name a study after its table: the file's name without what says how it is written and packed."""
    file = Path(str(path).partition(".xlsx#")[0])
    packed = file.suffix.lower() in (".gz", ".zip") and Path(file.stem).suffix.lower() in WRITTEN
    stem = as_name(Path(file.stem).stem if packed else file.stem)
    return f"{stem}-study".lstrip("-") if stem in RESERVED or not stem else stem


def check_name(name: Any) -> str:
    """Check a study's name; the error says why it cannot be one."""
    bad = (
        not isinstance(name, str)
        or not name.strip()
        or name != name.strip()
        or name.startswith((".", "-"))
        or len(name.encode()) > 100
        or bool(set(name) & set('/\\:*?"<>|'))
        or any(unicodedata.category(c)[0] == "C" for c in name)
    )
    if bad:
        raise SpecError(
            f"A study's name must be a plain folder name of at most 100 bytes, without / \\ : * ? \" < > |, control "
            f"characters, or a leading dot or dash; got {name!r}. Choose another with --name."
        )
    if name in RESERVED:
        raise SpecError(f"A study cannot be named {name!r}: studies/{name} holds other things. Choose another --name.")
    return str(name)


def as_name(text: str) -> str:
    """Convert a text to what can be part of a name."""
    return re.sub(r"[^\w.+=@~-]+", "-", text).strip(".-")


@dataclass(frozen=True)
class StudyFolder:
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
    def table(self) -> Path:
        """The table of a study that was given as a frame."""
        return self.folder / "table.parquet"

    @property
    def database(self) -> Path:
        """The Optuna study."""
        return self.folder / "study.db"

    @property
    def artifacts(self) -> Path:
        """Out-of-fold logits and pictures of trials, under names that Optuna gives; and the final columns."""
        return self.folder / "artifacts"

    @property
    def features(self) -> Path:
        """X of all rows while a run is at it, where it is too large for the memory."""
        return self.artifacts / "X.npy"

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
        """True if every file of a finished run is there."""
        left = (
            self.out_of_fold,
            self.thresholds,
            self.best / "model.keras",
            self.best / "class_weights.json",
            self.report,
            self.selection,
            self.rows,
        )
        drawn = (self.plots / "precision-recall.png", self.plots / "balance-curve.png")
        return all(path.exists() for path in (self.result, *left, *drawn))

    @property
    def best(self) -> Path:
        """The model and the class weights."""
        return self.folder / "best"

    @property
    def result(self) -> Path:
        """The result; there once the run is finished."""
        return self.folder / "result.json"

    @property
    def report(self) -> Path:
        """The page to read."""
        return self.folder / "report.html"

    @property
    def out_of_fold(self) -> Path:
        """Every training row with its out-of-fold probability and decision."""
        return self.folder / "out-of-fold.parquet"

    @property
    def thresholds(self) -> Path:
        """Table of what other thresholds on the delivered probability would do."""
        return self.folder / "thresholds.csv"

    @property
    def log(self) -> Path:
        """The messages of the run."""
        return self.folder / "log.txt"

    def trial_plot(self, number: int) -> Path:
        """Locate the picture of one trial."""
        return self.plots / f"trial-{number:04d}.png"

    def withdraw_result(self) -> None:
        """Delete what a finished run said, before anything that it was said of is replaced: there is one answer."""
        for path in (self.result, self.report):
            path.unlink(missing_ok=True)

    def remove(self, first: Callable[[], None] = lambda: None) -> None:
        """Delete the run and its pictures, once `first()` was done while nobody else can run it.

        `study.toml`, by which a study is known, goes last: what was interrupted can be repeated. Nothing is written, so
        that this makes room on a full disk.

        Raises
        ------
        RunError
            If it is being run, or cannot be deleted.
        """
        refuse_links(*(p for p in (self.folder, self.plots) if p.is_symlink()))
        with ExitStack() as stack, _said(self):
            with suppress(OSError):  # no room for a lock: nobody holds one
                handle = stack.enter_context(open_itself(self.folder / ".lock", "a+"))
                hold_lock(handle, self.name)
            first()
            for path in (self.plots, *(p for p in self.folder.iterdir() if p != self.study), self.folder):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)


def names(root: Path) -> list[str]:
    """Name the studies under a root, finished or not."""
    folder = root / "studies"
    if not folder.is_dir():
        return []
    return sorted(p.name for p in folder.iterdir() if p.name not in RESERVED and (p / "study.toml").is_file())


def find(root: Path, name: str) -> StudyFolder:
    """Find a study by name.

    Raises
    ------
    StudyError
        If there is none; the message lists those that are there.
    """
    check_name(name)
    if name not in (there := names(root)):
        near = difflib.get_close_matches(name, there, n=1)
        listed = f"got those: {', '.join([*there[:8], *['...'][: len(there) > 8]])}" if there else "got none"
        hint = f"Did you mean {near[0]!r}?" if near else "Check NAME or --root."
        raise StudyError(f"There must be a study {name!r} under {root / 'studies'}; {listed}. {hint}")
    return StudyFolder(root, name)


def only(root: Path) -> StudyFolder:
    """Find the only study under a root.

    Raises
    ------
    StudyError
        If there is none, or several; the message lists them.
    """
    there = names(root)
    if len(there) != 1:
        listed = f"got {', '.join(there)}. Give a NAME." if there else "got none. Check --root."
        raise StudyError(f"There must be one study under {root / 'studies'}, or a NAME; {listed}")
    return StudyFolder(root, there[0])


@contextmanager
def _said(record: StudyFolder) -> Iterator[None]:
    """Say what cannot be written or deleted."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"{error.filename or record.folder} must be writable; got: {error.strerror or error}. Fix this, or make "
            "room: what is finished is kept; run the same command to resume."
        ) from None


@contextmanager
def locked(record: StudyFolder) -> Iterator[None]:
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
    refuse_links(*(p for p in (record.folder, record.plots) if p.is_symlink()))
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
        refuse_links(record.folder, record.plots, record.artifacts)
        with _said(record), open_itself(record.folder / ".lock", "a+") as handle:
            hold_lock(handle, record.name)
            for folder in (record.folder, record.artifacts, record.plots):
                for part in folder.glob(".*.part*"):
                    delete(part)
            yield
    finally:
        if record.folder in fresh and not record.study.exists():
            for folder in (record.folder, record.plots):
                delete(folder)
            for folder in fresh:
                with suppress(OSError):  # one that is not empty stays
                    folder.rmdir()
