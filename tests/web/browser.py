"""A headless Chromium that is controlled through a pipe: no driver, no package."""

import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--disable-extensions", "--mute-audio", "--hide-scrollbars",
)  # fmt: skip

AS_3_AND_4 = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


@dataclass
class Page:
    """One open page, and what it did."""

    session: str
    send: int
    receive: int
    problems: list[str] = field(default_factory=list)
    """Errors and warnings of its console, and exceptions."""
    requests: list[str] = field(default_factory=list)
    """Addresses that it asked for."""
    _number: int = 0
    _held: bytes = b""

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask the browser for something, and return its answer."""
        self._number += 1
        own = {"sessionId": self.session} if self.session else {}
        text = json.dumps({"id": self._number, "method": method, "params": parameters, **own})
        os.write(self.send, text.encode() + b"\0")
        while (message := self._next()).get("id") != self._number:
            self._on_message(message)
        assert "error" not in message, f"{method}: {message}"
        return dict(message["result"])

    def open(self, url: str, width: int, height: int, *, phone: bool = False) -> None:
        """Go somewhere, on a screen of that size."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=phone)  # fmt: skip
        self.call("Page.navigate", url=url)
        self.until(f"location.href == '{url}' && document.readyState == 'complete'")

    def value(self, expression: str) -> Any:
        """Return what some JavaScript gives."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, expression: str, seconds: float = 20.0) -> Any:
        """Wait until some JavaScript gives something true, and return it."""
        end_s = time.monotonic() + seconds
        while not (found := self.value(expression)):
            assert time.monotonic() < end_s, f"never: {expression}"
            time.sleep(0.05)
        return found

    def press(self, key: str) -> None:
        """Press a key."""
        text = "\r" if key == "Enter" else ""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text,
                      windowsVirtualKeyCode=KEYS[key])  # fmt: skip

    def picture(self, path: Path) -> None:
        """Write what it looks like as PNG."""
        path.write_bytes(b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            more = os.read(self.receive, 1 << 16)
            assert more, "the browser has ended"
            self._held += more
        text, _, self._held = self._held.partition(b"\0")
        return dict(json.loads(text))

    def _on_message(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.problems.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.problems.append(str(params["args"]))


KEYS = {"Enter": 13, "ArrowRight": 39, "Home": 36}


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """Start a browser with an empty page; skip the test where there is none."""
    program = next((name for name in PROGRAMS if shutil.which(name)), None)
    if program is None:
        pytest.skip("chromium is not installed")
    take, send = os.pipe()
    receive, give = os.pipe()
    command = [sys.executable, "-c", AS_3_AND_4, str(take), str(give)]
    process = subprocess.Popen(
        [*command, program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(take, give), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(take)
    os.close(give)
    try:
        yield _attach(Page("", send, receive))
    finally:
        process.terminate()
        process.wait(20)
        os.close(send)
        os.close(receive)


def _attach(page: Page) -> Page:
    targets: list[dict[str, Any]] = []
    while not targets:
        found = page.call("Target.getTargets")["targetInfos"]
        targets = [target for target in found if target["type"] == "page"]
    target = targets[0]["targetId"]
    page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Network", "Runtime", "Log"):
        page.call(f"{domain}.enable")
    return page
