"""A whole study as users write it today: Optuna around Keras, class_weight, 5 folds; prints one JSON line.

    python plain.py TABLE TEST TRIALS EPOCHS

The tables are CSV files with the target `y`; text is one-hot encoded, medians fill what is missing. The objective, the
space and the sampler are those of `sweep run`; batch size and the rest are Keras' defaults.
"""

import json
import os
import sys
import time

started = time.perf_counter()
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import optuna  # noqa: E402
import polars as pl  # noqa: E402
from sklearn.metrics import average_precision_score  # noqa: E402
from sklearn.model_selection import StratifiedKFold  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)
tables = [pl.read_csv(path) for path in sys.argv[1:3]]
whole = pl.concat(tables, how="vertical_relaxed")
whole = whole.to_dummies([name for name, kind in whole.schema.items() if kind == pl.String])
whole = whole.with_columns(pl.all().fill_null(pl.all().median()))
table, target = whole.drop("y").to_numpy().astype("float32"), whole["y"].to_numpy()
trials, epochs = map(int, sys.argv[3:5])
rows = len(tables[0])
X, y, new_x, new_y = table[:rows], target[:rows], table[rows:], target[rows:]


def predict(params: dict, X: np.ndarray, y: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Fit on X and y, give probabilities of `to`."""
    scaler = StandardScaler().fit(X)
    hidden = [keras.layers.Dense(params["width"], "relu") for _ in range(params["depth"])]
    model = keras.Sequential([keras.Input((X.shape[1],)), *hidden, keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    b = np.clip(y.mean(), 1 - params["most"], params["most"])
    weights = {0: 1 / (2 * (1 - b)), 1: 1 / (2 * b)}
    model.fit(scaler.transform(X), y, epochs=epochs, class_weight=weights, verbose=0)
    return model.predict(scaler.transform(to), verbose=0)[:, 0]


def score(y: np.ndarray, p: np.ndarray) -> float:
    """The lesser of precision and recall of class 1."""
    called = p > 0.5
    return float((called & (y == 1)).sum() / max(called.sum(), (y == 1).sum(), 1))


def objective(trial: optuna.Trial) -> float:
    """Cross-validate one trial."""
    params = {
        "most": trial.suggest_float("most", 0.5, max(y.mean(), 1 - y.mean())),
        "depth": trial.suggest_int("depth", 1, 3),
        "width": trial.suggest_categorical("width", [32, 64, 128, 256]),
    }
    p = np.empty(len(y))
    for live, held_out in StratifiedKFold(5, shuffle=True, random_state=0).split(X, y):
        p[held_out] = predict(params, X[live], y[live], X[held_out])
    return score(y, p)


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=trials)
p = predict(study.best_params, X, y, new_x)
out = {"seconds": time.perf_counter() - started, "best": study.best_value, "test": score(new_y, p)}
print(json.dumps({**out, "test_average_precision": float(average_precision_score(new_y, p))}))
