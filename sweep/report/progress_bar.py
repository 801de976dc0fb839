"""Progress on standard error: a bar that stays in place on a terminal, elsewhere one line per message."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click

from sweep.progress import Progress


def shown() -> "Shown":
    """Choose what suits standard error: a bar on a terminal, else lines."""
    return Live() if sys.stderr.isatty() else Plain()


class Shown(Progress):
    """Progress on standard error, while a `with` block runs."""

    def __enter__(self) -> "Shown":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""


class Plain(Shown):
    """One line per message: where the output is no terminal."""

    def __init__(self) -> None:
        self.name, self.steps, self.before, self.done, self.started = "", 0, 0, 0, 0.0

    def note(self, text: str) -> None:
        """Print it."""
        click.echo(text, err=True)

    def phase(self, name: str, steps: int, done: int = 0) -> None:
        """Print its name and size."""
        self.name, self.steps, self.before, self.done, self.started = name, steps, done, done, time.monotonic()
        self.note(f"{name}: {done} of {steps}")

    def step(self, detail: str = "", by: int = 1) -> None:
        """Print how far it is."""
        self.done += by
        left = (time.monotonic() - self.started) / (self.done - self.before) * (self.steps - self.done)
        self.note(f"{self.name}: {self.done} of {self.steps}  {detail}  about {left:.0f} s left".replace("    ", "  "))


class Live(Shown):
    """A bar that stays in place: on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self.bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[detail]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.task: Any = None

    def __enter__(self) -> "Live":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state standing."""
        self.bars.stop()

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self.bars.console.print(text, markup=False, highlight=False)

    def phase(self, name: str, steps: int, done: int = 0) -> None:
        """Begin a bar."""
        self.task = self.bars.add_task(name, total=steps, completed=done, detail="")

    def step(self, detail: str = "", by: int = 1) -> None:
        """Move the bar on."""
        self.bars.update(self.task, advance=by, detail=detail)


def percent(progress: Progress) -> Callable[[int, float], None]:
    """Show a phase of a hundred steps, by rows done and their share of the table; a table done at once has none."""
    said: int | None = None

    def to(rows: int, share: float) -> None:
        nonlocal said
        if said is None and share < 1:
            said = 0
            progress.phase("percent of the table", 100)
        if said is not None and (moved := int(100 * share) - said):
            said += moved
            progress.step(f"{rows} rows", moved)

    return to
