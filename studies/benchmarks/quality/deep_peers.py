"""RealMLP and TabM at their tuned defaults (pytabkit) on the arrays that `claims.py --arrays FOLDER` left.

`python studies/benchmarks/quality/deep_peers.py FOLDER` appends to deep.jsonl, in an environment with PyTorch and
`pytabkit[models]`, which need not hold sweep. They refuse NaN: medians and indicators. Two-fold out-of-fold scores
choose their thresholds, as a fit takes long. By default they stop at the epoch of the highest accuracy, which tells
little where positives are few; `BY_LOSS` stops at the lowest cross-entropy.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.model_selection import StratifiedKFold

FILE = Path(__file__).with_name("deep.jsonl")
BY_LOSS = ", stopped by cross-entropy"
NAMES = [f"{name}{rule}" for rule in ("", BY_LOSS) for name in ("RealMLP", "TabM")]


def make(name: str) -> Any:
    """Build a classifier by name."""
    from pytabkit import RealMLP_TD_Classifier, TabM_D_Classifier

    model = {"RealMLP": RealMLP_TD_Classifier, "TabM": TabM_D_Classifier}[name.removesuffix(BY_LOSS)]
    more = {"val_metric_name": "cross_entropy"} if name.endswith(BY_LOSS) else {}
    return model(device="cpu", random_state=0, n_threads=1, verbosity=0, **more)


def probabilities(name: str, X: np.ndarray, y: np.ndarray, X_new: np.ndarray) -> np.ndarray:
    """Fit on some rows, and score others."""
    fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True).fit(X)
    model = make(name).fit(fill.transform(X).astype(np.float32), y)
    return np.asarray(model.predict_proba(fill.transform(X_new).astype(np.float32)))[:, 1]


def main(folder: Path, names: list[str]) -> None:
    """Measure what is not measured yet."""
    for path in sorted(folder.glob("*.npz"), key=lambda p: p.stat().st_mtime):
        with np.load(path) as kept:
            X, y, X_test = kept["X"], kept["y"], kept["X_test"]
        for name in names:
            rows = [json.loads(line) for line in FILE.read_text().splitlines()] if FILE.exists() else []
            if any((r["table"], r["method"]) == (path.stem, name) for r in rows):
                continue
            started, own = time.process_time(), np.empty(len(y))
            for fitted, held_out in StratifiedKFold(2, shuffle=True, random_state=0).split(X, y):
                own[held_out] = probabilities(name, X[fitted], y[fitted], X[held_out])
            p = probabilities(name, X, y, X_test)
            row = {"table": path.stem, "method": name, "own": own.tolist(), "p": p.tolist()}
            with FILE.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**row, "cpu": time.process_time() - started}) + "\n")
            print(path.stem, name, f"{time.process_time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or NAMES)
