"""What is compared, a process a side: reads one JSON task a line, answers with the seconds that it took.

    python sides.py sweep|keras MODEL.keras ROWS.parquet

Both score the same rows with the same model. The sweep side reads a file and writes one; the Keras side holds the
columns in memory, as tensors, and its time is that of `keras.Model.predict` alone.
"""

import json
import sys
import time
from typing import Any


class Sweep:
    """`sweep predict` without its start-up: the model is opened, the table read, scored and written."""

    def __init__(self, model: str, rows: str) -> None:
        import sweep.model.predict

        self.model, self.run = model, sweep.model.predict.predict

    def predict(self, *, table: str, out: str) -> None:
        """From file to file."""
        self.run(self.model, table, out=out, keep=["id"])


class Keras:
    """The model as Keras loads it."""

    def __init__(self, model: str, rows: str) -> None:
        import polars as pl

        from sweep.model.layers import raw_columns
        from sweep.stack.backend import keras

        self.keras, self.model = keras, keras.models.load_model(model)
        table, missing = pl.read_parquet(rows), self.model.card["missing"]
        numbers = [column.name for column in self.model.features.columns if column.kind == "number"]
        table = table.with_columns(pl.col(pl.String).replace(missing, None))
        table = table.with_columns(pl.col(numbers).cast(pl.Float64))
        self.columns = raw_columns(self.model.features, table)

    def predict(self, *, rows: int, batch_size: int) -> None:
        """From memory to memory, by Keras' own method."""
        columns = {name: values[:rows] for name, values in self.columns.items()}
        self.keras.Model.predict(self.model, columns, batch_size=batch_size, verbose=0)


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr
    side: Any = {"sweep": Sweep, "keras": Keras}[sys.argv[1]](*sys.argv[2:])
    for line in sys.stdin:
        task = json.loads(line)
        started = time.perf_counter()
        getattr(side, task.pop("do"))(**task)
        print(time.perf_counter() - started, file=answers, flush=True)
