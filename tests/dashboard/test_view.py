"""The dashboard as `sweep` shows it: what comes first, what is out of sight, the report, and the bar."""

import json
from pathlib import Path
from typing import Any

import pytest

from sweep.dashboard.view import View, ordered

PAGE = b"<html><head><title>x</title></head><body><div></div></body></html>"


def ask(path: str, tmp_path: Path, *, write: bool = False, answer: bytes = PAGE, method: str = "GET") -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", str(len(answer))), ("Last-Modified", "today")])
        return [answer[:5], answer[5:]]

    got: dict[str, Any] = {}

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        got.update(status=status, headers={name.lower(): value for name, value in headers})

    view = View(app, study_id=1, report=tmp_path / "report.html", write=write)
    body = b"".join(view({"REQUEST_METHOD": method, "PATH_INFO": path}, start))
    return got["status"], got["headers"], body


def attributes(*names: str) -> list[dict[str, str]]:
    return [{"key": name, "value": "3"} for name in names]


def test_own_attributes_come_first_and_internal_ones_are_out_of_sight(tmp_path: Path) -> None:
    """If it failed, the page would begin with a fingerprint and the seconds of each phase."""
    trials = [{"number": n, "user_attrs": attributes("counts", "P0", "gap_ratio", "P1", "retry_of")} for n in (2, 3)]
    study = {
        "user_attrs": attributes("identity", "version", "owner", "seconds_search", "done", "selected trial", "verdict"),
        "trials": trials,
        "best_trials": trials[:1],
        "union_user_attrs": [{"key": k, "sortable": True} for k in ("counts", "retry_of", "P1")],
    }
    status, headers, body = ask("/api/studies/1", tmp_path, answer=json.dumps(study).encode())
    found = json.loads(body)
    assert (status, headers["content-length"]) == ("200 OK", str(len(body)))
    assert [a["key"] for a in found["user_attrs"]] == ["verdict", "selected trial"]
    keys = [[a["key"] for a in trial["user_attrs"]] for trial in found["trials"]]
    assert keys == [["P1", "P0", "counts", "gap_ratio"], ["selected", "P1", "P0", "counts", "gap_ratio"]]
    assert [a["key"] for a in found["union_user_attrs"]] == ["P1", "counts"]
    assert json.loads(ordered(b"{}"))["user_attrs"] == [], "a study that is not finished has none"


def test_read_only_hides_what_it_refuses_and_says_so(tmp_path: Path) -> None:
    """If it failed, a visitor would press a button and be told that it failed."""
    _, headers, body = ask("/dashboard/studies/1", tmp_path)
    assert b"delete study" in body
    assert b"read-only" in body
    assert b'href="/report"' in body
    assert headers == {"content-length": str(len(body))}, "a browser could keep the page of another mode"
    _, _, body = ask("/dashboard", tmp_path, write=True)
    assert b"delete study" not in body
    assert b"read-only" not in body


def test_the_report_is_served_once_it_is_there(tmp_path: Path) -> None:
    """If it failed, the note's link would lead nowhere, or another's report could change the study."""
    assert ask("/report", tmp_path)[0] == "404 Not Found"
    (tmp_path / "report.html").write_text("<p>made")
    status, headers, body = ask("/report", tmp_path)
    assert (status, body) == ("200 OK", b"<p>made")
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")


@pytest.mark.parametrize("path", ["/api/studies/2", "/static/bundle.js", "/api/studies/1/param_importances"])
def test_all_else_is_passed_on_as_it_is(path: str, tmp_path: Path) -> None:
    assert ask(path, tmp_path)[2] == PAGE


def test_a_change_is_passed_on(tmp_path: Path) -> None:
    """If it failed, --write would change nothing."""
    assert ask("/api/studies/1", tmp_path, method="PUT")[2] == PAGE
