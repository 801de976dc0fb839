"""Check the names of a table's columns: that they can be used, and that those needed are there."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from sweep.data.cells import listed, shown
from sweep.errors import TableError


def check_present(label: object, names: Sequence[str], name: str) -> None:
    """Check that a table has a column; else TableError, with the name that is nearest."""
    if name not in names:
        near = get_close_matches(name, names, n=1)
        raise TableError(
            f"{label}: there is no column {shown(name)}"
            + (f"; did you mean {shown(near[0])}?" if near else ".")
            + f" Its columns: {listed(names)}."
        )


def check_columns(label: object, names: Iterable[str], need: Iterable[str], what: str) -> None:
    """Check that a table has columns; else TableError. `what` says what they are."""
    present = set(names)
    lacking = [name for name in need if name not in present]
    if lacking:
        raise TableError(f"{label}: the table must have {what}; it lacks {listed(lacking)}.")


def check_names(label: object, names: Sequence[str]) -> None:
    """Check that each column can be called by its name; else TableError."""
    if not names:
        raise TableError(f"{label}: a table needs columns; this one has none.")
    if "" in names:
        raise TableError(
            f"{label}: every column needs a name; column {names.index('') + 1} has none: name it or take it out "
            "(pandas writes its row index so; index=False leaves it away)."
        )
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise TableError(f"{label}: column names must differ; the header repeats {listed(repeated)}: rename them.")
    for position, name in enumerate(names):
        if any(unicodedata.category(letter) == "Cc" for letter in name):
            fault = "be printable"
        elif name == "*" or (name.startswith("^") and name.endswith("$")):
            fault = "not be patterns (polars takes * and ^...$ so)"
        else:
            continue
        raise TableError(
            f"{label}: column names must {fault}; column {position + 1} is named {shown(name)}: rename it."
        )
