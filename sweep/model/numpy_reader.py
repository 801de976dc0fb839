"""Score rows with an exported `model.npz` in NumPy alone: a file to copy, which imports nothing of this package."""

import json
from typing import Any

import numpy as np


def prepare(folder: Any, columns: Any) -> np.ndarray:
    """Turn raw columns by name, floats (NaN) or strings ("": missing), into x, (rows, features): for all formats."""
    with open(f"{folder}/preprocessing.json", encoding="utf-8") as file:
        steps = json.load(file)
    blocks = []
    for column in steps["columns"]:
        values = np.asarray(columns[column["name"]])[:, None]
        blocks.append(values == np.array(column["levels"]) if column["kind"] == "category" else values.astype(float))
    X = (np.concatenate(blocks, axis=1) - steps["centre"]) * steps["scale"]
    x: np.ndarray = np.clip(X, -1e6, 1e6).astype(np.float32)
    return x


def score(folder: Any, columns: Any) -> tuple[np.ndarray, np.ndarray]:
    """Give probability and decision, each (rows,), of raw columns as `prepare` takes them."""
    x = prepare(folder, columns)
    with np.load(f"{folder}/model.npz", allow_pickle=False) as net:
        z = np.where(np.isnan(x), np.float32(0), x)
        missing = np.isnan(x[:, net["indicators"]]) * net["announced"]
        bins = (z[:, net["numbers"], None] - net["bin_edge"]) * net["bin_slope"]
        bins = np.clip(bins, net["bin_low"], net["bin_high"])
        inputs = [z / np.sqrt(1 + (z / 3) ** 2), missing, bins.reshape(len(z), -1)]
        if len(net["tree_value"]):
            passed = np.concatenate([z, missing], axis=1)[:, net["tree_split_of"]] > net["tree_threshold"]
            met = np.einsum("rts,tsl->rtl", passed, net["tree_side"])  # of the splits that a leaf asks to be passed
            inside = met == np.maximum(net["tree_side"], 0).sum(axis=1)
            inputs.append((inside * net["tree_value"]).sum(axis=(1, 2))[:, None])
        h = np.concatenate(inputs, axis=1, dtype=np.float32)
        for i in range(net["layers"]):
            h = h @ net[f"kernel_{i}"] + net[f"bias_{i}"]  # (networks, rows, units)
            if i < net["layers"] - 1:
                h = h * (np.float32(0.5) + np.float32(0.5) * np.tanh(np.float32(0.5) * h))  # silu: h * sigmoid(h)
        logit = h.mean(axis=0)[:, 0]
        log_odds = net["intercept"] + net["slope"] * (logit - np.log(net["weight_ratio"]))
        decision = (logit > net["threshold"]).astype(int)
    return 1 / (1 + np.exp(-log_odds)), decision
