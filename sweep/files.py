"""Files: written whole or not at all, and a lock that goes with the process that holds it."""

import os
import shutil
import socket
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, TextIO

import numpy as np
from filelock import lock_descriptor

from sweep.errors import InputError, RunError, StudyError

HOST = f"{zlib.crc32(socket.gethostname().encode()):08x}"  # on whose processes a part is


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a path to write to; what was written takes `path`'s place at the end, or nothing does.

    Works for files and for folders. The data reach the disk before the name does, so that a power cut leaves the old
    content or the new.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside(path) as part:
        yield part
        for file in [p for p in part.rglob("*") if p.is_file()] if part.is_dir() else [part]:
            with open(file, "r+b") as handle:
                os.fsync(handle.fileno())
        if part.is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(part, path)


@contextmanager
def beside(path: Path, kind: str = "") -> Iterator[Path]:
    """Give a hidden path beside another, and delete what is there at the end.

    What killed processes of this machine left beside it is deleted first.
    """
    before, after = f".{path.name}.{HOST}-", f"{kind}.part{path.suffix}"
    for name in os.listdir(path.parent):
        number = name.removeprefix(before).removesuffix(after)
        if name == f"{before}{number}{after}" and number.isdecimal() and not _lives(int(number)):
            delete(path.parent / name)
    part = path.with_name(f"{before}{os.getpid()}{after}")
    try:
        yield part
    finally:
        delete(part)


def _lives(pid: int) -> bool:
    """Check whether there is a process of a number on this machine; where that cannot be asked, there is."""
    if os.name != "posix" or pid == os.getpid():  # its own parts go with the block that wrote them
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # another user's
        pass
    return True


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole(path) as part:
        part.write_text(text, encoding="utf-8")


@contextmanager
def open_arrays(path: Path) -> Iterator[Any]:
    """Open the arrays that `np.savez` wrote; reading them takes no more memory than the file has bytes.

    Raises
    ------
    InputError
        If it is packed, and would take any amount of it.
    """
    with path.open("rb") as opened:
        with zipfile.ZipFile(opened) as archive:
            if sum(part.file_size for part in archive.infolist()) > path.stat().st_size:
                raise InputError(f"{path} must hold its arrays as they are; they are packed. Write it again.")
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
        return bool(lock_descriptor(handle.fileno(), blocking=False))
    except OSError as error:
        raise RunError(
            f"{handle.name} must lie on a file system that can lock files; got: {error.strerror or error}. Choose a "
            "--root on another one."
        ) from None


def hold_lock(handle: TextIO, name: str) -> None:
    """Lock an open file for the study NAME, and write this process's number into it, if there is room.

    Raises
    ------
    RunError
        If another process holds it, or the file system cannot lock.
    """
    if not try_lock(handle):
        owner = ""
        with suppress(OSError):  # a system on which a locked file cannot be read
            handle.seek(0)
            owner = handle.read(20).strip()
        raise RunError(
            f"Study {name!r} must be run once at a time; {f'process {owner}' if owner else 'another process'} is "
            "running it. Wait for it, or choose another --name."
        )
    with suppress(OSError):
        os.truncate(handle.fileno(), 0)
        os.write(handle.fileno(), str(os.getpid()).encode())
