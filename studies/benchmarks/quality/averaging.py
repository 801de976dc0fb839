"""Ways of averaging six networks and boosted trees, on the fresh tables, beside each of them and untuned LightGBM.

`python studies/benchmarks/quality/averaging.py` appends to averaging.jsonl what is not there yet and writes
averaging.md; with `--rows N` of so many rows, averaging-N.jsonl and averaging-N.md. One outer fold is the test;
out-of-fold logits of three folds of the other rows choose networks, lines of recalibration and thresholds. Tables of
more than `ROWS` rows, or N, are thinned to that, but for those in `WHOLE`. With `--logits FOLDER` the logits of each
table are kept there, and those of the same rows that lie there are not computed again.
"""

import json
from pathlib import Path
from typing import Any

import click
import fresh
import numpy as np
import polars as pl
from scipy.special import logit
from sklearn.model_selection import StratifiedKFold
from unseen import MEASURES, MOST, PEERS, measures

from sweep import train, weight_matrix
from sweep.class_weight import weight_ratio
from sweep.data.features import Features
from sweep.stack.recipe import Recipe, default_batch_size
from sweep.stack.training import fit
from sweep.statistics.calibration import fit_line

HERE = Path(__file__).parent
ROWS, REPEATS, MEMBERS = 3_000, 2, 3
WHOLE = ("poor health",)  # of 8000 rows 1.2 % are positive
NETWORKS = {  # depth, width, bins, epochs
    f"{depth}x{width} {'quantile' if bins else 'none'} {epochs}": (depth, width, bins, epochs)
    for depth, width, bins, epochs in (
        (0, 16, True, 20), (1, 32, False, 20), (2, 64, False, 20), (2, 64, True, 20), (2, 64, True, 60),
        (2, 64, True, 150),
    )
}  # fmt: skip
FEW = "50 boosted trees"
TREES = {FEW: 50, "150 boosted trees": 150, "450 boosted trees": 450}
NOW = f"of at most {MEMBERS} within 1 standard error, trees among them, as `sweep run` does"
Split = tuple[np.ndarray, np.ndarray, np.ndarray]


def table(name: str, most: int = ROWS) -> tuple[pl.DataFrame, Split]:
    """Read a table: its columns; its label, whether a row is for the test, and the inner fold, -1 in the test."""
    frame = fresh.load(name, max(most, fresh.ROWS))
    if len(frame) > most and name not in WHOLE:
        frame = frame[np.sort(np.random.default_rng(1).permutation(len(frame))[:most])]
    y = frame[fresh.TARGET].to_numpy()
    rows, held_out = next(iter(StratifiedKFold(3, shuffle=True, random_state=0).split(y, y)))
    fold = np.full(len(y), -1)
    for k, (_, left_out) in enumerate(StratifiedKFold(3, shuffle=True, random_state=1).split(rows, y[rows])):
        fold[rows[left_out]] = k
    return frame.drop(fresh.TARGET), (y, np.isin(np.arange(len(y)), held_out), fold)


def network(X: np.ndarray, split: Split, name: str) -> np.ndarray:
    """Compute log-odds of one network, the weights undone: out-of-fold, and on the test rows; (repeats, rows)."""
    y, test, fold = split
    live = np.stack([*(~test & (fold != k) for k in range(3)), ~test] * REPEATS, axis=1)
    W = np.zeros(live.shape, np.float32)
    for s, rows in enumerate(live.T):
        W[rows, s] = weight_matrix(y[rows], MOST)
    Y, seeds = np.repeat(y[:, None], live.shape[1], axis=1), np.repeat(range(1, REPEATS + 1), 4)
    if name in TREES:
        stack = fit(X, Y.astype(np.float32), W, Recipe(trees=TREES[name]), seed=0, init_seed=seeds)
    else:
        depth, width, bins, epochs = NETWORKS[name]
        stack = train(
            X, Y, W, depth=depth, width=width, bins=bins, epochs=epochs,
            batch_size=default_batch_size(int((~test).sum())), init_seed=seeds.tolist(),
        )  # fmt: skip
    shift = np.log([float(weight_ratio(MOST, float(y[rows].mean()))) for rows in live.T])
    logits = (stack.logits(X) - shift).reshape(len(y), REPEATS, 4)
    own: np.ndarray = logits[np.arange(len(y)), :, fold].T.astype(np.float32)  # fold -1: the last of four
    return own


def lightgbm(X: np.ndarray, split: Split) -> np.ndarray:
    """Compute log-odds of LightGBM, untuned, as of a network of one repeat."""
    y, test, fold = split
    p = np.empty(len(y))
    for k in range(-1, 3):
        rows, scored = ~test & (fold != k), fold == k
        p[scored] = PEERS["LightGBM"]().fit(X[rows], y[rows]).predict_proba(X[scored])[:, 1]
    return np.asarray(logit(np.clip(p, 1e-7, 1 - 1e-7)), np.float32)[None]


def gather(name: str, most: int, folder: Path | None) -> tuple[Split, dict[str, np.ndarray]]:
    """Take the logits of a table from a folder, compute those that are not there, and average their repeats."""
    frame, split = table(name, most)
    file = folder / f"{name.replace(' ', '_')}.npz" if folder else None
    kept: dict[str, np.ndarray] = dict(zip(("y", "te", "fold"), split, strict=True))
    if file and file.exists():
        found = dict(np.load(file))
        if not all(np.array_equal(found[key], value) for key, value in kept.items()):
            raise click.ClickException(f"{file} holds logits of other rows or folds: move it away.")
        kept = found
    names = (*NETWORKS, *TREES, "LightGBM")
    if not all(n in kept for n in names):
        X = Features.learn(frame.filter(~split[1])).transform(frame)
        for n in names:
            if n not in kept:
                kept[n] = lightgbm(X, split) if n == "LightGBM" else network(X, split, n)
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(file, **kept)
    return split, {n: kept[n].mean(axis=0).astype(float) for n in names}


def recalibrate(y: np.ndarray, rows: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Lay the line through logits that fits the labels of some rows best; where it would fall, next to none."""
    ((intercept, slope),) = fit_line(y[rows].astype(float), logits[rows], np.ones((1, int(rows.sum()))))
    if slope <= 0:
        intercept, slope = logit(y[rows].mean()), 1e-6
    line: np.ndarray = intercept + slope * logits
    return line


def rules(split: Split, logits: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give the logits of each rule: plain means of logits, chosen by the recalibrated log loss out of fold."""
    y, test, _ = split
    given = {n: logits[n] for n in (*NETWORKS, *TREES)}

    def loss(raw: np.ndarray) -> np.ndarray:
        line = recalibrate(y, ~test, raw)[~test]
        each: np.ndarray = np.logaddexp(0, line) - y[~test] * line
        return each

    losses = {n: loss(raw) for n, raw in given.items()}
    trees, *more = TREES
    while more and losses[more[0]].mean() < losses[trees].mean():
        trees = more.pop(0)

    def mean(names: list[str], within: float, *, falling: bool = False) -> np.ndarray:
        """Average at most `MEMBERS` within so many standard errors; falling: with weights that fall with them."""
        order = sorted(names, key=lambda n: losses[n].mean())
        away = {n: losses[n] - losses[order[0]] for n in order}
        distance = {n: a.mean() / a.std() * np.sqrt(len(a)) if a.any() else 0.0 for n, a in away.items()}
        near = [n for n in order if distance[n] <= within][:MEMBERS]
        weights = [float(np.exp(-distance[n])) if falling else 1.0 for n in near]
        return np.asarray(np.average([given[n] for n in near], axis=0, weights=weights))

    def selected(names: list[str], *, votes: bool = False) -> np.ndarray:
        """Average the best and what lowers the log loss of the mean the most, as long as one does.

        With votes, of recalibrated logits, one may be added more than once.
        """
        of = {n: recalibrate(y, ~test, given[n]) if votes else given[n] for n in names}
        chosen: list[str] = []
        mean, lowest = np.zeros(0), np.inf
        while len(chosen) < MEMBERS:
            others = [n for n in names if votes or n not in chosen]
            means = {n: np.mean([of[m] for m in (*chosen, n)], axis=0) for n in others}
            found = {n: loss(raw).mean() for n, raw in means.items()}
            best = min(found, key=lambda n: found[n])
            if found[best] >= lowest:
                break
            chosen, mean, lowest = [*chosen, best], means[best], found[best]
        return mean

    plain, some = [*NETWORKS], f"of at most {MEMBERS} within"
    return {
        **given,
        "lowest log loss, of networks": mean(plain, 0.0),
        "mean of all six networks": np.mean([given[n] for n in plain], axis=0),
        f"{some} 2 standard errors, of networks alone, as before": mean(plain, 2.0),
        f"{some} 1 standard error, of networks alone": mean(plain, 1.0),
        f"{some} 2 standard errors, trees among them": mean([*plain, trees], 2.0),
        f"{some} 2, trees among them, weights exp(-distance)": mean([*plain, trees], 2.0, falling=True),
        f"{some} 1 standard error, {FEW} among them": mean([*plain, FEW], 1.0),
        "the lowest log loss, and what lowers that of the mean, trees among them": selected([*plain, trees]),
        "by three votes of that kind, with recalibrated logits, trees among them": selected(
            [*plain, trees], votes=True
        ),
        NOW: mean([*plain, trees], 1.0),
        "LightGBM, untuned": logits["LightGBM"],
    }


def summarise(rows: list[dict[str, Any]]) -> str:
    """Means over the tables, and differences from the rule of now, as Markdown."""
    names, tables = ([*dict.fromkeys(r[key] for r in rows)] for key in ("rule", "table"))
    at = {(r["table"], r["rule"]): r["found"] for r in rows}
    values = np.array([[at[t, n] for t in tables] for n in names])  # (rules, tables, measures)
    away = values - values[names.index(NOW)]
    errors = away.std(axis=1, ddof=1) / np.sqrt(len(tables))
    head = [f"| | {' | '.join(MEASURES)} |", "|---|---|---|---|---|"]
    lines = [
        f"Means over {len(tables)} tables; networks as depth x width, bins, epochs. The log loss is recalibrated on "
        "the out-of-fold logits, and a share of that of always saying the prevalence.", "", *head,
        *(f"| {n} | " + " | ".join(f"{v:.3f}" for v in m) + " |" for n, m in zip(names, values.mean(1), strict=True)),
        "", f"Differences from the mean {NOW}, with their standard errors over the tables:", "", *head,
    ]  # fmt: skip
    for n, mean, error in zip(names, away.mean(axis=1), errors, strict=True):
        if n != NOW:
            lines.append(
                f"| {n} | " + " | ".join(f"{v:+.3f} ± {e:.3f}" for v, e in zip(mean, error, strict=True)) + " |"
            )
    return "\n".join([*lines, ""])


@click.command()
@click.option("--logits", "folder", type=click.Path(path_type=Path, file_okay=False), help="Keeps logits: NAME.npz.")
@click.option("--rows", "most", default=ROWS, show_default=True, help="Of a table, at most.")
@click.option("--table", "tables", multiple=True, type=click.Choice(list(fresh.TABLES)), help="Default: all.")
def main(folder: Path | None, most: int, tables: tuple[str, ...]) -> None:
    """Measure what is not measured yet."""
    file = HERE / f"averaging{'' if most == ROWS else f'-{most}'}.jsonl"
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    for name in tables or fresh.TABLES:
        if name in {row["table"] for row in rows}:
            continue
        split, logits = gather(name, most, folder)
        y, test, _ = split
        found = []
        for rule, raw in rules(split, logits).items():
            z = recalibrate(y, ~test, raw)
            found.append({"table": name, "rule": rule, "found": measures(y[~test], z[~test], y[test], z[test])})
        rows += found
        with file.open("a", encoding="utf-8") as opened:
            opened.writelines(json.dumps(row) + "\n" for row in found)
        click.echo(f"{name}  {found[-2]['found'][0]:.3f}")
    file.with_suffix(".md").write_text(summarise(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
