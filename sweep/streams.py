"""Standard output and error: there at any time, of any text; what standard error cannot take is dropped."""

import io
import os
import re
import sys
from contextlib import suppress
from typing import Any, TextIO

STANDARD = (0, 1, 2)
# Of a text, what steers a terminal or turns its order of reading about; lines and tabs may stay.
STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class _Droppable(io.RawIOBase):
    """A file descriptor that is given up at the first failure: who read the messages has left, or the disk is full."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.descriptor = descriptor

    def write(self, content: Any) -> int:
        """Write all, or drop it."""
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self.descriptor, left) :]
        except BlockingIOError:  # who reads it is slow, and does not want to be waited for
            pass
        except OSError:
            _fill(self.descriptor)
        return len(content)

    def fileno(self) -> int:
        """Give the descriptor."""
        return self.descriptor

    def isatty(self) -> bool:
        """Check whether it is a terminal."""
        return os.isatty(self.descriptor)

    def writable(self) -> bool:
        """Say that it is."""
        return True


def prepare_streams() -> None:
    """Let both streams take any text, and a run go on whatever becomes of standard error.

    A descriptor that is closed is opened on nothing: else the next file opened, a database, would get its number.
    """
    for descriptor in STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            _fill(descriptor)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  for the process's life
    if sys.stderr is sys.__stderr__:  # which is None where it is closed
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        sys.stderr = io.TextIOWrapper(_Droppable(2), encoding, write_through=True)
    for stream in (sys.stdout, sys.stderr):
        take_any_text(stream)


def take_any_text(stream: TextIO) -> None:
    """Let a stream take any text: documents are UTF-8; a terminal that cannot show a character gets its number."""
    if isinstance(stream, io.TextIOWrapper):
        utf8 = "utf-8" if not stream.isatty() else stream.encoding
        stream.reconfigure(encoding=utf8, errors="backslashreplace")


def printable(text: str) -> str:
    r"""Return a text for a terminal, in which nothing steers it: of labels, names and files of others.

    Within JSON the text stays the same document.

    Examples
    --------
    >>> printable("a\x1b[2Jb"), printable("\u202exe.tab")
    ('a\\x1b[2Jb', '\\u202exe.tab')
    """
    return STEERING.sub(_escaped, text)


def on_one_line(text: str) -> str:
    r"""Return a text for a terminal that stays on its line, and in which nothing steers: of labels and names.

    Examples
    --------
    >>> print(on_one_line("ill\nor well"))
    ill\nor well
    """
    return printable(text.replace("\n", r"\n"))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 32 else f"\\u{code:04x}"


def _fill(descriptor: int) -> None:
    with suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)
