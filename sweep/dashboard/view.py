"""The dashboard as `sweep` shows it: own attributes first, the report beside it, what is refused out of sight."""

import html
import json
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

from sweep.dashboard.access import App, Environ

REPORT = "/report"  # where the report is served
# the report, which may be another's, can ask the dashboard for nothing
APART = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'unsafe-inline'"
)
SELECTED = "selected trial"  # the study's attribute
FIRST = ("selected", "P1", "R1", "average_precision", "P0", "R0", "counts", "epochs", "seconds")  # of a trial, in order
STUDY_FIRST = ("verdict", SELECTED, "delivered")
INTERNAL = ("identity", "owner", "version", "done", "retry_of", "stopped")  # what a run keeps for itself
CHANGES = (
    '[aria-label="delete artifact"]',
    '[aria-label="rename study"]',
    '[aria-label="delete study"]',
    'button:has([data-testid="EditIcon"])',
    'button:has([data-testid="AddBoxIcon"])',
    '.MuiCard-root:has([data-testid="UploadFileIcon"]):not(:has(.MuiCard-root))',  # the innermost
)  # of the dashboard's page: what read-only refuses
STYLE = (
    "#sweep-bar{position:fixed;bottom:0;left:0;right:0;z-index:2000;padding:.35rem 1rem;font:14px/1.4 sans-serif;"
    "background:#22262a;color:#e8e8e8;overflow-wrap:anywhere}#sweep-bar a{color:#8accf2}"
    "body,.MuiDrawer-paper{padding-bottom:2.6rem}"
)


class View:
    """A WSGI application around the dashboard's.

    Parameters
    ----------
    app : WSGI application
    study_id : int
    report : Path
        Of the study; it may not be there yet.
    write : bool
        Whether the dashboard may change the study.
    """

    def __init__(self, app: App, *, study_id: int, report: Path, write: bool) -> None:
        self.app = app
        self.study_id = study_id
        self.report = report
        self.write = write

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or change what the dashboard answers."""
        path = str(environ.get("PATH_INFO", "")).rstrip("/")
        if path == REPORT:
            return self._show_report(start_response)
        if environ["REQUEST_METHOD"] != "GET":
            return self.app(environ, start_response)
        if path == f"/api/studies/{self.study_id}":
            return self._changed(environ, start_response, ordered)
        if path == "/dashboard" or path.startswith("/dashboard/"):
            for name in ("HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_RANGE"):
                environ.pop(name, None)  # the page that is asked about is not the one that is shown
            return self._changed(environ, start_response, self._with_bar)
        return self.app(environ, start_response)

    def _show_report(self, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self.report.is_file():
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"There is no report yet: the run writes it at its end.\n"]
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", APART)])
        return [self.report.read_bytes()]

    def _changed(
        self, environ: Environ, start_response: Callable[..., Any], change: Callable[[bytes], bytes]
    ) -> Iterable[bytes]:
        """Pass a request on, and change the answer where it is a whole one."""
        kept: list[Any] = []
        body = BytesIO()

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], Any]:
            kept[:] = [status, headers, *rest]
            return body.write

        parts = self.app(environ, start)
        try:
            for part in parts:
                body.write(part)
        finally:
            if callable(close := getattr(parts, "close", None)):
                close()
        status, headers, *rest = kept
        text = body.getvalue()
        if status.startswith("200"):
            text = change(text)
            left_out = ("content-length", "last-modified", "etag", "accept-ranges")
            headers = [(name, value) for name, value in headers if name.lower() not in left_out]
            headers.append(("Content-Length", str(len(text))))
        start_response(status, headers, *rest)
        return [text]

    def _with_bar(self, page: bytes) -> bytes:
        """Add a bar that leads to the report and says what may be changed; hide what is refused."""
        style = STYLE if self.write else f"{STYLE}{','.join(CHANGES)}{{display:none!important}}"
        at = f"/dashboard/studies/{self.study_id}"
        bar = f'<a href="{REPORT}">the report</a> · <a href="{at}/note">what sweep selected</a>'
        if not self.write:
            said = "read-only: what would change the study is hidden; `sweep dashboard --write` shows it"
            bar += f" · {html.escape(said)}"
        text = page.decode("utf-8")
        text = text.replace("</head>", f"<style>{style}</style></head>", 1)
        return text.replace("</body>", f'<div id="sweep-bar">{bar}</div></body>', 1).encode()


def ordered(answer: bytes) -> bytes:
    """Order the attributes in what the dashboard says of a study, its own first; leave out what a run keeps for itself.

    The selected trial gets an attribute that says so.
    """
    study = json.loads(answer)
    number = next((a["value"] for a in study.get("user_attrs", ()) if a["key"] == SELECTED), None)
    study["user_attrs"] = _ordered(study.get("user_attrs", []), STUDY_FIRST)
    for trial in (*study.get("trials", ()), *study.get("best_trials", ())):
        if str(trial.get("number")) == number:
            said = {"key": "selected", "value": "yes: its network is delivered (see the note)"}
            trial["user_attrs"] = [said, *trial.get("user_attrs", [])]
        trial["user_attrs"] = _ordered(trial.get("user_attrs", []), FIRST)
    study["union_user_attrs"] = _ordered(study.get("union_user_attrs", []), FIRST)
    return json.dumps(study).encode()


def _ordered(attributes: list[dict[str, Any]], first: tuple[str, ...]) -> list[dict[str, Any]]:
    places = {name: place for place, name in enumerate(first)}
    shown = [a for a in attributes if a["key"] not in INTERNAL and not a["key"].startswith("seconds_")]
    return sorted(shown, key=lambda attribute: places.get(attribute["key"], len(places)))
