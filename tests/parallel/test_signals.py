"""Signals end a run at once, in one line."""

import signal
import subprocess
import sys

import pytest

CODE = """
import os, signal, sys, time
from sweep.parallel.signals import AT_STOP, end_at_signals
signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv[2:] else signal.SIG_DFL)  # the tests may run under nohup
AT_STOP += [lambda: print("folder", flush=True), lambda: print("workers", flush=True)]
end_at_signals(lambda: print("stopped", flush=True))
os.kill(os.getpid(), int(sys.argv[1]))
if not sys.argv[2:]:
    signal.pause()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_ends_the_workers_then_what_they_wrote_to_then_the_process(number: signal.Signals) -> None:
    """If it failed, a terminal that is closed would leave workers, or a whole table in the temporary folder."""
    command = [sys.executable, "-c", CODE, str(int(number))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout.split()) == (1, ["workers", "folder", "stopped"]), done.stderr


def test_a_run_under_nohup_goes_on_when_the_terminal_is_closed() -> None:
    """If it failed, `nohup sweep run` would end with the terminal."""
    command = [sys.executable, "-c", CODE, str(int(signal.SIGHUP)), "ignored"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
