"""Networks are judged by a log loss that no threshold enters, and the good ones are averaged."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sweep.parallel.workers import Workers
from sweep.search import members
from sweep.search.budget import Budget
from sweep.search.members import TREES, Confirmed, audition, average_good_ones, log_losses, rank_networks
from sweep.search.selection import Selection, select
from sweep.search.setup import TrialSetup
from sweep.statistics.calibration import fit_line
from sweep.study.params import Params

ROWS = 300
Y = (np.arange(ROWS) < 60).astype(int)
SETUP = TrialSetup(Y, np.arange(ROWS) % 3, np.arange(ROWS), 2, 4, 64, "precision", 0)
BUDGET, TIGHT = Budget(SETUP, 2, np.inf), Budget(SETUP, 2, 0.0)
SIGNAL = np.random.default_rng(0).normal(size=ROWS) + 2.0 * Y


def confirmed(logits: np.ndarray, params: Params) -> Confirmed:
    """A network with these mean logits."""
    return Confirmed(0, params, np.stack([logits, logits], axis=1), 0.0)


def test_a_network_that_is_too_sure_of_itself_is_judged_by_its_order_of_rows() -> None:
    """If it failed, long trained networks would lose for an overconfidence that is recalibrated anyway."""
    loss = log_losses(SETUP, SIGNAL, 0.6)
    np.testing.assert_allclose(log_losses(SETUP, 5 * SIGNAL - 3, 0.6), loss, rtol=1e-4)
    prior = log_losses(SETUP, np.zeros(ROWS), 0.6)
    np.testing.assert_allclose(prior, -np.log(np.where(Y == 1, 0.2, 0.8)), rtol=1e-6)
    assert loss.mean() < 0.8 * prior.mean()
    backwards = log_losses(SETUP, -SIGNAL, 0.6)
    np.testing.assert_allclose(backwards, prior, rtol=1e-6, err_msg="an order that is wrong tells nothing")
    assert log_losses(SETUP, 20.0 * Y - 10, 0.6).max() < 0.01, "classes that do not overlap"


def test_of_a_large_table_some_rows_stand_for_all_where_the_line_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, judging fifty trials on a million rows would take minutes, or other networks would be chosen."""
    rng = np.random.default_rng(3)
    y = (np.arange(20_000) < 200).astype(int)
    setup = TrialSetup(y, np.arange(20_000) % 3, np.arange(20_000), 1, 4, 64, "precision", 0)
    signal = rng.normal(size=20_000) + 2.0 * y
    whole = log_losses(setup, signal, 0.6)
    fitted: list[int] = []

    def counted(labels: np.ndarray, *given: Any) -> Any:
        fitted.append(len(labels))
        return fit_line(labels, *given)

    monkeypatch.setattr(members, "fit_line", counted)
    monkeypatch.setattr("sweep.statistics.bootstrap.THIN", 2000)
    some = log_losses(setup, signal, 0.6)
    assert fitted[0] < 2300
    assert len(some) == len(whole)
    assert some.mean() == pytest.approx(whole.mean(), rel=1e-3)


def test_networks_rank_by_their_best_trial() -> None:
    """If it failed, three trials of one network would stand for three networks, or the noise of a threshold choose."""
    noise = np.random.default_rng(1).normal(size=ROWS)
    trials = [
        (0, Params(0.6, 1, 8), SIGNAL + noise),
        (1, Params(0.9, 2, 8), SIGNAL),
        (2, Params(0.7, 2, 8), SIGNAL + 0.5 * noise),
        (3, Params(0.5, 0, 8), noise),
    ]
    assert [number for number, _ in rank_networks(SETUP, trials)] == [1, 0]


def test_only_networks_that_cannot_be_told_from_the_best_are_averaged() -> None:
    """If it failed, one winner would be picked by noise, or a bad network spoil the mean."""
    rng = np.random.default_rng(2)
    good = [confirmed(SIGNAL + 0.3 * rng.normal(size=ROWS), Params(0.6, 1, width)) for width in (8, 16, 32, 64)]
    bad = confirmed(rng.normal(size=ROWS), Params(0.6, 2, 8))
    found = average_good_ones(SETUP, [bad, *good])
    losses = [log_losses(SETUP, one.logits[:, 0], 0.6).mean() for one in good]
    assert found.params.parts == tuple(good[k].params for k in np.argsort(losses)[:3])
    assert found.params == replace(found.params.parts[0], members=found.params.parts)
    np.testing.assert_allclose(found.logits[:, 0], np.mean([good[k].logits for k in np.argsort(losses)[:3]], (0, 2)))
    assert average_good_ones(SETUP, [bad, good[0]]) is good[0]


def audit(X: np.ndarray, monkeypatch: pytest.MonkeyPatch, gain: float, **more: Any) -> list[Params]:
    """Networks heard where each hidden layer's longer training moves the noise by a factor."""
    noise = np.random.default_rng(3).normal(size=ROWS)

    def held_out(X: Any, setup: Any, params: Params, *_: Any, repeats: int) -> np.ndarray:
        length = params.length * max(1, params.trees / TREES[0])
        assert repeats == (2 if length == 1 and more.get("budget") is not TIGHT else 1)
        logits = SIGNAL + noise * gain ** np.log(length)
        return np.stack([logits, -logits][:repeats], axis=1) if length > 1 else np.stack([logits] * 2, axis=1)

    monkeypatch.setattr(members, "held_out", held_out)
    best = [(4, Params(0.7, 1, 8)), (2, Params(0.6, 2, 16))]
    return [one.params for one in audition(X, SETUP, best, Workers(), **{"budget": BUDGET, "additive": True, **more})]


def test_beside_the_best_trials_stand_an_additive_network_bins_and_longer_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If it failed, no study would find what tables need that no trial has; or train long where it harms."""
    X = np.random.default_rng(0).normal(size=(ROWS, 2))
    top = Params(0.7, 1, 8)
    trees = replace(top, depth=0, trees=TREES[0])
    beside = [replace(top, depth=2, width=16), replace(top, depth=0, bins=True), trees, replace(top, bins=True)]
    assert audit(X, monkeypatch, 1.5) == [top, *beside]
    assert audit(X, monkeypatch, 0.5) == [
        replace(top, length=7.5), *beside[:2], replace(trees, trees=TREES[-1]), beside[3],
    ]  # fmt: skip
    assert audit(X, monkeypatch, 1.5, additive=False) == [top, beside[0], beside[3]]
    assert audit(X, monkeypatch, 0.5, budget=TIGHT) == [top, *beside], "trained for longer beyond the budget"
    plain = audit((X > 0).astype(float), monkeypatch, 1.5)
    assert plain == [top, beside[0], replace(top, depth=0), trees], "no numbers: nothing has bins"


def test_what_is_selected_is_kept_with_its_members(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a resumed study would export one network where a mean was measured."""
    monkeypatch.setattr(members, "NEAR", 9.0)
    X = np.stack([SIGNAL, np.arange(ROWS) % 7], axis=1)
    heard = audition(X, SETUP, [(1, Params(0.6, 1, 4))], Workers(), BUDGET, additive=True)
    selection = select(X, SETUP, heard, 0.5, 0.8, asked="ratio", workers=Workers(), budget=BUDGET)
    selection.save(tmp_path / "selection.npz", asked="ratio", seed=0)
    again = Selection.load(tmp_path / "selection.npz")
    assert again.winner.params == selection.winner.params
    assert selection.winner.params.members, "a case in which networks are averaged"
    assert selection.curve_logits.shape[2] == SETUP.repeats_of(selection.winner.params) == 1
    assert SETUP.repeats_of(heard[0].params) == 2, "a network alone has all repeats"
