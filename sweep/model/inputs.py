"""How a delivered model takes a column: its missing values, its levels, and arrays, lists and Series as tensors."""

from typing import Any

import numpy as np

from sweep.data.cells import shown
from sweep.data.features import Column
from sweep.errors import InputError
from sweep.stack.backend import tf

MISSING = ""  # what a missing category is to the model; a missing number is NaN


def as_tensor(values: Any, name: str, kind: str) -> Any:
    """Convert a column, (rows,) or (rows, 1), to (rows, 1) as the model takes it; None, or NaN in text, is missing."""
    if hasattr(values, "isna"):  # pandas, whose NA is neither equal nor unequal to anything
        values = values.astype(object).where(values.notna(), None)
    if not isinstance(values, tf.Tensor):
        values = np.asarray(values, dtype=np.float64 if kind == "float64" else None)
        if kind == "string" and values.dtype == object:
            values = np.array([MISSING if v is None or v != v else v for v in values.flat], dtype=object)
        elif kind == "string" and values.dtype.kind not in "SU":
            raise InputError(f"Column {shown(name)} must hold text; got {values.dtype}: give each value as text.")
    return tf.reshape(tf.cast(values, kind) if kind == "float64" else tf.convert_to_tensor(values, kind), (-1, 1))


def words_of(column: Column) -> tuple[list[str], str]:
    """Spell a category's levels as the model's input does, and find a word that is none of them."""
    words = [MISSING if level is None else level for level in column.levels]
    return words, next(f"[other{i}]" for i in range(len(words) + 1) if f"[other{i}]" not in words)
