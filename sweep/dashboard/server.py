"""The server of the Optuna dashboard."""

import io
import ipaddress
import logging
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from sweep.dashboard.access import WILDCARDS, Gate
from sweep.dashboard.view import View
from sweep.errors import InputError
from sweep.files import refuse_links
from sweep.study.study import Study
from sweep.study_folder import StudyFolder

LOOPBACK = "127.0.0.1"
AT_A_TIME = 64  # connections
LASTS = 300.0  # seconds that one may last
PAUSE = 0.2  # seconds, where no file can be opened


def serve(
    record: StudyFolder, *, host: str = LOOPBACK, port: int = 0, write: bool = False, ready: Callable[[str], None]
) -> None:
    """Serve the dashboard of a study, finished or running, until the process is interrupted.

    Parameters
    ----------
    record : StudyFolder
    host : str
        The address to listen on; on any but a loopback one, and to write, visitors need a token.
    port : int
        0: a free one.
    write : bool
        Whether the dashboard may change the study.
    ready : callable
        Is told the address to open.

    Raises
    ------
    StudyError
        If there is no database, or it is damaged, or there is a link to elsewhere, which would be served.
    InputError
        If the address cannot be listened on.
    """
    import optuna_dashboard

    refuse_links(record.folder, record.artifacts)
    study = Study.reopen(record)
    logging.getLogger("optuna_dashboard").setLevel(logging.CRITICAL)
    app = optuna_dashboard.wsgi(study.storage, artifact_store=study.artifacts.store)
    token = None if _is_loopback(host) and not write else secrets.token_urlsafe(24)
    view = View(app, study_id=study.study_id, report=record.report, write=write)
    gate = Gate(view, home=f"/dashboard/studies/{study.study_id}", host=host, token=token, write=write)
    try:
        server = _Server((host, port), _Handler)
    except (OSError, OverflowError) as error:
        raise InputError(
            f"--host {host} --port {port} must be an address of this machine that is free; got: {error}. Choose others."
        ) from None
    with server:
        server.set_app(gate)
        name = socket.gethostname() if host in WILDCARDS else host
        at = f"[{name}]" if ":" in name else name
        ready(f"http://{at}:{server.server_port}/" + (f"?token={token}" if token else ""))
        with suppress(KeyboardInterrupt):
            server.serve_forever()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[WSGIRequestHandler]) -> None:
        self.free = threading.Semaphore(AT_A_TIME)
        self.address_family = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0][0]
        super().__init__(address, handler)

    def server_bind(self) -> None:
        """Bind without looking up this machine's name, which can take long."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def get_request(self) -> tuple[Any, Any]:
        """Take a connection; where the process can open no more files, wait a moment instead of asking at once."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(PAUSE)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread; whoever comes when there are too many has to come again."""
        if self.free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one connection, which ends after a while however slowly it sends or takes."""
        end = threading.Timer(LASTS, _end, [request])
        end.daemon = True
        end.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            end.cancel()
            self.free.release()

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a browser that leaves is no error."""


class _Handler(WSGIRequestHandler):
    timeout = 30  # seconds in which nothing arrives, or leaves

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def get_stderr(self) -> Any:
        """Send errors nowhere; a browser that leaves in the middle is none."""
        return io.StringIO()


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended
        connection.shutdown(socket.SHUT_RDWR)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
