"""Headless Chromium for the tests marked `browser`, driven through chromedriver's own HTTP interface, WebDriver."""

import base64
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import HERE, answers, free_port, wait_until

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--window-size=1400,1100",
]  # fmt: skip


class Browser:
    """One window."""

    def __init__(self, port: int, profile: Path) -> None:
        self.at = f"http://{HERE}:{port}/session"
        options = {"args": [*FLAGS, f"--user-data-dir={profile}"]}
        asked = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL"}}
        self.at += "/" + self._post("", {"capabilities": {"alwaysMatch": asked}})["sessionId"]

    def open(self, address: str) -> None:
        """Go to an address."""
        self._post("/url", {"url": address})

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self._post("/execute/sync", {"script": script, "args": []})

    def wait_for(self, script: str) -> Any:
        """Wait until what a script returns is true; give it."""
        wait_until(lambda: self.run(script), 30)
        return self.run(script)

    def requests(self) -> list[tuple[str, str]]:
        """The method and address of each request so far."""
        messages = [json.loads(entry["message"])["message"] for entry in self._post("/se/log", {"type": "performance"})]
        sent = [m["params"]["request"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return [(request["method"], request["url"]) for request in sent]

    def screenshot(self, path: Path) -> None:
        """Keep what is seen."""
        with urllib.request.urlopen(f"{self.at}/screenshot") as answer:
            path.write_bytes(base64.b64decode(json.load(answer)["value"]))

    def _post(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            self.at + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["value"]


@contextmanager
def chromium(folder: Path) -> Iterator[Browser]:
    """A browser that ends with the block."""
    program = shutil.which("chromedriver")
    assert program, "Chromium and its driver must be installed for tests marked browser"
    port = free_port()
    driver = subprocess.Popen([program, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port))
        browser = Browser(port, folder / "profile")
        try:
            yield browser
        finally:
            urllib.request.urlopen(urllib.request.Request(browser.at, method="DELETE")).close()
    finally:
        driver.terminate()
        driver.wait(10)
