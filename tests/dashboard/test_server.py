"""The dashboard's server: who is let in, what is refused, and how it begins and ends. No browser."""

import errno
import json
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sweep.cli import cli
from sweep.dashboard import server
from sweep.dashboard.access import Gate
from sweep.study_folder import StudyFolder


class Answer(dict[str, str]):
    """A response's headers, in lower case, with its status and text."""

    status: int
    text: str


def ask(
    path: str = "/api/meta", *, method: str = "GET", host: str = "127.0.0.1:1", gate: dict[str, Any], **more: str
) -> Any:
    """Ask a gate before an application that answers all with a permission to read it from anywhere."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Access-Control-Allow-Origin", "*"), ("Content-Type", "image/png")])
        return [b"inside"]

    got = Answer()

    def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
        got.status = int(status.split()[0])
        got.update({name.lower(): value for name, value in headers})

    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_HOST": host,
        "SERVER_PORT": "1",
    }
    given = {"home": "/home", "host": "127.0.0.1", "token": None, "write": False, **gate}
    got.text = b"".join(Gate(app, **given)({**environ, **more}, start)).decode()
    return got


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:9", "LOCALHOST", "[::1]:80"])
def test_own_names_are_let_in(host: str) -> None:
    """The address that the command prints, or an ssh tunnel to it, would not work."""
    assert ask(host=host, gate={}).text == "inside"


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "evil@127.0.0.1x", "[::1", "10.0.0.1"],
)
def test_other_names_are_refused(host: str) -> None:
    """A page of another site could read the study under a name that it points here (DNS rebinding)."""
    got = ask(host=host, gate={})
    assert (got.status, "inside" in got.text) == (403, False)
    assert "Host" in got.text


def test_an_address_that_was_asked_for_is_let_in() -> None:
    """`--host` would listen where nobody can get in."""
    assert ask(host="10.0.0.1:80", gate={"host": "10.0.0.1"}).status == 200
    assert ask(host="10.0.0.1:80", gate={"host": "0.0.0.0"}).status == 200
    assert ask(host="evil.example", gate={"host": "0.0.0.0"}).status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_changes_are_refused_unless_asked_for(method: str) -> None:
    """Whoever looks at a study could delete it."""
    got = ask(method=method, gate={})
    assert (got.status, "--write" in got.text) == (403, True)
    assert ask(method=method, gate={"write": True}).text == "inside"


def test_changes_from_another_sites_page_are_refused() -> None:
    """With --write, any page that is open in the same browser could delete the study."""
    here: dict[str, Any] = {"method": "POST", "gate": {"write": True}}
    assert ask(**here, HTTP_ORIGIN="http://127.0.0.1:1").status == 200
    for origin in ("http://evil.example", "http://127.0.0.1:2", "null"):
        assert ask(**here, HTTP_ORIGIN=origin).status == 403


def test_whoever_comes_from_another_sites_page_is_refused() -> None:
    """If it failed, a page of another site could open this one in a frame, or ask it for pictures."""
    assert ask(gate={}, HTTP_SEC_FETCH_SITE="cross-site").status == 403
    for site in ("none", "same-origin"):
        assert ask(gate={}, HTTP_SEC_FETCH_SITE=site).status == 200


def test_to_write_a_visitor_needs_a_token_here_too(finished: StudyFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, any user of the machine could delete a study that someone serves with --write."""
    monkeypatch.setattr(server._Server, "serve_forever", lambda self: None)
    said: list[str] = []
    for write in (False, True):
        server.serve(finished, write=write, ready=said.append)
    assert ["?token=" in address for address in said] == [False, True]


def test_the_token_is_taken_once_in_the_address_and_then_as_a_cookie() -> None:
    """Whoever reaches the port would get in, or the token would stay in the browser's history."""
    gate = {"token": "right", "host": "10.0.0.1"}
    for wrong in ("/", "/?token=wrong", "/?token=", "/?token=%F0%9F%98%80"):
        assert ask(wrong, gate=gate).status == 403
    assert ask("/", gate=gate, HTTP_COOKIE="sweep-1=wrong; other=right").status == 403
    got = ask("/?token=right", gate=gate)
    assert (got.status, got["location"]) == (303, "/home")
    cookie, *attributes = got["set-cookie"].split("; ")
    assert set(attributes) >= {"HttpOnly", "SameSite=Strict"}
    assert ask("/api/meta", gate=gate, HTTP_COOKIE=f"a=b; {cookie}").text == "inside"


def test_headers_keep_answers_to_this_page() -> None:
    """Other sites could read or frame the pictures, or a file that a trial left could run as a page."""
    got = ask("/artifacts/1/2/x", gate={})
    assert "access-control-allow-origin" not in got
    assert got["x-content-type-options"] == "nosniff"
    assert got["x-frame-options"] == "DENY"
    assert "sandbox" in got["content-security-policy"]
    assert "content-security-policy" not in ask("/dashboard", gate={})  # the page sets its own
    assert ask("/", gate={})["location"] == "/home"


@pytest.mark.parametrize(
    "more",
    [
        {"CONTENT_LENGTH": "1048577"},
        {"CONTENT_LENGTH": "-1"},
        {"CONTENT_LENGTH": "9" * 5000},
        {"CONTENT_LENGTH": "\u0661"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
    ],
)
def test_a_body_is_bounded(more: dict[str, str]) -> None:
    """If it failed, a visitor could fill this machine's memory, or hold a thread for ever."""
    for method in ("POST", "GET"):
        assert ask("/api/studies", method=method, gate={"write": True}, **more).status == 413
    assert ask("/api/studies", method="POST", gate={"write": True}, CONTENT_LENGTH="1048576").status == 200


@pytest.mark.parametrize(
    ("kind", "served"),
    [
        ("image/png", "image/png"),
        ("text/html", "application/octet-stream"),
        ("text/javascript; charset=utf-8", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
@pytest.mark.parametrize("path", ["/artifacts/1/2/x", "//artifacts/1/2/x", "/./artifacts/1/2/x"])
def test_what_a_trial_left_is_a_picture_or_plain_bytes(kind: str | None, served: str, path: str) -> None:
    """If it failed, a file that was attached to a trial could run as a script of this page, and change the study."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("content-type", kind)] if kind else [])
        return [b"alert(1)"]

    got: list[tuple[str, str]] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": "127.0.0.1", "SERVER_PORT": "1"}
    gate = Gate(app, home="/", host="127.0.0.1", token=None, write=False)
    gate(environ, lambda status, headers, *_: got.extend(headers))
    assert [value for name, value in got if name.lower() == "content-type"] == [served]
    assert ("Content-Disposition", "attachment") in got or served == "image/png"


def answer(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"inside"]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[server._Server]:
    """A server for two at a time, each for two seconds."""
    monkeypatch.setattr(server, "AT_A_TIME", 2)
    monkeypatch.setattr(server, "LASTS", 2.0)
    with server._Server(("127.0.0.1", 0), server._Handler) as running:
        running.set_app(answer)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_slow_visitors_are_few_and_do_not_last(small: server._Server) -> None:
    """If it failed, a page that opens connections and sends a letter a minute would use up threads and memory."""
    port = small.server_port
    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(2)]
    for connection in slow:
        connection.sendall(b"GET / HT")
    with socket.create_connection(("127.0.0.1", port)) as late:
        late.settimeout(5)
        assert late.recv(1) == b"", "a third one is taken"
    assert not select.select(slow, [], [], 0)[0], "the first two were not taken"
    for connection in slow:
        connection.settimeout(10)
        assert connection.recv(100) == b"", "it may go on for ever"
        connection.close()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as page:
        assert page.read() == b"inside"


def test_a_server_that_can_open_no_more_files_waits(small: server._Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """If it failed, a process without free descriptors would turn a core at full speed until it is ended."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)

    def cannot(*_: object) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(small, "socket", type("Socket", (), {"accept": cannot})())
    with pytest.raises(OSError, match="Too many"):
        small.get_request()
    assert waited == [server.PAUSE]
    monkeypatch.undo()


@pytest.fixture(scope="module")
def served(finished: StudyFolder) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a served study, and its process."""
    command = [sys.executable, "-m", "sweep", "dashboard", "--root", str(finished.root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def test_a_study_is_served_with_its_pictures_and_ends_with_the_signal(
    served: tuple[str, subprocess.Popen[str]], finished: StudyFolder
) -> None:
    """The dashboard would show no study, fill the terminal, or leave a traceback at Ctrl-C."""
    address, process = served
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(address) as page:
        assert page.url.endswith("/dashboard/studies/1")
    with urllib.request.urlopen(f"{address}api/studies/1?after=0") as answer:
        study = json.load(answer)
    assert study["name"] == "made"
    trial = study["trials"][0]
    assert trial["note"]["body"].startswith("Trial 0 ")
    (picture,) = [a for a in trial["artifacts"] if a["mimetype"] == "image/png"]
    at = f"artifacts/1/{trial['trial_id']}/{picture['artifact_id']}"
    assert f"(/{at})" in trial["note"]["body"]
    with urllib.request.urlopen(address + at) as image:
        assert image.read() == finished.trial_plot(0).read_bytes()
        assert image.headers["Access-Control-Allow-Origin"] is None
    for method, path in (("DELETE", "api/studies/1"), ("POST", "api/studies"), ("PUT", "api/studies/1/note")):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(address + path, method=method, data=b"{}"))
    process.send_signal(signal.SIGINT)
    rest, said = process.communicate(timeout=10)
    assert (process.returncode, rest, said) == (0, "", "")


@pytest.mark.parametrize("damage", ["missing", "empty", "bytes"])
def test_a_study_without_a_sound_database_is_one_message(tmp_path: Path, damage: str) -> None:
    """The server would crash at the first page, or leave a file that was not there before."""
    record = StudyFolder(tmp_path, "n")
    record.folder.mkdir(parents=True)
    record.study.write_text("")
    if damage != "missing":
        record.database.write_bytes(b"" if damage == "empty" else bytes(range(256)) * 40)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    done = CliRunner().invoke(cli, ["dashboard", "n", "--root", str(tmp_path)])
    assert "study.db must be the database of a study" in str(done.exception)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_several_studies_need_a_name(tmp_path: Path) -> None:
    """A user would look at a study that is not the one meant."""
    for name in ("one", "two"):
        record = StudyFolder(tmp_path, name)
        record.folder.mkdir(parents=True)
        record.study.write_text("")
    assert "one, two" in str(CliRunner().invoke(cli, ["dashboard", "--root", str(tmp_path)]).exception)
    assert "got none" in str(CliRunner().invoke(cli, ["dashboard", "--root", str(tmp_path / "x")]).exception)


def test_an_address_that_is_not_ours_is_one_message(finished: StudyFolder) -> None:
    """A user who mistyped --host would see a traceback."""
    for host in ("203.0.113.1", "no.such.name.invalid"):
        done = CliRunner().invoke(cli, ["dashboard", "--root", str(finished.root), "--host", host])
        assert f"--host {host}" in str(done.exception)
