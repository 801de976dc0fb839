"""The progress of a run, as it reports it. This one says nothing; the command line's draw it, and every run logs it."""

import time
from pathlib import Path

from sweep.files import open_itself


class Progress:
    """Silent."""

    def note(self, text: str) -> None:
        """Say something once."""

    def phase(self, name: str, steps: int, done: int = 0) -> None:
        """Begin a phase of so many steps, some of them done before."""

    def step(self, detail: str = "", by: int = 1) -> None:
        """One more step of the phase is done, or several."""


class Logged(Progress):
    """Writes each message to a log file, with the time, and passes it on."""

    def __init__(self, to: Progress, path: Path) -> None:
        self.to = to
        self.path = path
        self.name, self.steps, self.done = "", 0, 0

    def note(self, text: str) -> None:
        """Log and pass on."""
        self._write(text)
        self.to.note(text)

    def phase(self, name: str, steps: int, done: int = 0) -> None:
        """Log and pass on."""
        self.name, self.steps, self.done = name, steps, done
        self._write(f"{name}: {done} of {steps}")
        self.to.phase(name, steps, done)

    def step(self, detail: str = "", by: int = 1) -> None:
        """Log and pass on."""
        self.done += by
        self._write(f"{self.name}: {self.done} of {self.steps}{'  ' * bool(detail)}{detail}")
        self.to.step(detail, by)

    def _write(self, text: str) -> None:
        with open_itself(self.path, "a") as log:
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")
