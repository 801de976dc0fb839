"""What `sweep run` is held against: each takes training rows and gives scores of test rows with two cuts.

A peer's cuts are tuned on its own out-of-fold scores of the training rows: `ratio` where FP = FN, `recall` where
R0 = R1. The tuned ones search for as many seconds as `sweep run` took on the same rows.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

import lightgbm
import numpy as np
import optuna
import xgboost
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_curve
from sklearn.model_selection import StratifiedKFold, TunedThresholdClassifierCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sweep.stack.backend import keras
from sweep.statistics.criteria import balancing_threshold

CORES = len(os.sched_getaffinity(0))  # that this process may use: all peers get the same
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)


@dataclass(frozen=True)
class Scored:
    """Probability of each test row, and whether it is called at the ratio and at the recall balance."""

    probability: np.ndarray
    ratio: np.ndarray
    recall: np.ndarray


def cuts(y: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """The cuts of out-of-fold scores at which FP = FN and R0 = R1."""
    fpr, tpr, at = roc_curve(y, scores)
    return balancing_threshold(y, scores), float(at[np.argmin(np.abs(tpr - (1 - fpr)))]) - 1e-12


def by_cut(y: np.ndarray, out_of_fold: np.ndarray, test: np.ndarray, *, shift: float = 0.0) -> Scored:
    """Decide test rows by the cuts of the training rows; `shift` undoes a weight in the log-odds."""
    ratio, recall = cuts(y, out_of_fold)
    undone = expit(logit(np.clip(test, 1e-7, 1 - 1e-7)) - shift)
    return Scored(undone, test > ratio, test > recall)


def fitted(model: BaseEstimator, X: np.ndarray, y: np.ndarray, X_test: np.ndarray, *, shift: float = 0.0) -> Scored:
    """A scikit-learn classifier: out-of-fold scores for its cuts, a fit on all rows for the test."""
    own = cross_val_predict(clone(model), X, y, cv=FOLDS, method="predict_proba")[:, 1]
    return by_cut(y, own, model.fit(X, y).predict_proba(X_test)[:, 1], shift=shift)


def tuned(
    build: Callable[[optuna.Trial], BaseEstimator], X: np.ndarray, y: np.ndarray, X_test: np.ndarray, seconds: float
) -> Scored:
    """Tune a booster by Optuna for so many seconds, on out-of-fold average precision."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        own = cross_val_predict(build(trial), X, y, cv=FOLDS, method="predict_proba")[:, 1]
        return float(average_precision_score(y, own))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(objective, timeout=seconds)
    weight = study.best_params["scale_pos_weight"]
    return fitted(build(optuna.trial.FixedTrial(study.best_params)), X, y, X_test, shift=float(np.log(weight)))


def lightgbm_of(trial: optuna.Trial, heaviest: float) -> BaseEstimator:
    """LightGBM over its usual ranges, `scale_pos_weight` among them."""
    return lightgbm.LGBMClassifier(
        n_estimators=trial.suggest_int("n_estimators", 50, 600, log=True),
        learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        num_leaves=trial.suggest_int("num_leaves", 4, 64, log=True),
        min_child_samples=trial.suggest_int("min_child_samples", 3, 60, log=True),
        colsample_bytree=trial.suggest_float("colsample_bytree", 0.4, 1.0),
        subsample=trial.suggest_float("subsample", 0.5, 1.0),
        subsample_freq=1,
        reg_lambda=trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
        scale_pos_weight=trial.suggest_float("scale_pos_weight", 1.0, heaviest, log=True),
        n_jobs=CORES,
        random_state=0,
        verbose=-1,
    )


def xgboost_of(trial: optuna.Trial, heaviest: float) -> BaseEstimator:
    """XGBoost over its usual ranges, `scale_pos_weight` among them."""
    return xgboost.XGBClassifier(
        n_estimators=trial.suggest_int("n_estimators", 50, 600, log=True),
        learning_rate=trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        max_depth=trial.suggest_int("max_depth", 2, 8),
        min_child_weight=trial.suggest_float("min_child_weight", 0.1, 20.0, log=True),
        colsample_bytree=trial.suggest_float("colsample_bytree", 0.4, 1.0),
        subsample=trial.suggest_float("subsample", 0.5, 1.0),
        reg_lambda=trial.suggest_float("reg_lambda", 1e-3, 10.0, log=True),
        scale_pos_weight=trial.suggest_float("scale_pos_weight", 1.0, heaviest, log=True),
        n_jobs=CORES,
        random_state=0,
    )


def catboost() -> BaseEstimator:
    """CatBoost at its defaults, but for 400 trees."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        iterations=400, thread_count=CORES, random_seed=0, verbose=False, allow_writing_files=False
    )


def forest() -> BaseEstimator:
    """A random forest with balanced class weights."""
    return make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True),
        RandomForestClassifier(400, class_weight="balanced", n_jobs=CORES, random_state=0),
    )


def logistic() -> BaseEstimator:
    """Logistic regression with balanced class weights."""
    steps = SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
    return make_pipeline(*steps, LogisticRegression(class_weight="balanced", max_iter=2000))


def tuned_threshold(X: np.ndarray, y: np.ndarray, X_test: np.ndarray) -> Scored:
    """scikit-learn's threshold tuner over the better of the two: F1 for the ratio cut, balanced accuracy for recall."""
    scores = [
        average_precision_score(y, cross_val_predict(model, X, y, cv=FOLDS, method="predict_proba")[:, 1])
        for model in (forest(), logistic())
    ]
    model = (forest, logistic)[int(np.argmax(scores))]()
    called = [
        TunedThresholdClassifierCV(model, scoring=scoring, cv=FOLDS).fit(X, y).predict(X_test) == 1
        for scoring in ("f1", "balanced_accuracy")
    ]
    return Scored(clone(model).fit(X, y).predict_proba(X_test)[:, 1], *called)


def plain_keras(X: np.ndarray, y: np.ndarray, X_test: np.ndarray) -> Scored:
    """What a Keras user writes: two layers of 64, Adam, balanced class weights, 30 epochs of batch 32."""
    prepare = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    heavy = len(y) / (2 * y.sum())
    light = len(y) / (2 * (len(y) - y.sum()))

    def fit(X: np.ndarray, y: np.ndarray, X_new: np.ndarray) -> np.ndarray:
        keras.utils.set_random_seed(0)
        layers = [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "relu"), keras.layers.Dense(1, "sigmoid")]
        network = keras.Sequential(layers)
        network.compile("adam", "binary_crossentropy")
        scale = clone(prepare).fit(X)
        network.fit(scale.transform(X), y, epochs=30, class_weight={0: light, 1: heavy}, verbose=0)
        return np.asarray(network.predict(scale.transform(X_new), verbose=0))[:, 0]

    own = np.empty(len(y))
    for train, held_out in FOLDS.split(X, y):
        own[held_out] = fit(X[train], y[train], X[held_out])
    return by_cut(y, own, fit(X, y, X_test), shift=float(np.log(heavy / light)))
