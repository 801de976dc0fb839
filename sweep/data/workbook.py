"""Read a sheet of an Excel workbook, by the package fastexcel, which an extra installs."""

from importlib.util import find_spec
from pathlib import Path

import polars as pl

from sweep.data.cells import listed
from sweep.data.names import check_names
from sweep.data.opened import Source
from sweep.errors import TableError


def open_workbook(file: Path, sheet: str | None) -> Source:
    """Read a sheet of an Excel workbook, every cell as text, as a CSV of it would hold it."""
    if find_spec("fastexcel") is None:
        raise TableError(
            f'{file}: an Excel workbook needs the package fastexcel: pip install "balance-sweep[excel]", or save the '
            "sheet as CSV."
        )
    import fastexcel  # of an extra

    label = file if sheet is None else f"{file}#{sheet}"
    try:
        book = fastexcel.read_excel(file)
        if sheet is not None and sheet not in book.sheet_names:
            raise TableError(f"{label}: there is no such sheet; the workbook has {listed(book.sheet_names)}.")
        frame = book.load_sheet(sheet if sheet is not None else 0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        raise TableError(f"{label}: the workbook cannot be read: {str(error).splitlines()[0]}.") from None
    if not frame.width:
        raise TableError(f"{label}: a table needs columns; this sheet has none.")
    frame = frame.rename({name: name.strip() for name in frame.columns})
    midnight = r" 00:00:00$"  # which a sheet's dates bear, as days have no type of their own there
    days = [column.name for column in frame if column.drop_nulls().str.contains(midnight).all()]
    frame = frame.with_columns(pl.col(days).str.replace(midnight, ""))
    blank = pl.all_horizontal(pl.all().is_null())
    frame = frame.filter(~blank)
    check_names(label, frame.columns)
    return Source(label, tuple(frame.columns), iter([(frame, 1.0)]))
