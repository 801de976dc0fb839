"""What further repeats bring: networks, and means of several, averaged over 1, 2, 4 and 8 seeds, on the fresh tables.

`python studies/benchmarks/quality/repeats.py` writes repeats.md: one outer fold of each table, as averaging.py has it.
Eight seeds make eight means of one, four of two, two of four, whose measures are averaged: the seeds' own noise is
small. min(P1, R1) is that at the break-even point of the test rows themselves.
"""

from pathlib import Path

import click
import fresh
import numpy as np
from averaging import MOST, NETWORKS, table
from sklearn.metrics import average_precision_score

from sweep import train, weight_matrix
from sweep.data.features import Features
from sweep.stack.recipe import default_batch_size
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import balancing_threshold, score

HERE = Path(__file__).parent
SEEDS, NUMBERS = 8, (1, 2, 4, 8)
SINGLE = ("0x16 quantile 20", "1x32 none 20", "2x64 none 20", "2x64 quantile 20")
TEAMS = (*((name,) for name in SINGLE), (SINGLE[0], SINGLE[3]), (SINGLE[2], SINGLE[3]), (SINGLE[0], *SINGLE[2:]))


def logits(name: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Train each network with each seed: the labels of the test rows, and their logits, (rows, seeds)."""
    frame, (y, test, _) = table(name)
    X = Features.learn(frame.filter(~test)).transform(frame)
    labels = np.repeat(y[~test, None], SEEDS, axis=1)
    found = {}
    for network in SINGLE:
        depth, width, bins, epochs = NETWORKS[network]
        stack = train(
            X[~test], labels, weight_matrix(labels, MOST), depth=depth, width=width, bins=bins, epochs=epochs,
            batch_size=default_batch_size(len(labels)), init_seed=list(range(1, SEEDS + 1)),
        )  # fmt: skip
        found[network] = stack.logits(X[test])
    return y[test], found


def measure(y: np.ndarray, own: np.ndarray) -> tuple[float, float]:
    """Average precision and min(P1, R1)."""
    called = own > balancing_threshold(y, own, "ratio")
    return float(average_precision_score(y, own)), float(score(Counts.of(y, called)))


@click.command()
def main() -> None:
    """Measure, and write repeats.md."""
    tables = []
    for name in fresh.TABLES:
        y, found = logits(name)
        teams = [np.mean([found[member] for member in team], axis=0) for team in TEAMS]
        tables.append(
            [
                [
                    np.mean([measure(y, z[:, at : at + n].mean(axis=1)) for at in range(0, SEEDS, n)], axis=0)
                    for n in NUMBERS
                ]
                for z in teams
            ]
        )
        click.echo(name)
    measured = np.array(tables)  # (tables, teams, numbers, measures)
    lines = [
        f"Means over {len(tables)} tables, and differences from two repeats with their standard errors over them.",
        "",
        "| the mean of | measure | 1 repeat | 2 | 4 | 8 | 4 less 2 | 1 less 2 |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for team, of_team in zip(TEAMS, np.moveaxis(measured, 1, 0), strict=True):
        for k, name in enumerate(("average precision", "min(P1, R1)")):
            values = of_team[:, :, k]
            apart = [values[:, to] - values[:, 1] for to in (2, 0)]
            means = " | ".join(f"{value:.4f}" for value in values.mean(axis=0))
            differences = " | ".join(f"{d.mean():+.4f} ± {d.std() / np.sqrt(len(d)):.4f}" for d in apart)
            lines.append(f"| {'; '.join(team)} | {name} | {means} | {differences} |")
    (HERE / "repeats.md").write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
