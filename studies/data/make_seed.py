"""Make the seed tables (`python studies/data/make_seed.py`): the question's shape, 8982 : 380 to train on, 12 or 8 to find.

Everything comes from NumPy's PCG64 with the seeds below, so that running it again writes the same bytes.
"""

import sys
from pathlib import Path

import numpy as np
import polars as pl

TABLES = {"seed-1": (1, (8982, 380), (574, 12)), "seed-2": (2, (8982, 380), (574, 8))}

# The signal: most positives sit in one of CLUSTERS small clusters, each a shift of PICKED of the INFORMATIVE latent measures
# in directions of its own. Directions differ between clusters, so that a linear model sees little of it. The HIDDEN share of
# the positives looks like any other row, and no model finds it but by chance.
LATENT, INFORMATIVE, CLUSTERS, PICKED = 17, 9, 20, 6
SHIFT, SPREAD, HIDDEN = 1.7, 0.3, 0.35
SITES, KINDS = ["north", "east", "south", "west", "harbour", "mobile"], ["a", "b", "c"]


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
    cluster = rng.integers(len(directions), size=rows)
    found = (y == 1) & (rng.random(rows) >= HIDDEN)
    shift = np.where(found[:, None], directions[cluster], 0.0)
    z[:, :INFORMATIVE] = np.where(shift != 0, SHIFT * shift + SPREAD * z[:, :INFORMATIVE], z[:, :INFORMATIVE])

    columns: dict[str, pl.Series | np.ndarray] = {"y": y}
    for j in range(LATENT):
        columns[f"m{j + 1:02d}"] = as_measure(z[:, j], j, rng)
    site = np.where(found & (rng.random(rows) < 0.5), cluster % len(SITES), rng.integers(len(SITES), size=rows))
    columns["site"] = np.array(SITES)[site]
    columns["kind"] = np.array(KINDS)[np.digitize(z[:, -1] + rng.standard_normal(rows), [-0.5, 1.5])]
    columns["flag"] = np.where(rng.random(rows) < 0.15 + 0.1 * y, "t", "f")
    return pl.DataFrame(columns)


def as_measure(z: np.ndarray, j: int, rng: np.random.Generator) -> pl.Series:
    """Turn a standard normal latent (rows,) into the j-th measure: bell-shaped, skewed or bounded; every fourth has gaps."""
    scale = 10.0 ** (j % 4)
    match j % 3:
        case 0:
            x, decimals = scale * (5 + z), 2 - j % 4
        case 1:
            x, decimals = scale * np.exp(0.6 * z), 2 - j % 4
        case _:
            x, decimals = 100 / (1 + np.exp(-z)), 1
    x = np.round(x, max(decimals, 0))
    gaps = rng.random(len(z)) < (0.04 if j % 4 == 3 else 0.0)
    return pl.Series(x).set(pl.Series(gaps), None)


def make(name: str, folder: Path) -> None:
    """Write NAME-train.csv and NAME-test.csv into the folder; both share the clusters, not a row."""
    seed, train, test = TABLES[name]
    rng = np.random.default_rng(seed)
    directions = np.zeros((CLUSTERS, INFORMATIVE))
    for direction in directions:
        direction[rng.choice(INFORMATIVE, PICKED, replace=False)] = rng.choice([-1.0, 1.0], PICKED)
    for part, (negatives, positives) in {"train": train, "test": test}.items():
        draw_rows(rng, directions, negatives, positives).write_csv(folder / f"{name}-{part}.csv")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for table in TABLES:
        make(table, target)
