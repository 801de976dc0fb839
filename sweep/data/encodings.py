"""Find a text's encoding, and give the text out as UTF-8: a stray byte is read by itself, named, and alone."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sweep.data.cells import shown
from sweep.errors import TableError

BLOCK_BYTES = 2**20
STRAY = re.compile("[\udc80-\udcff]")  # how "surrogateescape" spells a byte that is not UTF-8
PLACES = 3  # stray bytes that are named


@dataclass(frozen=True)
class Encoding:
    """How a text's bytes become letters.

    Attributes
    ----------
    name : str
        As Python's codecs know it; "utf-8" where the bytes are UTF-8 already, but for a byte order mark.
    notes : tuple of str
        What has to be said of it.
    repair : bool
        Whether single bytes that are not UTF-8 are read as Windows-1252.
    """

    name: str
    notes: tuple[str, ...] = ()
    repair: bool = False


def find_encoding(label: object, handle: BinaryIO) -> Encoding:
    """Read a file to its end and find the encoding that it is in.

    UTF-8 is taken where no more bytes fail to be UTF-8 than there are letters beyond ASCII; else Windows-1252.

    Raises
    ------
    TableError
        If it is no text, or text in no encoding known.
    """
    block = handle.read(BLOCK_BYTES)
    if block.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _checked(label, Encoding("utf-16"), block, handle)
    if wide := _without_mark(block):
        return _checked(
            label, Encoding(wide, (f"the file is {wide.upper()} without a byte order mark",)), block, handle
        )
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    beyond = lines = 0
    stray: list[str] = []
    undefined = False
    tail = ""
    while True:
        if b"\0" in block:
            raise TableError(f"{label}: a table must be text, Parquet or Feather; this file holds binary data.")
        text = decoder.decode(block, final=not block)
        if not text.isascii():
            beyond += len(text) - len(text.encode("ascii", "ignore"))
            for match in STRAY.finditer(text):
                byte = ord(match[0]) - 0xDC00
                undefined |= not bytes([byte]).decode("cp1252", "ignore")
                if len(stray) < PLACES:
                    line = lines + text.count("\n", 0, match.start()) + 1
                    stray.append(_place(line, byte, (tail + text), match.start() + len(tail)))
                else:
                    stray.append("")
        lines += text.count("\n")
        tail = text[-20:]
        if not block:
            break
        block = handle.read(BLOCK_BYTES)
    if not stray:
        return Encoding("utf-8")
    if beyond - len(stray) >= len(stray):
        more = f" ({len(stray)} such bytes in all)" if len(stray) > PLACES else ""
        said = (
            f"the file is UTF-8 but for {'; '.join(filter(None, stray))}{more}: read as Windows-1252, the rest as UTF-8"
        )
        return Encoding("utf-8", (said,), repair=True)
    if undefined:
        raise _unknown(label)
    return Encoding("cp1252", ("the file is not UTF-8; read as Windows-1252",))


def as_utf8(handle: BinaryIO, encoding: Encoding) -> io.BufferedReader:
    """Return a stream of the text as UTF-8 bytes, without a byte order mark."""
    return io.BufferedReader(_Utf8(handle, encoding), BLOCK_BYTES)


class _Utf8(io.RawIOBase):
    """Bytes in any encoding, as UTF-8."""

    def __init__(self, handle: BinaryIO, encoding: Encoding) -> None:
        self.handle = handle
        self.repair = encoding.repair
        self.plain = encoding.name == "utf-8" and not encoding.repair
        name = "utf-8-sig" if encoding.name == "utf-8" else encoding.name
        self.decoder = codecs.getincrementaldecoder(name)("surrogateescape" if encoding.repair else "strict")
        self.left = memoryview(b"")
        self.started = self.ended = False

    def readable(self) -> bool:
        """Check whether it can be read: always."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer; return how many bytes came."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self.left and not self.ended:
            self.left = memoryview(self._next())
        count = min(len(view), len(self.left))
        view[:count] = self.left[:count]
        self.left = self.left[count:]
        return count

    def _next(self) -> bytes:
        block = self.handle.read(BLOCK_BYTES)
        self.ended = not block
        if self.plain:
            mark = codecs.BOM_UTF8 if not self.started else b""
            self.started = True
            return block.removeprefix(mark)
        text = self.decoder.decode(block, final=self.ended)
        if self.repair and not text.isascii():
            text = STRAY.sub(lambda match: bytes([ord(match[0]) - 0xDC00]).decode("cp1252", "replace"), text)
        return text.encode()


def _without_mark(start: bytes) -> str | None:
    """Recognise UTF-16 without a byte order mark by where its zero bytes stand."""
    sample = start[:4096]
    pairs = len(sample) // 2
    if pairs < 2 or b"\0" not in sample:
        return None
    even, odd = sample[::2].count(0) / pairs, sample[1::2].count(0) / pairs
    if odd > 0.5 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.5 and odd < 0.05 else None


def _checked(label: object, encoding: Encoding, block: bytes, handle: BinaryIO) -> Encoding:
    """Check that all of a file is in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding.name)()
    try:
        for part in _parts(block, handle):
            if "\0" in decoder.decode(part):
                raise TableError(f"{label}: a table must be text, Parquet or Feather; this file holds binary data.")
        decoder.decode(b"", final=True).encode()
    except UnicodeError:
        raise _unknown(label) from None
    return encoding


def _parts(block: bytes, handle: BinaryIO) -> Iterator[bytes]:
    while block:
        yield block
        block = handle.read(BLOCK_BYTES)


def _place(line: int, byte: int, text: str, at: int) -> str:
    start = max(text.rfind(mark, max(0, at - 20), at) for mark in ',;\t|"\n ') + 1 or max(0, at - 20)
    ends = [end for end in (text.find(mark, at, at + 20) for mark in ',;\t|"\r\n ') if end >= 0]
    word = STRAY.sub("\ufffd", text[start : min(ends, default=at + 20)])
    return f"byte 0x{byte:02X} in line {line} ({shown(word)})"


def _unknown(label: object) -> TableError:
    return TableError(f"{label}: a table must be text, Parquet or Feather; this is text in no encoding known.")
