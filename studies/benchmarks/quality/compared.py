"""What a default is worth, where the network is searched: with it, and with something else in its place.

`python studies/benchmarks/quality/compared.py` appends to bins.jsonl, width.jsonl and batch.jsonl what is not there yet
and writes bins.md, width.md and batch.md. Each of some networks is scored out-of-fold on two thirds of a development
table, the smallest within one standard error of the best of them is taken, as `sweep run` does, and scored on the last
third.
"""

import json
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.special import expit
from sklearn.metrics import average_precision_score, log_loss
from sklearn.model_selection import StratifiedKFold
from tables import DEVELOPMENT, LARGER, TARGET, THINNED, load

from sweep.class_weight import weight_matrix
from sweep.data.features import Features
from sweep.search.selection import CANDIDATES, Confirmed, bins_help, smallest_within_error
from sweep.search.setup import TrialSetup
from sweep.stack.recipe import Recipe, default_batch_size, default_epochs
from sweep.stack.training import fit
from sweep.statistics.confusion import Counts
from sweep.statistics.criteria import balancing_threshold, score
from sweep.study.params import Params

HERE = Path(__file__).parent
SETTLED = ("vowel0", "segment0", "seed-2", "wide")  # that every network ranks all but perfectly, or that are slow
UNSETTLED = tuple(name for name in DEVELOPMENT if name not in SETTLED)
FOLDS, REPEATS = 5, 2


@dataclass(frozen=True)
class Comparison:
    """Variants of the recipe on some tables and networks; the others are held against the first."""

    what: str
    variants: dict[str, Any]  # by name: how each differs
    tables: tuple[str, ...]
    networks: tuple[tuple[int, int], ...]


COMPARISONS = {
    "bins": Comparison(
        "numbers by bins, too",
        {"where it helps": {"bins": (False, True)}, "nowhere": {}, "everywhere": {"bins": (True,)}},
        (*(name for name in UNSETTLED if name != "seed-1"), *THINNED),
        ((1, 32), (2, 64), (2, 128)),
    ),
    "width": Comparison(
        "weight decay and dropout",
        {"by the width": {}, "the same for all widths": {"weight_decay": 0.45, "dropout": 0.3}},
        UNSETTLED,
        tuple((depth, width) for width in (32, 64, 128, 256) for depth in (1, 2)),
    ),
    "batch": Comparison(
        "rows a step of tables with 5,000 rows or more",
        {
            "128": {"batch_size": 128},
            "64": {"batch_size": 64},
            "256": {"batch_size": 256},
            "128, twice the learning rate": {"batch_size": 128, "learning_rate": 0.04},
            "256, four times the learning rate": {"batch_size": 256, "learning_rate": 0.08},
        },
        LARGER,
        ((1, 64), (2, 128)),
    ),
}
MEASURES = ("min(P1, R1)", "min(R0, R1)", "average precision", "log loss")


def measure(settings: dict[str, Any], networks: tuple[tuple[int, int], ...], name: str) -> list[list[float]]:
    """The four measures on each outer fold of a table, of the network that is taken there."""
    frame = load(name)
    y = frame[TARGET].to_numpy().astype(int)
    X = Features.learn(frame.drop(TARGET)).transform(frame)
    ratio = float(np.sqrt((1 - y.mean()) / y.mean()))
    middle = ratio / (1 + ratio)
    outer = list(StratifiedKFold(3, shuffle=True, random_state=0).split(y, y))
    inner = [list(StratifiedKFold(FOLDS, shuffle=True, random_state=1).split(rows, y[rows])) for rows, _ in outer]
    weights = []
    for (rows, _), folds in zip(outer, inner, strict=True):
        weights += [(rows[live], middle) for live, _ in folds for _ in range(REPEATS)]
        weights += [(rows, middle)] * REPEATS + [(rows, 1.0)] * REPEATS
    W = np.zeros((len(y), len(weights)), np.float32)
    for column, (rows, most) in enumerate(weights):
        W[rows, column] = weight_matrix(y[rows], most)
    Y = np.repeat(y[:, None], W.shape[1], axis=1).astype(np.float32)
    init_seed = np.arange(W.shape[1]) % REPEATS
    logits = {}
    how = {"epochs": default_epochs(len(y)), "batch_size": default_batch_size(len(y)), **settings}
    kinds = how.pop("bins", (False,))
    for (depth, width), bins in product(networks, kinds):
        stack = fit(X, Y, W, Recipe(depth=depth, width=width, bins=bins, **how), seed=0, init_seed=init_seed)
        logits[Params(0.5, depth, width, bins=bins)] = stack.logits(X)
    found = []
    for k, (rows, held_out) in enumerate(outer):
        at = {network: np.split(values, len(outer), axis=1)[k] for network, values in logits.items()}
        network, cut = take(y[rows], inner[k], {n: values[rows] for n, values in at.items()})
        final = at[network][held_out, FOLDS * REPEATS :].reshape(-1, 2, REPEATS).mean(axis=2)
        middle_logit, full = np.split(final, 2, axis=1)
        found.append(measures(y[held_out], middle_logit[:, 0], full[:, 0], cut, np.log(ratio)))
    return found


def take(y: np.ndarray, folds: list[Any], logits: dict[Params, np.ndarray]) -> tuple[Params, float]:
    """The network that is taken by its out-of-fold logits, and the cut on them at which FP = FN."""
    nowhere = np.zeros(len(y), int)
    setup = TrialSetup(y, nowhere, np.arange(len(y)), 1, 1, 1, "ratio", 0)
    scored, cuts = {}, {}
    for number, (params, values) in enumerate(logits.items()):
        out = np.empty(len(y))
        for k, (_, held_out) in enumerate(folds):
            out[held_out] = values[held_out, k * REPEATS : (k + 1) * REPEATS].mean(axis=1)
        cuts[params] = balancing_threshold(y, out)
        moved = (out - cuts[params])[:, None]
        scored[params] = Confirmed(number, params, moved, setup.score(moved))
    one_kind = [c for c in scored.values() if not c.params.bins] or [*scored.values()]
    taken = smallest_within_error(setup, sorted(one_kind, key=lambda c: -c.score)[:CANDIDATES])
    binned = scored.get(replace(taken.params, bins=True), taken)
    taken = binned if bins_help(setup, taken, binned) else taken
    return taken.params, cuts[taken.params]


def measures(y: np.ndarray, middle: np.ndarray, full: np.ndarray, cut: float, shift: float) -> list[float]:
    """In the order of `MEASURES`; the log loss as a share of that of always saying the share of positives."""
    p = np.clip(expit(middle - shift), 1e-7, 1 - 1e-7)
    return [
        float(score(Counts.of(y, middle > cut))),
        float(score(Counts.of(y, full > 0), "recall")),
        float(average_precision_score(y, middle)),
        float(log_loss(y, p) / log_loss(y, np.full(len(y), y.mean()))),
    ]


def summarise(compared: Comparison, rows: list[dict[str, Any]]) -> str:
    """Means over the tables, and each variant less the first with paired intervals, as Markdown."""
    at = {(r["variant"], r["table"]): np.mean(r["folds"], axis=0) for r in rows}
    tables, variants = compared.tables, compared.variants
    means = {v: np.array([at[v, t] for t in tables]) for v in variants}
    draws, first = np.random.default_rng(0).integers(0, len(tables), (4000, len(tables))), next(iter(variants))
    lines = [
        f"Means over three outer folds of {len(tables)} development tables; in brackets the difference to the first "
        "line, 95 % over tables.",
        "",
        f"| {compared.what} | {' | '.join(MEASURES)} |",
        "|---|---|---|---|---|",
    ]
    for variant, values in means.items():
        low, high = np.quantile((values - means[first])[draws].mean(axis=1), (0.025, 0.975), axis=0)
        told = ["" if variant == first else f" ({a:+.3f} to {b:+.3f})" for a, b in zip(low, high, strict=True)]
        cells = [f"{mean:.3f}{more}" for mean, more in zip(values.mean(axis=0), told, strict=True)]
        lines.append(f"| {variant} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


@click.command()
@click.option("--only", type=click.Choice(list(COMPARISONS)), multiple=True, help="Measure these; default: all.")
def main(only: tuple[str, ...]) -> None:
    """Measure what is not measured yet."""
    for name in only or COMPARISONS:
        compared, file = COMPARISONS[name], HERE / f"{name}.jsonl"
        done = {(r["variant"], r["table"]) for r in read(file)}
        for variant, settings in compared.variants.items():
            for table in compared.tables:
                if (variant, table) not in done:
                    row = {"variant": variant, "table": table, "folds": measure(settings, compared.networks, table)}
                    with file.open("a", encoding="utf-8") as opened:
                        opened.write(json.dumps(row) + "\n")
                    means = np.mean(row["folds"], axis=0)
                    click.echo(f"{variant}  {table}  " + "  ".join(f"{v:.3f}" for v in means))
        (HERE / f"{name}.md").write_text(summarise(compared, read(file)), encoding="utf-8")


def read(file: Path) -> list[dict[str, Any]]:
    """What is measured."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


if __name__ == "__main__":
    main()
