"""A real browser without a window, for tests of pages: Debian's chromium, spoken to by the DevTools protocol over pipes.

No name can be resolved in it, so that nothing leaves the machine; what a page asks for all the same is recorded.
"""

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
MISSING = "chromium is not installed (apt-get install chromium)"
PATIENCE = 120  # seconds; the machine may be busy


class Browser:
    """One page of a running browser; `problems` are its errors and warnings, `requests` the addresses it asked for."""

    def __init__(self, process: subprocess.Popen, reader: int, writer: int) -> None:
        self.process, self.reader, self.writer = process, reader, writer
        self.problems: list[str] = []
        self.requests: list[str] = []
        self.contexts: dict[str, int] = {}
        self.number, self.buffer, self.session = 0, b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result, recording what the page does meanwhile."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self._record(answer)

    def open(self, address: str) -> None:
        """Go to a page; what an earlier one did is forgotten."""
        self.problems.clear()
        self.requests.clear()
        self.call("Page.navigate", url=address)

    def evaluate(self, expression: str, frame: str = "") -> Any:
        """Value of an expression of JavaScript, of a promise what it becomes; in the page, or in a frame by its id."""
        where = {"contextId": self.contexts[frame]} if frame else {}
        done = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True, **where
        )  # fmt: skip
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def frames(self) -> list[str]:
        """Ids of the frames inside the page that have loaded something."""
        tree = self.call("Page.getFrameTree")["frameTree"]
        inside = [child["frame"]["id"] for child in tree.get("childFrames", [])]
        return [frame for frame in inside if frame in self.contexts]

    def wait_for(self, expression: str, frame: str = "") -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(expression, frame):
            assert time.monotonic() < end, f"never true: {expression}; {self.problems}"
            time.sleep(0.1)

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        """Show the page as on a screen of a size in pixels, in its light or dark colours."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: str) -> None:
        """Write a picture of the whole page."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reader], [], [], PATIENCE)
            assert ready, "the browser does not answer"
            part = os.read(self.reader, 1 << 20)
            assert part, "the browser has ended"
            self.buffer += part
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def _record(self, event: dict[str, Any]) -> None:
        method, parameters = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in (
            "error",
            "warning",
            "assert",
        ):
            self.problems.append(json.dumps(parameters["args"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.problems.append(json.dumps(parameters["entry"]))
        elif method == "Runtime.executionContextCreated":
            context = parameters["context"]
            self.contexts[context["auxData"]["frameId"]] = context["id"]
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser of its own, with a profile that is thrown away."""
    assert CHROMIUM, MISSING
    (theirs_in, ours_out), (ours_in, theirs_out) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The browser reads commands from 3 and answers on 4.
        command = f'exec "$0" "$@" 3<&{theirs_in} 4>&{theirs_out}'
        options = (
            *("--headless", "--remote-debugging-pipe", f"--user-data-dir={profile}"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--disable-background-networking"),
            *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
        )
        process = subprocess.Popen(
            ["bash", "-c", command, CHROMIUM, *options],
            pass_fds=(theirs_in, theirs_out), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            yield Browser(process, ours_in, ours_out)
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            os.close(ours_in)
            os.close(ours_out)
