"""What depth, width, bins and epochs do on the fresh development tables: what they say of the search space.

`python studies/benchmarks/quality/development.py` appends to development.jsonl what is not there yet and writes
development.md. Three-fold, out-of-fold, one network per fold, half-way along the balances; tables of more than 4000
rows are thinned to that unless fewer than 2 % are positive. Rows named "tree" came of a prototype: bins whose edges are
the splits of two small decision trees, below and above the median. Logistic regression had C = 0.1 there.
"""

import json
from pathlib import Path
from typing import Any

import fresh
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import StratifiedKFold
from unseen import MOST, PEERS, measures

from sweep import train, weight_matrix
from sweep.class_weight import weight_ratio
from sweep.data.features import Features
from sweep.stack.recipe import default_batch_size

HERE = Path(__file__).parent
FILE = HERE / "development.jsonl"
NETWORKS = {  # depth, width, bins, epochs
    f"{depth}x{width} {'quantile' if bins else 'none'} {epochs}": (depth, width, bins, epochs)
    for depth, width, bins, epochs in (
        (0, 16, True, 20), (1, 16, False, 20), (2, 64, False, 20), (2, 64, False, 60), (2, 64, True, 20),
        (2, 64, True, 60),
    )
}  # fmt: skip
SCORES = {"ap": "average precision", "pr": "min(P1, R1)", "rr": "min(R0, R1)", "ll": "log loss"}


def table(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, y and the fold of each row."""
    frame = fresh.load(name)
    y = frame[fresh.TARGET].to_numpy()
    if len(y) > 4000 and y.mean() > 0.02:
        rows = np.sort(np.random.default_rng(1).permutation(len(y))[:4000])
        frame, y = frame[rows], y[rows]
    frame = frame.drop(fresh.TARGET)
    fold = np.empty(len(y), int)
    for k, (_, held_out) in enumerate(StratifiedKFold(3, shuffle=True, random_state=0).split(y, y)):
        fold[held_out] = k
    return Features.learn(frame).transform(frame), y, fold


def network(X: np.ndarray, y: np.ndarray, fold: np.ndarray, name: str) -> np.ndarray:
    """Out-of-fold log-odds of one network, the weights undone."""
    depth, width, bins, epochs = NETWORKS[name]
    live = np.stack([fold != k for k in range(3)], axis=1)
    W = np.zeros(live.shape, np.float32)
    for k in range(3):
        W[live[:, k], k] = weight_matrix(y[live[:, k]], MOST)
    stack = train(
        X, np.repeat(y[:, None], 3, axis=1), W, depth=depth, width=width, bins=bins, epochs=epochs,
        batch_size=default_batch_size(len(y)), init_seed=[1, 1, 1],
    )  # fmt: skip
    shift = np.log([float(weight_ratio(MOST, float(y[live[:, k]].mean()))) for k in range(3)])
    undone: np.ndarray = (stack.logits(X) - shift)[np.arange(len(y)), fold]
    return undone


def peer(X: np.ndarray, y: np.ndarray, fold: np.ndarray, make: Any) -> np.ndarray:
    """Out-of-fold log-odds of a scikit-learn classifier."""
    p = np.empty(len(y))
    for k in range(3):
        model: BaseEstimator = make().fit(X[fold != k], y[fold != k])
        p[fold == k] = np.clip(model.predict_proba(X[fold == k])[:, 1], 1e-7, 1 - 1e-7)
    return np.log(p / (1 - p))


def summarise(rows: list[dict[str, Any]]) -> str:
    """Means over the tables that all were measured on, as Markdown."""
    at = {(r["t"], r["n"]): r for r in rows}
    names = [*dict.fromkeys(r["n"] for r in rows)]
    full = [t for t in fresh.DEVELOPMENT if all((t, n) in at for n in (*NETWORKS, *PEERS))]
    lines = [
        f"Means over {len(full)} development tables; networks as depth x width, bins, epochs. In brackets: of how many "
        "tables the average precision is above that of the first line.", "",
        f"| | {' | '.join(SCORES.values())} |", "|---|---|---|---|---|",
    ]  # fmt: skip
    first = next(iter(NETWORKS))
    for n in names:
        if all((t, n) in at for t in full):
            above = sum(at[t, n]["ap"] > at[t, first]["ap"] for t in full)
            cells = [f"{np.mean([at[t, n][m] for t in full]):.3f}" for m in SCORES]
            lines.append(f"| {n} | {cells[0]} ({above}) | {' | '.join(cells[1:])} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure what is not measured yet."""
    rows = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()] if FILE.exists() else []
    done = {(r["t"], r["n"]) for r in rows}
    for t in fresh.DEVELOPMENT:
        left = [n for n in (*NETWORKS, *PEERS) if (t, n) not in done]
        data = table(t) if left else None
        for n in left:
            assert data is not None
            own = network(*data, n) if n in NETWORKS else peer(*data, PEERS[n])
            row = {"t": t, "n": n, **dict(zip(SCORES, measures(data[1], own, data[1], own), strict=True))}
            rows.append(row)
            with FILE.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    (HERE / "development.md").write_text(summarise(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
