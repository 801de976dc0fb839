"""Progress on standard error: one bar for the whole run on a terminal, elsewhere one line per message."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

from sweep.progress import Progress, TimeLeft, duration
from sweep.streams import printable


def shown() -> "Shown":
    """Choose what suits the place: a bar in a notebook or on a terminal, else lines."""
    from sweep.report.notebook_bar import InNotebook, in_notebook

    if in_notebook():
        return InNotebook()
    return Live() if sys.stderr.isatty() else Plain()


class Shown(Progress):
    """Progress that is shown while a `with` block runs; knows how long the whole run still takes."""

    def __init__(self) -> None:
        self.name, self.detail = "", ""
        self.time = TimeLeft()

    def __enter__(self) -> "Shown":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def plan(self, seconds: Mapping[str, float]) -> None:
        """Take it for the time left."""
        self.time.plan(seconds)

    def phase(self, name: str, steps: int, done: int = 0) -> None:
        """Begin it, and show where it stands."""
        self.name, self.detail = name, ""
        self.time.phase(name, steps, done)
        self.show()

    def step(self, detail: str = "", by: int = 1) -> None:
        """Move on, and show where it stands."""
        self.detail = detail
        self.time.step(by)
        self.show()

    def show(self) -> None:
        """Show where the run stands."""

    @property
    def place(self) -> str:
        """Name the phase, and how far it is."""
        return f"{self.name}: {self.time.done} of {self.time.steps}" if self.name else "starting"

    @property
    def left(self) -> str:
        """Say how long the whole run still takes, as far as that is known."""
        seconds = self.time.seconds()
        return "" if seconds is None else f"about {duration(seconds)} left"


class Plain(Shown):
    """One line per message: where the output is no terminal."""

    def note(self, text: str) -> None:
        """Print it."""
        click.echo(printable(text), err=True)

    def show(self) -> None:
        """Print a line."""
        self.note("  ".join(part for part in (self.place, self.detail, self.left) if part))


class Live(Shown):
    """A bar that stays in place: on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.live import Live as InPlace

        self.in_place = InPlace(console=Console(stderr=True), refresh_per_second=4, get_renderable=self.line)

    def __enter__(self) -> "Live":
        self.in_place.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the last state standing."""
        self.in_place.stop()

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self.in_place.console.print(printable(text), markup=False, highlight=False)

    def line(self) -> Any:
        """Draw the run as it is now: the phase, the bar, the time left, and what the last step said, if it fits."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in range(3):
            grid.add_column(no_wrap=True)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        bar = ProgressBar(total=1.0, completed=self.time.share(), width=16)
        grid.add_row(Text(self.place), bar, Text(self.left), Text(self.detail, style="dim"))
        return grid


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
