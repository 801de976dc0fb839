"""Progress in a notebook: one bar for the whole run, which the notebook keeps as it is at the end."""

import sys
from html import escape
from importlib import import_module
from typing import Any

from sweep.report.progress_bar import Shown


def in_notebook() -> bool:
    """Check whether this process is a notebook's kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


class InNotebook(Shown):
    """A bar under the notes so far, in the output of a notebook's cell."""

    def __init__(self) -> None:
        super().__init__()
        self.notes: list[str] = []
        self.output: Any = None

    def __exit__(self, *_: object) -> None:
        """Leave the notes standing, without the bar."""
        self._display("")

    def note(self, text: str) -> None:
        """Put it above the bar."""
        self.notes.append(text)
        self.show()

    def show(self) -> None:
        """Draw the bar as it is now."""
        words = " · ".join(part for part in (self.place, self.left, self.detail) if part)
        self._display(f'<progress max="1" value="{self.time.share():.3f}"></progress> {escape(words)}')

    def _display(self, bar: str) -> None:
        notebook = import_module("IPython.display")  # there: it runs this
        page = notebook.HTML("<br>".join([*map(escape, self.notes), *([bar] if bar else [])]))
        if self.output is None:
            self.output = notebook.display(page, display_id=True)
        else:
            self.output.update(page)
