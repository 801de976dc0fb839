"""Open a folder whose files are the parts of one table, one under another."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import polars as pl

from sweep.data.cells import listed
from sweep.data.opened import Piece, Source
from sweep.data.parquet import ENDINGS
from sweep.errors import TableError

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")


def open_folder(folder: Path, open_file: Callable[[Path], Source]) -> Source:
    """Open a folder whose files are the parts of one table."""
    files = sorted(file for file in folder.rglob("*") if _is_part(file, folder))
    kinds = {file.suffix.lower() in ENDINGS for file in files}
    if not files or len(kinds) > 1:
        raise TableError(
            f"{folder}: a folder is a table where it holds files of one kind, Parquet or CSV; this folder holds "
            + ("both." if files else "none.")
        )
    sources: list[Source] = []
    for file in files:
        try:
            sources.append(open_file(file))
        except TableError as error:
            raise TableError(f"{error} (a part of the table that this folder is)") from None
    first = sources[0]
    for source in sources[1:]:
        if {*source.names} != {*first.names}:
            differ = sorted({*source.names} ^ {*first.names})
            raise TableError(
                f"{source.label}: all files of a folder must have the same columns; this one and {files[0].name} "
                f"differ by {listed(differ)}."
            )
    inside = [_values_in_path(file, folder) for file in files]
    if any({*values} != {*inside[0]} for values in inside) or {*inside[0]} & {*first.names}:
        raise TableError(f"{folder}: the names of this folder's subfolders do not give every file the same columns.")
    names = (*first.names, *inside[0])

    def pieces() -> Iterator[Piece]:
        for done, (source, values) in enumerate(zip(sources, inside, strict=True)):
            for frame, share in source.pieces:
                extra = [pl.lit(value).alias(name) for name, value in values.items()]
                yield frame.select(first.names).with_columns(extra), (done + share) / len(sources)

    categories = frozenset(name for source in sources for name in source.categories)
    notes = tuple(dict.fromkeys(note for source in sources for note in source.notes))
    said = f"{len(files)} files, one under another: {listed(str(file.relative_to(folder)) for file in files)}"
    return Source(folder, names, pieces(), categories, (said, *notes), all(source.pointed for source in sources))


def _is_part(file: Path, folder: Path) -> bool:
    """Check whether a file is part of the table that a folder is: by its ending, and not hidden or for bookkeeping."""
    inside = file.relative_to(folder).parts
    named = file.name.lower().endswith((*ENDINGS, *TEXT_ENDINGS))
    return named and file.is_file() and not any(part.startswith((".", "_")) for part in inside)


def _values_in_path(file: Path, folder: Path) -> Mapping[str, str]:
    """Return what the subfolders named `column=value` say of a file's rows."""
    parts = file.relative_to(folder).parts[:-1]
    return dict(part.split("=", 1) for part in parts if "=" in part)
