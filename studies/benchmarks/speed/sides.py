"""What is measured, a process a side: reads one JSON task a line, answers with one JSON line of figures.

    python sides.py sweep|keras|jax

All sides train the same network, 30 - 64 - 64 - 1 unless a task says otherwise, on the same rows with the same batch
size, optimiser, peak learning rate and dropout, and give the logits of all rows at the end. The Keras side is what
users write: a `fit` a fold on that fold's training rows, four fifths of what a stacked column passes over; `light` is
the lighter network of most, relu without dropout by Adam. The JAX side is what an engineer writes for the same stack:
`vmap` over the columns, `scan` over the steps of an epoch, compiled for its shapes.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from sweep.stack.recipe import Recipe

ROWS, FEATURES, FOLDS = 9362, 30, 5
BATCH = 256


def table(rows: int, features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, y at 1 : 24, and the fold of each row."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, features))
    y = (X[:, 0] + rng.standard_normal(rows) > 2.45).astype(int)
    return X, y, rng.permutation(rows) % FOLDS


def labels_and_weights(y: np.ndarray, fold: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Y and W of so many columns, the folds in turn."""
    from sweep import weight_matrix

    Y = np.broadcast_to(y[:, None].astype(np.float32), (len(y), columns))
    W = np.where(fold[:, None] == np.arange(columns) % FOLDS, 0, weight_matrix(y)[:, None]).astype(np.float32)
    return Y, W


def matmul(tf: Any) -> float:
    """The machine's single-precision matrix-product rate, operations a second: the best of a few."""
    a = tf.random.uniform((2048, 2048))
    best = np.inf
    for _ in range(4):
        started = time.perf_counter()
        tf.matmul(a, a).numpy()
        best = min(best, time.perf_counter() - started)
    return 2 * 2048**3 / best


class Sweep:
    """`sweep.train` and `.logits`, all columns at once."""

    def __init__(self) -> None:
        from sweep.stack.training import fit  # noqa: F401  import and start-up are not measured here

    def train(
        self,
        *,
        epochs: int,
        columns: int = 10,
        rows: int = ROWS,
        features: int = FEATURES,
        width: int = 64,
        depth: int = 2,
        batch_size: int = BATCH,
    ) -> dict[str, float]:
        """Seconds of so many epochs and the logits, and the process' peak memory."""
        from sweep import train

        X, y, fold = table(rows, features)
        Y, W = labels_and_weights(y, fold, columns)
        started = time.perf_counter()
        train(X, Y, W, epochs=epochs, width=width, depth=depth, batch_size=batch_size).logits(X)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return {"seconds": seconds, "peak": peak, "X": X.nbytes}

    def trials(self, *, count: int) -> dict[str, Any]:
        """Resident memory after each of so many trials of one study, depth and width at random, in one process."""
        rng, held = np.random.default_rng(1), []
        for _ in range(count):
            shape = {"width": int(rng.choice([32, 64, 128, 256])), "depth": int(rng.integers(1, 4))}
            self.train(epochs=2, rows=1500, **shape)
            with open("/proc/self/statm", encoding="ascii") as file:
                held.append(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        return {"held": held}

    def study(self, *, count: int, epochs: int) -> dict[str, float]:
        """Seconds of a study's trials, and of those the seconds that a second trial of the same shape saves."""
        rng, seen, total, tracing = np.random.default_rng(1), set[int](), 0.0, 0.0
        for _ in range(count):
            shape = {"width": int(rng.choice([32, 64, 128, 256])), "depth": int(rng.integers(1, 4)), "rows": 3163}
            took = self.train(epochs=epochs, **shape)["seconds"]
            if shape["depth"] not in seen:
                tracing += max(0.0, took - self.train(epochs=epochs, **shape)["seconds"])
                seen.add(shape["depth"])
            total += took
        return {"seconds": total, "tracing": tracing}


class Keras:
    """One `fit` a network, as users write it."""

    def __init__(self) -> None:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        import keras
        import tensorflow

        self.keras, self.tf = keras, tensorflow

    def network(self, steps: int, **compiled: Any) -> Any:
        """The same network, optimiser and schedule as `sweep.train` has by default."""
        layers, k = self.keras.layers, self.keras
        hidden = [
            layer for _ in range(2) for layer in (layers.Dense(64, "silu"), layers.Dropout(Recipe().dropout_rate))
        ]
        model = k.Sequential([k.Input((FEATURES,)), *hidden, layers.Dense(1)])
        rate = k.optimizers.schedules.CosineDecay(
            0.0, max(1, steps), warmup_target=Recipe.learning_rate, warmup_steps=max(1, steps // 10)
        )
        optimizer = k.optimizers.AdamW(rate, weight_decay=Recipe().decay, beta_2=0.99)
        model.compile(optimizer, k.losses.BinaryCrossentropy(from_logits=True), **compiled)
        return model

    def light(self) -> Any:
        """The network that users write when they want none of it."""
        layers = self.keras.layers
        hidden = [layers.Dense(64, "relu") for _ in range(2)]
        model = self.keras.Sequential([self.keras.Input((FEATURES,)), *hidden, layers.Dense(1)])
        model.compile("adam", self.keras.losses.BinaryCrossentropy(from_logits=True))
        return model

    def train(
        self, *, epochs: int, networks: int, batch_size: int | None, tuned: bool = False, light: bool = False
    ) -> dict[str, float]:
        """Seconds of so many networks, folds in turn; batch_size None: Keras' default."""
        X, y, fold = table(ROWS, FEATURES)
        weights = {0: 0.52, 1: 5.0}
        started = time.perf_counter()
        for s in range(networks):
            live = fold != s % FOLDS
            steps = -(-int(live.sum()) // (batch_size or 32))
            compiled = {"steps_per_execution": steps} if tuned else {}
            model = self.light() if light else self.network(steps * epochs, **compiled)
            data = (X[live].astype("float32"), y[live].astype("float32"))
            model.fit(*data, epochs=epochs, batch_size=batch_size, class_weight=weights, verbose=0)
            model.predict(X.astype("float32"), batch_size=4096, verbose=0)
        return {"seconds": time.perf_counter() - started}

    def tuner(self, *, epochs: int) -> dict[str, float]:
        """Seconds of KerasTuner's own search: one trial on one fold, at its defaults."""
        import tempfile

        import keras_tuner

        X, y, fold = table(ROWS, FEATURES)
        X, live = X.astype("float32"), fold != 0

        def build(hp: Any) -> Any:
            hp.Float("most", 0.5, 0.96)
            return self.network(epochs * int(live.sum()) // 32)

        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            search = keras_tuner.RandomSearch(build, objective="val_loss", max_trials=1, directory=folder)
            held_out = (X[~live], y[~live].astype("float32"))
            weights = {0: 0.52, 1: 5.0}
            search.search(
                X[live],
                y[live].astype("float32"),
                validation_data=held_out,
                epochs=epochs,
                class_weight=weights,
                verbose=0,
            )
            search.get_best_models(1)[0].predict(X, batch_size=4096, verbose=0)
            return {"seconds": time.perf_counter() - started}

    def rate(self) -> dict[str, float]:
        """The machine's matrix-product rate, with TensorFlow's own threads."""
        return {"rate": matmul(self.tf)}


class Jax:
    """The stack as a program of JAX: all columns by `vmap`, all steps of an epoch by `scan`."""

    def __init__(self) -> None:
        import jax

        self.jax, self.epoch_of = jax, dict[int, Any]()

    def compiled(self, width: int) -> Any:
        """An epoch of training, of networks of a width."""
        if width in self.epoch_of:
            return self.epoch_of[width]
        jax, jnp = self.jax, self.jax.numpy
        recipe = Recipe(width=width)
        keep, decay = 1 - recipe.dropout_rate, recipe.decay

        def loss(p: Any, x: Any, y: Any, w: Any, key: Any) -> Any:
            h = x
            for i, (kernel, bias) in enumerate(p):
                h = h @ kernel + bias
                if i < len(p) - 1:
                    kept = jax.random.bernoulli(jax.random.fold_in(key, i), keep, h.shape)
                    h = jnp.where(kept, jax.nn.silu(h) / keep, 0)
            z = h[:, 0]
            return jnp.mean(w * (jax.nn.softplus(z) - y * z))

        gradient = jax.vmap(jax.grad(loss), in_axes=(0, None, 1, 1, None))

        def step(state: Any, now: Any) -> Any:
            (p, mean, square), (rows, rate, t, key), (X, Y, W) = state[0], now, state[1]
            g = gradient(p, X[rows], Y[rows], W[rows], key)
            mean = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, mean, g)
            square = jax.tree.map(lambda v, d: 0.99 * v + 0.01 * d * d, square, g)
            p = jax.tree.map(
                lambda q, m, v: q * (1 - rate * decay)
                - rate * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.99**t)) + 1e-8),
                p, mean, square,
            )  # fmt: skip
            return ((p, mean, square), state[1]), None

        def epoch(state: Any, of_rows: Any, indices: Any, rates: Any, t: Any, keys: Any) -> Any:
            return jax.lax.scan(step, (state, of_rows), (indices, rates, t, keys))[0][0]

        def logits(p: Any, X: Any) -> Any:
            h = X
            for kernel, bias in p[:-1]:
                h = jax.nn.silu(h @ kernel + bias)
            return h @ p[-1][0] + p[-1][1]

        self.epoch_of[width] = jax.jit(epoch), jax.jit(jax.vmap(logits, in_axes=(0, None)))
        return self.epoch_of[width]

    def train(self, *, epochs: int, width: int, batch_size: int, columns: int = 10) -> dict[str, float]:
        """Seconds of so many epochs and the logits."""
        jax, jnp = self.jax, self.jax.numpy
        epoch, logits = self.compiled(width)
        X, y, fold = table(ROWS, FEATURES)
        of_rows = (jnp.asarray(X, jnp.float32), *map(jnp.asarray, labels_and_weights(y, fold, columns)))
        sizes, rng = [FEATURES, width, width, 1], np.random.default_rng(0)
        p = [
            (jnp.asarray(rng.normal(size=(columns, a, b)) / np.sqrt(a), jnp.float32), jnp.zeros((columns, b)))
            for a, b in pairwise(sizes)
        ]
        state = (p, *(jax.tree.map(jnp.zeros_like, p) for _ in range(2)))
        steps = ROWS // batch_size
        started = time.perf_counter()
        for number in range(epochs):
            indices = rng.permutation(ROWS)[: steps * batch_size].reshape(steps, batch_size).astype(np.int32)
            t = number * steps + np.arange(1.0, steps + 1, dtype=np.float32)
            rates = Recipe.learning_rate * (0.5 + 0.5 * np.cos(np.pi * t / (steps * epochs)))
            state = epoch(state, of_rows, indices, rates, t, jax.random.split(jax.random.key(number), steps))
        logits(state[0], of_rows[0]).block_until_ready()
        return {"seconds": time.perf_counter() - started}


def measured(function: Callable[..., dict[str, Any]], task: dict[str, Any]) -> dict[str, Any]:
    """What a task gives, and the processor seconds of all threads that it took."""
    started = time.process_time()
    return {**function(**task), "cpu": time.process_time() - started}


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr
    side: Any = {"sweep": Sweep, "keras": Keras, "jax": Jax}[sys.argv[1]]()
    for line in sys.stdin:
        task = json.loads(line)
        print(json.dumps(measured(getattr(side, task.pop("do")), task)), file=answers, flush=True)
