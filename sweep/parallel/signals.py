"""Ctrl-C, SIGTERM and SIGHUP end a run at once, whatever it is doing.

A KeyboardInterrupt waits for compiled code to return, and is lost where it hits a destructor. What a run has finished
is on the disk at any time and no file is ever half there, so it needs no orderly end: a thread of its own, woken by the
signal, ends the workers and the process.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

AT_STOP: list[Callable[[], None]] = []  # what is called first: ends the workers
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
PATIENCE = 3.0  # seconds for that


def end_at_signals(last_word: Callable[[], None]) -> None:
    """From now on, end the process with exit code 1 at either signal.

    Parameters
    ----------
    last_word : callable
        Called when the workers have ended, to say so.
    """
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup asks for that
            signal.signal(number, _wake)
    threading.Thread(target=_watch, args=(woken, last_word), daemon=True).start()


def _wake(*_: object) -> None:
    """Nothing: that the signal came is read from the socket."""


def _watch(woken: socket.socket, last_word: Callable[[], None]) -> None:
    while woken.recv(1)[0] not in SIGNALS:
        pass
    ender = threading.Thread(target=_end_workers, daemon=True)
    ender.start()
    ender.join(PATIENCE)
    last_word()
    os._exit(1)


def _end_workers() -> None:
    for stop in reversed(AT_STOP):
        with suppress(Exception):  # the process ends in any case
            stop()
