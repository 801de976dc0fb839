"""Ctrl-C and SIGTERM: the run is told at once, and ends within seconds even where something does not listen."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import NoReturn

PATIENCE = 4.0  # seconds for the run to end by itself


def heed(last_word: Callable[[], None]) -> None:
    """Make both signals a KeyboardInterrupt; if the process is still there a little later, end it with exit code 1.

    Compiled code may keep Python from seeing a signal, so a thread of its own is woken by it.

    Parameters
    ----------
    last_word : callable
        Called before the process is ended so.
    """
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)

    def watch() -> None:
        while woken.recv(1)[0] not in (signal.SIGINT, signal.SIGTERM):
            pass
        threading.Event().wait(PATIENCE)
        last_word()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    _KEPT.extend((woken, waker))


_KEPT: list[socket.socket] = []


def _interrupt(*_: object) -> NoReturn:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough: what ends now shall end in order
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
