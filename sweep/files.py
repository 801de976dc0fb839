"""Files: written whole or not at all, and a lock that goes with the process that holds it."""

import fcntl
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TextIO

import numpy as np

from sweep.errors import RunError, StudyError


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
        delete(part)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


@contextmanager
def open_arrays(path: Path) -> Iterator[Any]:
    """Open the arrays that `np.savez` wrote; reading them takes no more memory than the file has bytes.

    Raises
    ------
    ValueError
        If it is packed, and would take any amount of it.
    """
    with path.open("rb") as opened:
        with zipfile.ZipFile(opened) as archive:
            if sum(part.file_size for part in archive.infolist()) > path.stat().st_size:
                raise ValueError(f"{path} must hold its arrays as they are; they are packed")
        with np.load(opened, allow_pickle=False) as arrays:
            yield arrays


def refuse_links(*folders: Path) -> None:
    """Refuse folders that are symbolic links, or hold some: what is written or deleted there would be elsewhere.

    Raises
    ------
    StudyError
        If one is, or does.
    """
    for folder in folders:
        for path in (folder, *(folder.iterdir() if folder.is_dir() else ())):
            if path.is_symlink():
                raise StudyError(
                    f"{path} must lie in the study's folder itself; it is a symbolic link to {os.readlink(path)}. "
                    "Delete the link, or put there what it leads to."
                )


def open_itself(path: Path, mode: str) -> TextIO:
    """Open a text file, as UTF-8, that is no symbolic link; an OSError if it is one."""

    def no_link(name: str, flags: int) -> int:
        return os.open(name, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)

    return open(path, mode, encoding="utf-8", opener=no_link)  # type: ignore[return-value]


def delete(part: Path) -> None:
    """Delete a file or a folder, as far as that is possible."""
    if part.is_dir():
        shutil.rmtree(part, ignore_errors=True)
    else:
        with suppress(OSError):  # what could not be written cannot always be deleted
            part.unlink()


def try_lock(handle: IO[Any]) -> bool:
    """Lock an open file for this process, as long as it is open; return False where another process holds it.

    Raises
    ------
    RunError
        If the file system cannot lock.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise RunError(
            f"{handle.name} must lie on a file system that can lock files; got: {error.strerror or error}. Choose a "
            "--root on another one."
        ) from None
    return True


def hold_lock(handle: TextIO, name: str) -> None:
    """Lock an open file for the study NAME, and write this process's number into it.

    Raises
    ------
    RunError
        If another process holds it, or the file system cannot lock.
    """
    if not try_lock(handle):
        handle.seek(0)
        raise RunError(
            f"Study {name!r} must be run once at a time; process {handle.read().strip()} is running it. Wait for it, "
            "or choose another --name."
        )
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
