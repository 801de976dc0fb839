"""Make the seed tables: the shape of the question, 8982 : 380 to train on, 12 or 8 to find. Run it as it is.

Everything comes from NumPy's PCG64 with the seeds below, so that running it again writes the same bytes.
"""

from pathlib import Path

import numpy as np
import polars as pl

TABLES = {"seed-1": (1, (8982, 380), (574, 12)), "seed-2": (2, (8982, 380), (574, 8))}

# The signal: most positives sit in one of CLUSTERS small clusters, each a shift of PICKED of the INFORMATIVE latent
# measures in directions of its own, so that a linear model sees little of it. The HIDDEN share of the positives looks
# like any other row, and no model finds it but by chance. The DECOYS share of the negatives sits in the clusters too,
# more in the later ones, so that a positive is likely in the first and a long shot in the last.
LATENT, INFORMATIVE, CLUSTERS, PICKED = 17, 9, 24, 5
SHIFT, SPREAD, HIDDEN, DECOYS = 2.2, 0.3, 0.4, 0.015
SITES = ["north", "east", "south", "west", "harbour", "mobile"]
KINDS = ["a", "b", "c"]


def draw_directions(rng: np.random.Generator) -> np.ndarray:
    """Draw where each cluster of positives lies, (clusters, informative), in units of SHIFT: -1, 0 or 1."""
    directions = np.zeros((CLUSTERS, INFORMATIVE))
    for direction in directions:
        direction[rng.choice(INFORMATIVE, PICKED, replace=False)] = rng.choice([-1.0, 1.0], PICKED)
    return directions


def draw_rows(rng: np.random.Generator, directions: np.ndarray, negatives: int, positives: int) -> pl.DataFrame:
    """Draw exactly so many rows of each class, in random order.

    Parameters
    ----------
    directions : ndarray (clusters, informative)
        Where each cluster of positives lies, in units of SHIFT: -1, 0 (not shifted there) or 1.

    Returns
    -------
    DataFrame
        `y`, 17 numbers `m01` ... `m17` of different scale and skew, and the categories `site`, `kind` and `flag`.
    """
    rows = negatives + positives
    y = rng.permutation(np.repeat([0, 1], [negatives, positives]))
    z = rng.standard_normal((rows, LATENT))
    rank = np.arange(len(directions))
    cluster = np.where(y == 1, rng.integers(len(rank), size=rows), rng.choice(rank, size=rows, p=rank / rank.sum()))
    clustered = rng.random(rows) < np.where(y == 1, 1 - HIDDEN, DECOYS)
    shift = np.where(clustered[:, None], directions[cluster], 0.0)
    z[:, :INFORMATIVE] = np.where(shift != 0, SHIFT * shift + SPREAD * z[:, :INFORMATIVE], z[:, :INFORMATIVE])

    columns: dict[str, pl.Series | np.ndarray] = {"y": y}
    for j in range(LATENT):
        columns[f"m{j + 1:02d}"] = as_measure(z[:, j], j, rng)
    site = np.where(clustered & (rng.random(rows) < 0.5), cluster % len(SITES), rng.integers(len(SITES), size=rows))
    columns["site"] = np.array(SITES)[site]
    columns["kind"] = np.array(KINDS)[np.digitize(z[:, -1] + rng.standard_normal(rows), [-0.5, 1.5])]
    columns["flag"] = np.where(rng.random(rows) < 0.15 + 0.1 * y, "t", "f")
    return pl.DataFrame(columns)


def as_measure(z: np.ndarray, j: int, rng: np.random.Generator) -> pl.Series:
    """Turn a standard normal latent (rows,) into the j-th measure: bell, skewed or bounded; every fourth has gaps."""
    power = j % 4
    match j % 3:
        case 0:
            x, decimals = 10.0**power * (5 + z), max(2 - power, 0)
        case 1:
            x, decimals = 10.0**power * np.exp(0.6 * z), max(2 - power, 0)
        case _:
            x, decimals = 100 / (1 + np.exp(-z)), 1
    missing = rng.random(len(z)) < (0.04 if power == 3 else 0.0)
    return pl.Series(np.round(x, decimals)).set(pl.Series(missing), None)


def make(name: str, folder: Path) -> None:
    """Write NAME-train.csv and NAME-test.csv into the folder; both share the clusters, not a row."""
    seed, train, test = TABLES[name]
    rng = np.random.default_rng(seed)
    directions = draw_directions(rng)
    for part, (negatives, positives) in {"train": train, "test": test}.items():
        draw_rows(rng, directions, negatives, positives).write_csv(folder / f"{name}-{part}.csv")


if __name__ == "__main__":
    for table in TABLES:
        make(table, Path(__file__).parent)
