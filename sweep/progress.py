"""The progress of a run, as it reports it. This one says nothing; the command line's draw it, and every run logs it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from sweep.files import open_itself
from sweep.streams import on_one_line


class Progress:
    """Silent."""

    def note(self, text: str) -> None:
        """Say something once."""

    def plan(self, seconds: Mapping[str, float]) -> None:
        """Learn which phases are to come, in their order, and about how many seconds each will take."""

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

    def plan(self, seconds: Mapping[str, float]) -> None:
        """Pass on."""
        self.to.plan(seconds)

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
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {on_one_line(text)}\n")


class TimeLeft:
    """Work out how long a whole run still takes: its plan, corrected by the pace so far.

    Parameters
    ----------
    clock : callable
        Gives the time, in seconds.
    """

    PACE = (0.1, 10.0)  # of the plan: what a phase may be out by before it is no guide to the next one

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.planned: dict[str, float] = {}  # seconds of the phases that have not begun
        self.past = (0.0, 0.0)  # seconds that the phases before took, and those planned for them
        self.begun = self.moved = clock()
        self.of_phase = 0.0  # seconds planned
        self.steps = self.before = self.done = 0
        self.furthest = 0.0

    def plan(self, seconds: Mapping[str, float]) -> None:
        """Take the seconds that each phase will need."""
        self.planned = dict(seconds)

    def phase(self, name: str, steps: int, done: int = 0) -> None:
        """Begin a phase; the one before it is over."""
        now = self.clock()
        if self.of_phase:
            self.past = (self.past[0] + now - self.begun, self.past[1] + self.of_phase)
        self.begun = self.moved = now
        self.of_phase = self.planned.pop(name, 0.0)
        self.steps, self.before, self.done = steps, done, done

    def step(self, by: int = 1) -> None:
        """Move the phase on."""
        self.done += by
        self.moved = self.clock()

    def seconds(self) -> float | None:
        """Give the seconds left of the whole run; None before anything is known."""
        steps = self.done - self.before
        if not (steps or self.of_phase or self.planned):
            return None
        now = self.clock()
        if steps:
            own = (self.moved - self.begun) / steps * (self.steps - self.done) - (now - self.moved)
        else:
            own = self.of_phase * self._pace(0.0) - (now - self.begun)
        share = steps / max(self.steps - self.before, 1)
        return max(own, 0.0) + sum(self.planned.values()) * self._pace(share)

    def share(self) -> float:
        """Give the share of the whole run that is done, from 0 to 1; it never falls."""
        if self.planned or self.of_phase:
            spent, left = self.past[0] + self.clock() - self.begun, self.seconds() or 0.0
            share = spent / (spent + left) if spent + left else 0.0
        else:
            share = self.done / self.steps if self.steps else 0.0
        self.furthest = max(self.furthest, share)
        return self.furthest

    def _pace(self, share: float) -> float:
        """Give seconds per planned second, over the phases before and a share of this one."""
        spent = self.past[0] + (self.moved - self.begun if share else 0.0)
        planned = self.past[1] + share * self.of_phase
        low, high = self.PACE
        return min(max(spent / planned, low), high) if planned else 1.0


def duration(seconds: float) -> str:
    """Write seconds as people say them.

    Examples
    --------
    >>> duration(45), duration(200), duration(4000)
    ('45 s', '3 min 20 s', '1 h 6 min')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
