"""The NumPy reader undoes the weights as the package does: the one copy of that formula, for it is a file to copy."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from sweep.class_weight import undo_weights
from sweep.data.features import Features
from sweep.data.kinds import learn_schema
from sweep.model.numpy_reader import prepare, score

ROWS = np.array([-3.0, -0.5, 0.0, 0.5, np.nan])


def write(folder: Path, *, ratio: float, intercept: float, slope: float, bias: float) -> np.ndarray:
    """Write an exported network of one number without hidden layers; its logits of `ROWS`."""
    steps = {"columns": [{"name": "x", "kind": "number"}], "centre": [0.0], "scale": [1.0]}
    (folder / "preprocessing.json").write_text(json.dumps(steps))
    kernel = np.array([[[2.0], [-1.0]]], np.float32)  # of the number, and of its being missing
    empty = np.zeros((0, 8), np.float32)
    np.savez(
        folder / "model.npz",
        indicators=np.array([0]), announced=np.ones(1, np.float32), numbers=np.zeros(0, int),
        bin_edge=empty, bin_slope=empty, bin_low=np.zeros(8), bin_high=np.zeros(8), tree_value=empty,
        layers=1, kernel_0=kernel, bias_0=np.full((1, 1, 1), bias, np.float32),
        weight_ratio=ratio, intercept=intercept, slope=slope, threshold=np.float32(0),
    )  # fmt: skip
    z = np.where(np.isnan(ROWS), 0, ROWS)
    logits: np.ndarray = (2 * z / np.sqrt(1 + (z / 3) ** 2) - np.isnan(ROWS) + bias).astype(np.float32)
    return logits


@given(ratio=st.floats(0.05, 50), intercept=st.floats(-2, 2), slope=st.floats(0, 3), bias=st.floats(-4, 4, width=32))
def test_undoes_the_weights_as_the_package_does(ratio: float, intercept: float, slope: float, bias: float) -> None:
    """If it failed, an exported model.npz would give other probabilities than the model that the report describes."""
    with TemporaryDirectory() as name:
        logits = write(Path(name), ratio=ratio, intercept=intercept, slope=slope, bias=bias)
        probability, decision = score(name, {"x": ROWS})
    ours = expit(undo_weights(logits, ratio, (intercept, slope)))
    assert probability == pytest.approx(ours, abs=1e-6)
    apart = np.abs(logits) > 1e-5
    assert (decision[apart] == (logits[apart] > 0)).all()


def test_dates_are_given_to_it_as_the_card_says(tmp_path: Path) -> None:
    """If it failed, the numbers that a reader without this package makes of dates would not be those learned from."""
    days = np.datetime64("2023-01-29") + 31 * np.arange(12)
    raw = pl.DataFrame({"day": [str(day) for day in days]})
    schema, _ = learn_schema(raw)
    frame = schema.read(raw)
    assert schema.expected() == {
        "day": "days since 1970-01-01",
        "day (weekday)": "of day: weekday of the date, 0 (Monday) to 6",
        "day (month)": "of day: month of the date, 1 to 12",
    }
    features = Features.learn(frame)
    steps = features.to_dict() | {"centre": [0.0] * 3, "scale": [1.0] * 3}
    (tmp_path / "preprocessing.json").write_text(json.dumps(steps), encoding="utf-8")
    columns = {
        "day": (days - np.datetime64("1970-01-01")).astype(float),
        "day (weekday)": [day.astype(object).weekday() for day in days],
        "day (month)": [day.astype(object).month for day in days],
    }
    assert prepare(tmp_path, columns).tolist() == features.transform(frame).astype(np.float32).tolist()
