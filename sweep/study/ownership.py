"""One parent a study: a study in a team's database belongs to the run that holds its lock there."""

import os
import socket
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.pool import NullPool

from sweep.errors import RunError
from sweep.files import try_lock
from sweep.study.storage import AWAY, CONNECTS_IN


class Ownership:
    """The lock of a study: a PostgreSQL advisory lock, or a lock on an SQLite file. It goes with the process.

    Parameters
    ----------
    url : str
    name : str
        Of the study.
    owner : callable
        Reads who the study says runs it, for the message.
    """

    def __init__(self, url: str, name: str, owner: Callable[[], str | None]) -> None:
        self.url = make_url(url)
        self.name = name
        self.owner = owner
        self.connection: Connection | None = None
        self.file: Any = None

    def hold(self) -> None:
        """Take the lock, or make sure that it is still held: a server that was started anew has forgotten it.

        Raises
        ------
        RunError
            If another run holds it.
        """
        if self.url.get_backend_name() == "sqlite":
            self._lock_file(Path(self.url.database or ""))
            return
        if self.connection is not None:
            try:
                self.connection.exec_driver_sql("SELECT 1")
                return
            except AWAY:
                self.release()
        engine = sqlalchemy.create_engine(
            self.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": CONNECTS_IN, "application_name": me()},
        )
        connection = engine.connect()
        key = zlib.crc32(self.name.encode())
        if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({0x73776570}, {key - 2**31})").scalar():
            connection.close()
            self._refuse()
        self.connection = connection

    def release(self) -> None:
        """Give the lock back."""
        if self.connection is not None:
            self.connection.invalidate()
            self.connection.close()
            self.connection = None
        if self.file is not None:
            self.file.close()
            self.file = None

    def _lock_file(self, path: Path) -> None:
        if self.file is not None:
            return
        self.file = path.open("rb")
        if not try_lock(self.file):
            self.release()
            self._refuse()

    def _refuse(self) -> None:
        raise RunError(
            f"Study {self.name!r} must be run once at a time; {self.owner() or 'another process'} is running it on "
            "this storage. Wait for it, or choose another --name."
        )


def me() -> str:
    """Describe this process as others may know it."""
    return f"process {os.getpid()} on {socket.gethostname()}"
