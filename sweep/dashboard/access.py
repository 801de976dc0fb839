"""Who may ask the dashboard what: a WSGI gate before it, which has no such thing itself.

A page of another site can make a browser send requests here. Under a name of its own that points here, it could read
the answers too (DNS rebinding): so the Host header must be ours. What changes the study is refused unless asked for,
and never taken from another site's page. Whoever comes from another machine must bring a token.
"""

import hmac
import ipaddress
import socket
from collections.abc import Callable, Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

READS = ("GET", "HEAD")
LARGEST_BODY = 2**20  # bytes; the dashboard's own pages send notes and forms
WILDCARDS = ("0.0.0.0", "::")
HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "private, no-cache"),
)
INERT = ("Content-Security-Policy", "default-src 'none'; sandbox")  # of a file that a trial left: it runs nothing
PICTURES = ("image/gif", "image/jpeg", "image/png", "image/webp")  # what such a file may be; all others are plain bytes
TYPE = "content-type"
PLAIN = (("Content-Type", "application/octet-stream"), ("Content-Disposition", "attachment"))

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Gate:
    """A WSGI application before another.

    Parameters
    ----------
    app : WSGI application
    home : str
        The path that `/` leads to.
    host : str
        The address that is listened on.
    token : str or None
        What a visitor must bring, as `?token=` once and as a cookie from then on.
    write : bool
        Whether what changes something is let through.
    """

    def __init__(self, app: App, *, home: str, host: str, token: str | None, write: bool) -> None:
        self.app = app
        self.home = home
        self.host = host
        self.token = token
        self.write = write

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, or let it through."""

        def refuse(why: str, status: str = "403 Forbidden") -> Iterable[bytes]:
            start_response(status, [("Content-Type", "text/plain; charset=utf-8"), *HEADERS])
            return [f"Refused: {why}\n".encode()]

        def go_to(path: str, *headers: tuple[str, str]) -> Iterable[bytes]:
            start_response("303 See Other", [("Location", path), *headers, *HEADERS])
            return [b""]

        host = environ.get("HTTP_HOST", "")
        if not self._is_ours(host):
            return refuse("the Host header must be an address of this server.")
        if environ.get("HTTP_SEC_FETCH_SITE", "none") == "cross-site":
            return refuse("another site's page sent you here; open the address itself.")
        if self.token is not None:
            given = parse_qs(environ.get("QUERY_STRING", "")).get("token", [""])[0]
            if _same(given, self.token):
                cookie = f"{self._cookie(environ)}={self.token}; HttpOnly; SameSite=Strict; Path=/"
                return go_to(self.home, ("Set-Cookie", cookie))
            if not _same(self._brought(environ), self.token):
                return refuse("open the address with the token that `sweep dashboard` printed.")
        if environ["REQUEST_METHOD"] not in READS:
            if not self.write:
                return refuse("this dashboard is read-only; start it with --write to change the study.")
            origin = environ.get("HTTP_ORIGIN")
            if origin is not None and urlsplit(origin).netloc != host:
                return refuse("what changes the study must come from its own page.")
        if "HTTP_TRANSFER_ENCODING" in environ or not _is_size(environ.get("CONTENT_LENGTH") or "0"):
            return refuse(f"a request says its size, at most {LARGEST_BODY} bytes.", "413 Content Too Large")
        path = environ.get("PATH_INFO", "")
        if path in ("", "/"):
            return go_to(self.home)
        left_by_a_trial = path.lstrip("/.").startswith("artifacts")

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            own = [*HEADERS]
            if left_by_a_trial:
                kinds = [value.partition(";")[0].strip().lower() for name, value in headers if name.lower() == TYPE]
                own += [INERT, *(() if kinds and kinds[-1] in PICTURES else PLAIN)]
            replaced = {"access-control-allow-origin", *(name.lower() for name, _ in own)}
            kept = [(name, value) for name, value in headers if name.lower() not in replaced]
            return start_response(status, [*kept, *own], *rest)

        return self.app(environ, start)

    def _is_ours(self, header: str) -> bool:
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        if name in ("localhost", "127.0.0.1", "::1", self.host.lower()):
            return True
        return self.host in WILDCARDS and (name in _names() or _is_address(name))

    def _cookie(self, environ: Environ) -> str:
        """Name the cookie of a port; browsers share cookies between the ports of a host."""
        return f"sweep-{environ.get('SERVER_PORT', '')}"

    def _brought(self, environ: Environ) -> str:
        try:
            cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(self._cookie(environ))
        except CookieError:
            return ""
        return cookie.value if cookie is not None else ""


def _is_size(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= LARGEST_BODY


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _names() -> set[str]:
    return {socket.gethostname().lower(), socket.getfqdn().lower()}


def _is_address(name: str) -> bool:
    """Check whether it is a bare address, which no other site can point here."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
