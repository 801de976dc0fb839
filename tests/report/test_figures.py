"""The drawings: their numbers without a picture, and that every picture can be made, told truly and saved whole."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

from sweep.class_weight import balance_grid, weight_ratio
from sweep.report.figures import TrialPoint, balance_lines, draw_balance_curve, draw_trial, draw_trials, save
from sweep.report.figures.balance import ratio_ticks
from sweep.report.figures.style import shown, spread
from sweep.report.figures.trials import window
from sweep.statistics.confusion import Counts, precision_recall_points
from sweep.statistics.curve import balance_curve

PARAMS = {"most": 0.71, "depth": 2, "width": 64}
AWKWARD = "a_$x^2$_<b>\n\tβ 漢 & %s {0} \\frac " + "long " * 30


def table(negatives: int = 400, positives: int = 20, gain: float = 2.0, seed: int = 0) -> Any:
    """Labels (rows,) and calibrated logits (rows,) of two normal classes."""
    y = np.repeat([0, 1], [negatives, positives])
    score = np.random.default_rng(seed).normal(size=y.size) + gain * y
    return y, gain * score - gain**2 / 2 + np.log(positives / negatives)


def curve(negatives: int = 400, positives: int = 20, gain: float = 2.0) -> Any:
    y, logits = table(negatives, positives, gain)
    most = balance_grid(positives / y.size, 9)
    push = np.log(weight_ratio(most, positives / y.size))
    return balance_curve(y, np.arange(y.size), (logits[:, None] + push)[:, :, None], most, resamples=50)


def words_of(ax: Any) -> Any:
    """Every text of the figure, the legend's too."""
    return "\n".join(text.get_text() for text in ax.figure.findobj(lambda a: hasattr(a, "get_text")))


def stars(ax: Any) -> list[Any]:
    """Places of the markers with a star's ten corners."""
    return [c.get_offsets()[0] for c in ax.collections if len(c.get_paths()) and len(c.get_paths()[0].vertices) == 11]


@pytest.mark.parametrize(("positives", "negatives"), [(12, 132), (15, 60), (30, 31)])
def test_balance_lines_part_all_tables_there_are(positives: int, negatives: int) -> None:
    tp, fp = np.meshgrid(np.arange(1, positives), np.arange(negatives + 1), indexing="ij")
    fn, tn = positives - tp, negatives - fp
    p1, share = tp / (tp + fp), positives / (positives + negatives)
    skilled = tp * negatives > fp * positives
    over_called = {
        "precision": tn * fp - tp * fn,  # above 0 where P1 < P0
        "ratio": fp - fn,
        "recall": tp * negatives - tn * positives,
    }
    for name, line in balance_lines(share, tp / positives).items():
        side = np.where(np.isclose(line, p1, rtol=1e-9), 0, np.sign(line - p1))
        wrong = f"{name}: a table lies on the wrong side of the line, or an even one beside it"
        np.testing.assert_array_equal(side[skilled], np.sign(over_called[name])[skilled], err_msg=wrong)


def test_balance_lines_hold_where_positives_are_the_commoner_class() -> None:
    recall = np.linspace(0.01, 0.99, 99)
    p1 = balance_lines(0.6, recall)["precision"]
    fp, odds = recall * (1 - p1) / p1, 0.4 / 0.6
    p0 = (odds - fp) / (odds - fp + 1 - recall)
    drawn = ~np.isnan(p1)
    assert drawn.any(), "nothing is drawn of a line that exists"
    np.testing.assert_allclose(p0[drawn], p1[drawn], err_msg="the line is drawn where P0 and P1 differ")


def test_balance_lines_are_defined_to_both_ends() -> None:
    lines = balance_lines(0.04, [0, 1])
    ends = {name: line.round(12).tolist() for name, line in lines.items()}
    expected = {"precision": [0.96, 1], "ratio": [0, 1], "recall": [0, 1]}
    assert ends == expected, "at R1 = 0 or 1 a limit was not taken: the lines would start or end in the air"


@pytest.mark.parametrize("share", [0, 1, -0.1, np.nan])
def test_balance_lines_refuse_a_table_with_one_class(share: Any) -> None:
    with pytest.raises(ValueError, match=r"share must lie inside \(0, 1\)"):
        balance_lines(share, [0.5])


def drawn(y: Any, logits: Any, **more: Any) -> Any:
    return draw_trial(y, logits, Counts.of(y, np.asarray(logits) > 0), **more)


def test_trial_shows_its_counts_its_cut_and_its_intervals() -> None:
    y = np.repeat([0, 1], [90, 10])
    logits = np.where(y == 1, 1.0, -1.0)
    logits[:2], logits[-4:] = 1.0, -1.0  # 2 false alarms, 4 missed
    ax = drawn(y, logits, number=7, params=PARAMS, name="wine")
    text = words_of(ax)
    for part in ("wine: trial 7", "most 0.710", "2.45 : 1", "depth 2", "width 64", "finds 6 of 10, 2 false alarms"):
        assert part in text, f"the reader is not told {part!r}"
    assert "pooled out-of-fold" in text, "STATISTICS.md asks to say that the curve mixes the folds' scales"
    assert "P1 0.75 (0.35 to 0.97)" in text, "the precision is without its exact interval, 6 of 8"
    assert "R1 0.60 (0.26 to 0.88)" in text, "the recall is without its exact interval, 6 of 10"
    point = next(line for line in ax.lines if line.get_marker() == "o")
    assert point.get_xydata().tolist() == [[0.6, 0.75]], "the point is not at recall, precision of the decision"


def test_a_trial_decided_elsewhere_is_not_said_to_be_at_logit_0() -> None:
    """If it failed, the picture of an operating point's trial would name a threshold that it does not have."""
    y, logits = table()
    for at, said in ((0.0, True), (-1.0, False)):
        text = words_of(draw_trial(y, logits, Counts.of(y, logits > at), number=0, params=PARAMS))
        assert ("logit 0" in text) == said


def test_trial_curve_of_many_rows_has_no_more_points_than_bends() -> None:
    """If it failed, each picture of a million rows would be a vector graphic of a million points."""
    y, logits = table(negatives=5000, positives=20)
    line = next(a for a in drawn(y, logits, number=0, params=PARAMS).lines if "pooled" in str(a.get_label()))
    recall, precision = line.get_data()
    assert len(recall) <= 2 * 20 + 2
    whole = precision_recall_points(y, logits)
    for level in np.unique(whole.recall[whole.recall > 0]):
        here = whole.precision[whole.recall == level]
        np.testing.assert_array_equal(np.unique(precision[recall == level]), np.unique(here[[0, -1]]))


def test_trial_curve_is_steps_through_every_cut() -> None:
    y, logits = [0, 1, 0, 1], [-2, -1, 0, 3]
    line = next(a for a in drawn(y, logits, number=0, params=PARAMS).lines if "pooled" in str(a.get_label()))
    assert line.get_drawstyle() == "steps-pre", "straight lines between cuts flatter the curve (Davis, Goadrich 2006)"
    area = np.sum(np.diff(line.get_xdata()) * line.get_ydata()[1:])
    assert area == pytest.approx(5 / 6), "the area under what is drawn is not the average precision"


def test_trial_that_calls_nothing_has_no_point() -> None:
    y, logits = table()
    ax = drawn(y, logits - 99, number=0, params=PARAMS)
    assert "predicts no positive: no precision (0 of 20 found)" in words_of(ax), "an undefined precision is not said"
    assert all(line.get_marker() == "None" for line in ax.lines), "an undefined precision was drawn as a number"


def test_pruned_trial_says_so_and_from_which_epoch() -> None:
    y, logits = table()
    text = words_of(drawn(y, logits, number=3, params=PARAMS, state="pruned", epoch=12))
    assert "pruned at epoch 12" in text, "a half-trained network is shown as if it were finished"
    assert "pruned" not in words_of(drawn(y, logits, number=3, params=PARAMS)), "a finished trial is called pruned"


def points() -> Any:
    return [
        TrialPoint(0, 0.5, 1, 16, 0.8, 0.4),
        TrialPoint(1, 0.7, 2, 64, 0.6, 0.6),
        TrialPoint(2, 0.9, 3, 256, 0.4, 0.8, pruned=True),
        TrialPoint(3, 0.5, 1, 16, None, 0.0),
        TrialPoint(4, 0.5, 1, 16, float("nan"), 0.0),
    ]


def test_trials_are_drawn_where_they_are_and_the_silent_ones_listed() -> None:
    ax = draw_trials(points(), prevalence=0.04, name="wine")
    drawn = sorted(tuple(map(float, place)) for c in ax.collections for place in np.asarray(c.get_offsets()))
    assert drawn == [(0.4, 0.8), (0.6, 0.6), (0.8, 0.4)], "a trial is missing, or one without precision was drawn"
    assert "2 trials predict no positive: no precision" in words_of(ax), "trials left out are not accounted for"
    assert "5 trials" in words_of(ax), "the total is not that of all trials"


def marks(ax: Any) -> dict[Any, Any]:
    """The marks of the trials, by their places."""
    found = [c for c in ax.collections if isinstance(c, PathCollection)]
    return {tuple(map(float, np.asarray(c.get_offsets())[0])): c for c in found}


def test_pruned_trials_are_hollow() -> None:
    found = marks(draw_trials(points()))
    assert len(found[0.8, 0.4].get_facecolor()) == 0, "a pruned trial cannot be told from a finished one"
    assert len(found[0.4, 0.8].get_facecolor()) == 1, "a finished trial is drawn hollow"


def test_selected_is_drawn_at_the_balance_picked_not_at_the_trials_own() -> None:
    ax = draw_trials(points(), selected=TrialPoint(1, 0.74, 2, 64, 0.57, 0.63, words="2 x 64"))
    assert [place.tolist() for place in stars(ax)] == [[0.63, 0.57]], "the star is not on what is delivered"
    text = words_of(ax)
    assert "selected: 2 x 64" in text, "the reader cannot tell which network was selected"
    assert "most = 0.740" in text, "the reader cannot tell which balance was selected"
    assert "bins" not in text
    ax = draw_trials(points(), selected=TrialPoint(1, 0.74, 2, 64, 0.57, 0.63, words="2 x 64 with bins"))
    assert "with bins" in words_of(ax), "the star lies off all trials, and the reader cannot tell why"
    ax = draw_trials(points(), selected=TrialPoint(1, 0.74, 2, 64, 0.57, 0.63, members=3))
    assert "mean of 3 networks" in words_of(ax)


def test_the_mark_shows_the_width_by_its_size_and_the_depth_by_its_shape() -> None:
    """If it failed, depth 2 of width 64 would look like depth 1 of width 128."""
    networks = [(1, 16), (1, 256), (2, 16), (5, 16), (9, 16)]
    found = marks(draw_trials([TrialPoint(k, 0.6, *network, 0.5, k / 5) for k, network in enumerate(networks)]))
    drawn = [found[place] for place in sorted(found)]
    sizes, shapes = [c.get_sizes()[0] for c in drawn], [len(c.get_paths()[0].vertices) for c in drawn]
    assert sizes[0] < sizes[1]
    assert sizes[0] == sizes[2]
    assert len({shapes[0], shapes[2], shapes[3], shapes[4]}) == 4
    text = words_of(draw_trials(points()))
    assert all(f"depth {n}" in text for n in (1, 2, 3))
    assert all(f"width {n}" in text for n in (16, 64, 256))


def test_the_balance_asked_for_is_drawn_and_nothing_else_is_in_the_legend() -> None:
    """If it failed, a reader would look for a line that is not there, or miss the one that was asked for."""
    low = [TrialPoint(0, 0.6, 1, 16, 0.35, 0.4), TrialPoint(1, 0.7, 1, 16, 0.3, 0.45)]

    def said(**more: Any) -> Any:
        found: Any = draw_trials(low, prevalence=0.04, **more)
        return found, "\n".join(text.get_text() for text in found.get_legend().get_texts())

    ax, text = said(equal="ratio")
    assert "P0 = P1" not in text
    assert "P1 = R1" in text
    assert "no skill" not in text, "what lies below the picture is in its legend"
    ax, text = said(equal="precision")
    assert "P0 = P1" in text
    assert ax.get_ylim()[1] == 1, "P0 = P1 was asked for, and lies outside the picture"
    ax, text = said(floor=("recall", 0.9))
    assert "asked: R1 at least 0.9" in text
    assert "(logit 0)" in words_of(ax)
    assert "logit 0" not in words_of(said(asked_for=True)[0]), "trials at what was asked for are said to be at logit 0"
    assert ax.get_xlim()[1] > 0.9


def test_the_label_lies_beside_its_star_and_over_no_point() -> None:
    """If it failed, the word could not be read, or covered a trial."""
    crowd = [TrialPoint(k, 0.6, 1, 64, 0.5 + 0.03 * np.sin(k), 0.5 + 0.03 * np.cos(k)) for k in range(7)]
    ax: Any = draw_trials(crowd, selected=TrialPoint(3, 0.62, 1, 64, 0.5, 0.5), prevalence=0.04)
    label = next(text for text in ax.texts if text.get_text() == "selected")
    label.get_window_extent()  # puts it where it is drawn
    box, star = Text.get_window_extent(label), ax.transData.transform((0.5, 0.5))
    assert abs(star - [np.clip(star[0], box.x0, box.x1), np.clip(star[1], box.y0, box.y1)]).max() < 60
    for place in ax.transData.transform(np.array([(p.recall, p.precision) for p in crowd])):
        assert not (box.x0 < place[0] < box.x1 and box.y0 < place[1] < box.y1)


@pytest.mark.parametrize("values", [[0.5], [0.0], [1.0], [0.01, 0.99], [0.72, 0.93], [0.31, 0.66], []])
def test_window_holds_all_points_inside_zero_to_one(values: Any) -> None:
    low, high = window(values)
    assert 0 <= low < high <= 1, "the axis leaves what a rate can be"
    assert high - low >= 0.4 - 1e-9, "noise is blown up to the size of a finding"
    assert all(low <= value <= high for value in values), "a trial lies outside the picture"


def test_curve_draws_the_four_rates_and_says_what_was_taken() -> None:
    result = curve()
    ax = draw_balance_curve(result, selected="ratio", equal="precision", name="wine")
    text = words_of(ax)
    assert "420 rows, 20 positives" in text, "the reader does not learn on how many positives the curve rests"
    assert "P0 = P1 is not reached; P1 = R1 (FP = FN) is taken" in text, "the change of rule is not said"
    drawn = [line.get_ydata() for line in ax.lines[:4]]
    expected = np.hstack([result.precision, result.recall]).T
    np.testing.assert_array_equal(drawn, expected, err_msg="a line is not P0, P1, R0, R1 of the curve")
    np.testing.assert_allclose(
        np.asarray(ax.lines[0].get_xdata()), np.exp(result.log_ratio), err_msg="not against the weight ratio"
    )


def test_a_crossing_that_is_not_reached_is_hollow_and_said() -> None:
    result = curve()
    assert not result.crossings["precision"].reached, "the table of this test does not test it any more"
    ax = draw_balance_curve(result, selected="ratio", equal="precision")
    arrows = [line for line in ax.lines if line.get_marker() in ("<", ">")]
    assert all(line.get_markerfacecolor() == "white" for line in arrows), "an end of the range passes for a crossing"
    missed = sum(not c.reached for c in result.crossings.values())
    assert len(arrows) == missed == words_of(ax).count("not reached") - words_of(ax).count("is not reached"), (
        "a criterion that is not reached has no arrow or no words"
    )


def test_taken_crossing_is_marked_at_its_weight_ratio() -> None:
    """If it failed, the picture would say another weight than the study, by a line drawn between two balances."""
    result = curve()
    at = float(weight_ratio(result.crossings["ratio"].most, 20 / 420))
    ax = draw_balance_curve(result, selected="ratio", equal="ratio")
    star = next(a for a in ax.lines if a.get_marker() == "*")
    assert np.asarray(star.get_xdata())[0] == pytest.approx(at, rel=1e-9)
    assert f"{at:.3g} : 1 (" in words_of(ax)


@pytest.mark.parametrize(("negatives", "positives"), [(50, 50), (30, 300), (60, 4)])
def test_curve_of_an_unusual_table_is_drawn(negatives: int, positives: int, tmp_path: Path) -> None:
    """One balance only, the positives the commoner class, rates undefined: each would warn or raise."""
    save(draw_balance_curve(curve(negatives, positives), selected="recall", equal="recall"), tmp_path / "curve.png")


@pytest.mark.parametrize(("low", "high"), [(1, 23.6), (0.1, 1), (1, 1.3), (1, 900), (1, 1)])
def test_ticks_keep_both_ends_and_do_not_touch(low: float, high: float) -> None:
    ticks = ratio_ticks(low, high)
    assert {ticks[0], ticks[-1]} == {low, high}, "an end of the range is not named"
    assert all(np.log(b / a) >= 0.1 * np.log(high / low) - 1e-9 for a, b in pairwise(ticks)), "labels overlap"


@pytest.mark.parametrize("wanted", [[0.95, 0.96, 0.2, 0.95], [0.1, 0.2, 0.3], [1.0] * 4, []])
def test_spread_keeps_order_and_distance(wanted: Any) -> None:
    moved = spread(wanted, 0.06)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(moved[order]) >= 0.06 - 1e-12).all(), "two labels are written over one another"
    if len(wanted) < 2 or np.diff(np.sort(wanted)).min() >= 0.06:
        np.testing.assert_allclose(moved, wanted, err_msg="labels that had room were moved from their lines")


def test_names_are_drawn_as_they_are() -> None:
    name = shown("a_$x^2$_<b>\nc")
    assert name == "a_$x^2$_<b>↵c", "a name was read as mathematics or markup, or broke its line"
    assert len(shown("x" * 500)) == 48, "a long name runs out of the picture"
    assert "漢" not in shown("漢"), "a character that the font lacks would warn and be drawn as an empty box"


def test_awkward_names_reach_the_file_inside_the_picture(tmp_path: Path) -> None:
    y, logits = table()
    drawings = [
        draw_trial(
            y, logits, Counts.of(y, logits > 0), number=12345, params=PARAMS, name=AWKWARD, state="pruned", epoch=3
        ),
        draw_trials(points(), name=AWKWARD, selected=points()[1], prevalence=0.04),
        draw_balance_curve(curve(), selected="ratio", equal="precision", name=AWKWARD),
    ]
    for i, ax in enumerate(drawings):
        assert "a_$x^2$_<b>↵" in words_of(ax), "the name is not drawn as it is"
        save(ax, tmp_path / f"{i}.png")
        box = ax.figure.get_tightbbox()
        assert isinstance(ax.figure, Figure)
        width, height = ax.figure.get_size_inches()
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
        assert inside, f"something is cut off at the edge of the picture: {box} in {width} by {height} inches"


def test_drawings_go_onto_the_axes_given() -> None:
    ax = Figure().add_subplot()
    y, logits = table()
    assert drawn(y, logits, number=0, params=PARAMS, ax=ax) is ax, "a drawing ignored the Axes it was given"
    assert draw_trials(points(), ax=Figure().add_subplot()).figure is not ax.figure, "drawings share a figure"


def test_saved_file_is_a_legible_png_and_the_same_each_time(tmp_path: Path) -> None:
    y, logits = table()
    for name in ("one.png", "two.png"):
        save(drawn(y, logits, number=0, params=PARAMS), tmp_path / name)
    assert imread(tmp_path / "one.png").shape[1] >= 800, "narrower than it is shown in the README"
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes(), "a picture is not reproducible"


def test_failed_save_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trial.png"
    path.write_bytes(b"old")

    def half(self: Figure, part: Any, **_: Any) -> None:
        part.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", half)
    with pytest.raises(OSError, match="disk full"):
        save(Figure(), path)
    assert path.read_bytes() == b"old", "a failed write destroyed the picture that was there"
    assert [p.name for p in tmp_path.iterdir()] == ["trial.png"], "a failed write left its part behind"
