"""Records what a process asks of the network, whichever library asks: by Python's audit events."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

EVENTS = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")
_recorders: list[list[str]] = []
of_run: list[str] = []  # by the run that the fixture `finished` makes


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _recorders and event in EVENTS:
        local = isinstance(arguments[0], socket.socket) and arguments[0].family == getattr(socket, "AF_UNIX", None)
        for recorder in _recorders if not local else ():
            recorder.append(f"{event} {arguments[1:]}")


sys.addaudithook(_watch)


@contextmanager
def recorded(found: list[str]) -> Iterator[list[str]]:
    """Add to a list what is asked of the network within the block."""
    _recorders.append(found)
    try:
        yield found
    finally:
        _recorders.remove(found)
