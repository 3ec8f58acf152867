"""Headless Chromium, driven over its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "chromium is not installed; tools/system_packages.sh test installs it"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-extensions", "--mute-audio"),
    *("--autoplay-policy=no-user-gesture-required", "--remote-debugging-port=0", "--hide-scrollbars"),
)
START_S, WAIT_S = 30.0, 20.0


class Page:
    """A tab. `run` evaluates an expression, also a promise, and returns its value."""

    def __init__(self, browser: Chromium, session: str) -> None:
        self._browser, self._session = browser, session

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._browser.send(method, self._session, **parameters)

    def run(self, expression: str) -> Any:
        reply = self.send("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in reply, reply["exceptionDetails"]
        return reply["result"].get("value")

    def until(self, expression: str, timeout_s: float = WAIT_S) -> Any:
        """The value of an expression as soon as it is true."""
        until_s = time.monotonic() + timeout_s
        while not (value := self.run(expression)):
            assert time.monotonic() < until_s, f"never true: {expression}"
            time.sleep(0.05)
        return value

    def size(self, width: int, height: int, scale: float = 1.0, *, touch: bool = False) -> None:
        """Sets the size of the page in CSS pixels."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=touch
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=touch)

    def touch(self, kind: str, *points: tuple[float, float]) -> None:
        """`touchStart`, `touchMove` or `touchEnd` with fingers at points of the page."""
        fingers = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self.send("Input.dispatchTouchEvent", type=kind, touchPoints=fingers)

    def tap(self, x: float, y: float) -> None:
        self.touch("touchStart", (x, y))
        self.touch("touchEnd")

    def close(self) -> None:
        self.send("Page.close")

    def screenshot(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))


class Chromium:
    """A browser with a profile of its own, which is removed afterwards."""

    def __init__(self) -> None:
        assert CHROMIUM is not None, NO_CHROMIUM
        self._profile = tempfile.TemporaryDirectory(prefix="groundglass-chromium-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._loop = asyncio.new_event_loop()
        self._id = 0
        try:
            self._loop.run_until_complete(self._connect())
        except BaseException:
            self.close()
            raise

    async def _connect(self) -> None:
        import aiohttp

        address = Path(self._profile.name, "DevToolsActivePort")
        until_s = time.monotonic() + START_S
        while not address.is_file() or len(address.read_text().split()) < 2:
            assert time.monotonic() < until_s, "chromium does not start"
            assert self._process.poll() is None, "chromium has ended"
            await asyncio.sleep(0.05)
        port, path = address.read_text().split()
        self._client = aiohttp.ClientSession()
        self._socket = await self._client.ws_connect(f"http://127.0.0.1:{port}{path}", max_msg_size=1 << 26)

    def send(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        return self._loop.run_until_complete(asyncio.wait_for(self._send(method, session, parameters), 2 * WAIT_S))

    async def _send(self, method: str, session: str | None, parameters: dict[str, Any]) -> dict[str, Any]:
        self._id += 1
        request = {"id": self._id, "method": method, "params": parameters}
        await self._socket.send_json(request | ({"sessionId": session} if session else {}))
        while True:
            reply = json.loads((await self._socket.receive()).data)
            if reply.get("id") == self._id:
                assert "error" not in reply, f"{method}: {reply['error']}"
                return dict(reply["result"])

    def open(self, url: str) -> Page:
        """A new tab, in a window of its own: it is visible like all others."""
        target = self.send("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        page.send("Page.navigate", url=url)
        page.until("document.readyState === 'complete'")
        return page

    def close(self) -> None:
        with suppress(Exception):
            self._loop.run_until_complete(self._client.close())
        self._loop.close()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._profile.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def wait_until(condition: Callable[[], Any], timeout_s: float = WAIT_S) -> Any:
    """The value of a condition as soon as it is true."""
    until_s = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < until_s, "never true"
        time.sleep(0.02)
    return value
