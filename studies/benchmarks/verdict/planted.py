"""Made tables for the alarms and yardsticks: planted leaks, indexes, home grounds of trees and networks, drift."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

ROWS = 1200
TARGET = "is_positive"


@dataclass(frozen=True)
class Planted:
    """A table with labels in `TARGET`, and the column that was planted, if any."""

    kind: str
    table: pl.DataFrame
    column: str | None = None


def _base(rng: np.random.Generator, prevalence: float = 0.12) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Six honest features, three of them with signal, and labels."""
    X = rng.normal(size=(ROWS, 6))
    logit = 1.2 * X[:, 0] + 0.8 * X[:, 1] * X[:, 2] + rng.logistic(size=ROWS)
    y = (logit > np.quantile(logit, 1 - prevalence)).astype(int)
    return {f"x{i}": X[:, i] for i in range(6)}, y


def tabled(columns: dict[str, np.ndarray], y: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({**columns, TARGET: y}, nan_to_null=True)


def leaks() -> list[Planted]:
    """Twenty tables, five sorts of leak: a code, a gap, a status, an amount, a later measurement."""
    made = []
    for seed in range(20):
        rng = np.random.default_rng([10, seed])
        columns, y = _base(rng)
        kind = ("code", "gap", "status", "amount", "measurement")[seed % 5]
        share = rng.random(ROWS)
        leak = {
            "code": np.where(share < 0.97, y, 1 - y).astype(float),
            "gap": np.where((y == 1) & (share < 0.9), rng.normal(size=ROWS), np.nan),
            "status": np.where((y == 1) & (share < 0.7), "closed", np.where(rng.random(ROWS) < 0.5, "open", "new")),
            "amount": np.where((y == 1) & (share < 0.6), rng.lognormal(3, 1, ROWS), 0.0),
            "measurement": rng.normal(size=ROWS) + 3.5 * y,
        }[kind]
        made.append(Planted(kind, tabled({**columns, "leak": leak}, y), "leak"))
    return made


def indexes() -> list[Planted]:
    """Ten tables with a column that numbers the rows, by its name, in order, or permuted."""
    made = []
    for seed in range(10):
        rng = np.random.default_rng([11, seed])
        columns, y = _base(rng)
        kind, name, values = (
            ("by name", "Unnamed: 0", np.arange(ROWS)),
            ("by name", "id", rng.choice(10 * ROWS, ROWS, replace=False)),
            ("by name", "__index_level_0__", rng.permutation(3 * ROWS)[:ROWS]),
            ("monotone", "entry", np.arange(ROWS) + 1),
            ("monotone", "ticket", np.cumsum(rng.integers(1, 9, ROWS))),
            ("monotone", "left", -np.cumsum(rng.integers(1, 4, ROWS))),
            ("permuted", "token", rng.permutation(ROWS)),
            ("permuted", "customer", rng.permutation(ROWS) + 50_001),
            ("sorted by class", "entry", np.arange(ROWS)),
            ("sorted by class", "ticket", np.cumsum(rng.integers(1, 9, ROWS))),
        )[seed]
        if kind == "sorted by class":
            order = np.argsort(y, kind="stable")
            columns, y = {k: v[order] for k, v in columns.items()}, y[order]
        made.append(Planted(kind, tabled({name: values, **columns}, y), name))
    return made


def for_trees() -> list[Planted]:
    """Ten tables of thresholds along the axes: checkerboards and boxes among features without signal."""
    return _shaped(12, {"checkerboard": _checkerboard, "boxes": _boxes}, rows=2400)


def for_networks() -> list[Planted]:
    """Ten tables whose labels follow a smooth function of many features: a slanted sum, a sum of products."""
    return _shaped(13, {"slanted sum": _slanted, "products": _products}, rows=1200)


def _shaped(family: int, kinds: dict[str, Callable[..., np.ndarray]], rows: int) -> list[Planted]:
    made = []
    for seed in range(10):
        rng = np.random.default_rng([family, seed])
        kind = [*kinds][seed % 2]
        X = rng.uniform(-1, 1, size=(rows, 12))
        logit = kinds[kind](X, rng)
        y = (logit > np.quantile(logit, 0.85)).astype(int)
        made.append(Planted(kind, tabled({f"x{i}": X[:, i] for i in range(12)}, y)))
    return made


def _checkerboard(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    cells = np.floor(X[:, :2] * 2 + rng.uniform(0, 1, 2)).astype(int)
    return (cells.sum(axis=1) % 2) * (X[:, 2] > 0.2) + 0.1 * rng.normal(size=len(X))


def _boxes(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    inside = np.zeros(len(X))
    for _ in range(3):
        low = rng.uniform(-0.9, 0.1, 2)
        pair = rng.choice(12, 2, replace=False)
        inside += ((X[:, pair] > low) & (X[:, pair] < low + 0.6)).all(axis=1)
    return (inside > 0) + 0.1 * rng.normal(size=len(X))


def _slanted(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return X @ rng.normal(size=12) + 0.2 * rng.normal(size=len(X))


def _products(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    a, b = X @ rng.normal(size=(12, 2)) / 2, X[:, :6] @ rng.normal(size=6)
    return a[:, 0] * a[:, 1] + b + 0.2 * rng.normal(size=len(X))


def drifting() -> list[Planted]:
    """Twenty tables over two years that drift: the direction turns, months have risks of their own, sensors shift."""
    return [_over_time(("turning", "months", "shifting", "turning")[k % 4], [14, k]) for k in range(20)]


def steady() -> list[Planted]:
    """Ten tables over two years without any drift, for comparison."""
    return [_over_time("steady", [15, k]) for k in range(10)]


def _over_time(kind: str, seed: list[int]) -> Planted:
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, 730, ROWS))
    t = day / 730
    X = rng.normal(size=(ROWS, 6))
    logit = 2 * X[:, 0] + X[:, 1]
    if kind == "turning":
        angle = np.pi * 0.8 * t
        logit = 2.2 * (np.cos(angle) * X[:, 0] + np.sin(angle) * X[:, 1])
    elif kind == "months":
        logit = X[:, 0] + rng.normal(scale=2.5, size=25)[day // 30]
    elif kind == "shifting":
        X[:, :2] += np.outer(3 * t, rng.choice([-1, 1], 2))
    y = (logit + rng.logistic(size=ROWS) > np.quantile(logit, 0.88)).astype(int)
    order = rng.permutation(ROWS)
    date = (np.datetime64("2022-01-01") + day).astype(str)
    columns = {"day": date[order], **{f"x{i}": X[order, i] for i in range(6)}}
    return Planted(kind, tabled(columns, y[order]), "day")
