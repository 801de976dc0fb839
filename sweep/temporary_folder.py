"""A temporary folder of a process, which goes with it; what killed processes left is deleted at the next start."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from sweep.errors import RunError
from sweep.files import try_lock

PREFIX, OWNED = "sweep-", "owned"  # of the folder, and the file in it that its process holds locked


class OwnFolder:
    """A temporary folder, where `tempfile` makes its own (TMPDIR). First, what killed processes left is deleted.

    Attributes
    ----------
    path : Path
    """

    def __init__(self) -> None:
        delete_leftovers(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.lock = open(self.path / OWNED, "w")  # noqa: SIM115  held until the process ends
        with suppress(RunError):  # where files cannot be locked, nobody deletes it later
            try_lock(self.lock)
        self.path.mkdir(exist_ok=True)  # another process has taken it for a leftover

    def hold_all(self) -> None:
        """Have whatever this process puts into a temporary folder from now on come here."""
        tempfile.tempdir = str(self.path)

    def delete(self) -> None:
        """Delete it with all that it holds."""
        if tempfile.tempdir == str(self.path):
            tempfile.tempdir = None
        self.lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def delete_leftovers(folder: Path) -> None:
    """Delete the temporary folders of this user's processes that were killed: nobody holds the lock in them."""
    for left in folder.glob(f"{PREFIX}*"):
        with suppress(OSError, RunError):
            if hasattr(os, "getuid") and left.lstat().st_uid != os.getuid():
                continue
            with open(left / OWNED, "r+") as handle:
                if try_lock(handle):
                    shutil.rmtree(left, ignore_errors=True)
