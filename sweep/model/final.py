"""The final networks of a study: every balance, trained on all rows, kept to be exported without training."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from sweep.class_weight import undo_weights
from sweep.data.features import Features
from sweep.errors import InputError, StudyError
from sweep.files import whole, write_text
from sweep.model.layers import Delivered, build, threshold_on_probability
from sweep.stack.network import Stack
from sweep.statistics.carry_over import CarryOver

ARRAYS, WORDS = "final.npz", "final.json"


@dataclass(frozen=True)
class Final:
    """All balances of a study, each an ensemble.

    Attributes
    ----------
    stack : Stack
        Columns in the order balances x repeats, balances as in `most`; all trained on all rows.
    features : Features
        How the table's columns become X.
    most, weight_ratio : mapping of str to float
        The cap and w1 / w0 of each balance, in the same order.
    card : mapping
        What a model of the study says of itself, as JSON can hold it. `predict` reads `missing`, the texts that mean
        "not known", and, for `--prevalence`, `rows` and `positives`.
    calibration : mapping of str to (intercept, slope)
        Of the log-odds; a balance not in it has (0, 1).
    alone : mapping of str to mapping
        Of each balance the column that did best out-of-fold by itself: its `repeat`, `out_of_fold` for the card, and
        `calibration` or None, its `threshold`, and its `carry_over` as JSON can hold it.
    threshold : mapping of str to float
        On the mean logit of the ensemble of a balance: above it a row is predicted positive; a balance not in it has 0.
    carry_over : mapping of str to CarryOver
        From out-of-fold logits to those of the ensemble of a balance; a balance not in it leaves them as they are.
    """

    stack: Stack
    features: Features
    most: Mapping[str, float]
    weight_ratio: Mapping[str, float]
    card: Mapping[str, Any]
    calibration: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    alone: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    threshold: Mapping[str, float] = field(default_factory=dict)
    carry_over: Mapping[str, CarryOver] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the parts fit."""
        if [*self.most] != [*self.weight_ratio]:
            raise InputError(f"most and weight_ratio must name the same balances; got {[*self.most]}.")
        if not self.most or self.stack.columns % len(self.most):
            raise InputError(f"The {self.stack.columns} columns must be as many for each of {[*self.most]}.")

    @property
    def repeats(self) -> int:
        """Columns per balance."""
        return self.stack.columns // len(self.most)

    def carried(self, equal: str, logits: ArrayLike, *, single: bool = False) -> np.ndarray:
        """Carry out-of-fold mean logits of a balance over to what its ensemble, or its best column alone, would say."""
        if single:
            return CarryOver.of(self.alone.get(equal, {}).get("carry_over", {})).carried(logits)
        return self.carry_over.get(equal, CarryOver()).carried(logits)

    def probability(self, equal: str, logit: float) -> float | None:
        """Compute the probability that a balance gives at an out-of-fold mean logit; None if it is one for all."""
        delivered = float(self.carried(equal, logit))
        return threshold_on_probability(delivered, self.weight_ratio[equal], self.calibration.get(equal, (0.0, 1.0)))

    def probabilities(self, equal: str, logits: np.ndarray) -> np.ndarray:
        """Give what the ensemble of a balance says by out-of-fold mean logits, (rows,), as float64."""
        delivered = self.carried(equal, logits)
        return np.asarray(
            expit(undo_weights(delivered, self.weight_ratio[equal], self.calibration.get(equal, (0.0, 1.0))))
        )

    def assemble(
        self,
        equal: str,
        *,
        single: bool = False,
        threshold: float | None = None,
        said: Mapping[str, Any] | None = None,
    ) -> Delivered:
        """One balance as a self-contained Keras model; `single`: its best column alone, a plain dense network.

        The column of a mean of several networks is their mean.

        `threshold`, on the mean logit, takes the place of the balance's own, and `said` that of what its card says.

        Raises
        ------
        InputError
            If there is no such balance.
        """
        if equal not in self.most:
            raise InputError(f"equal must be one of {', '.join(self.most)}; got {equal!r}.")
        first = [*self.most].index(equal) * self.repeats
        alone = self.alone.get(equal, {}) if single else {}
        columns = [first + alone.get("repeat", 0)] if single else range(first, first + self.repeats)
        networks = len(columns) * max(1, len(self.card.get("mean_of", ())))
        card = {**self.card, **({"out_of_fold": {equal: alone["out_of_fold"]}} if alone else {})}
        calibration = alone.get("calibration") if single else self.calibration.get(equal)
        if threshold is None:
            threshold = alone.get("threshold", 0.0) if single else self.threshold.get(equal, 0.0)
        return build(
            self.stack.take(columns),
            self.features,
            weight_ratio=self.weight_ratio[equal],
            calibration=tuple(calibration or (0.0, 1.0)),
            threshold=threshold,
            card={**card, "balance": equal, "most": self.most[equal], "networks": networks, **(said or {})},
        )

    def store(self, folder: Path) -> None:
        """Write `final.npz` (the stack) and `final.json` (all else), each whole or not at all."""
        words = {
            "most": dict(self.most),
            "weight_ratio": dict(self.weight_ratio),
            "calibration": {name: list(pair) for name, pair in self.calibration.items()},
            "features": self.features.to_dict(),
            "alone": {name: dict(best) for name, best in self.alone.items()},
            "threshold": dict(self.threshold),
            "carry_over": {name: line.to_dict() for name, line in self.carry_over.items()},
            "card": dict(self.card),
        }
        text = json.dumps(words, indent=1, allow_nan=False, ensure_ascii=False)
        with whole(folder / ARRAYS) as part:
            self.stack.save(part)
        write_text(folder / WORDS, text)

    @classmethod
    def load(cls, folder: Path) -> "Final":
        """Read what `store` wrote.

        Raises
        ------
        StudyError
            If it is not there or damaged.
        """
        try:
            words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
            stack = Stack.load(folder / ARRAYS)
            features = Features.from_dict(words["features"])
            calibration = {name: (pair[0], pair[1]) for name, pair in words["calibration"].items()}
            most, ratio, card = words["most"], words["weight_ratio"], words["card"]
            carry_over = {name: CarryOver.of(line) for name, line in words.get("carry_over", {}).items()}
            alone, threshold = words["alone"], words["threshold"]
            return cls(stack, features, most, ratio, card, calibration, alone, threshold, carry_over)
        except FileNotFoundError:
            raise StudyError(f"{folder}: no final networks yet; run the study to its end first.") from None
        except Exception as error:  # a damaged archive can fail anywhere in its reader
            raise StudyError(f"{folder}: the final networks cannot be read ({error}); run the study again.") from None
