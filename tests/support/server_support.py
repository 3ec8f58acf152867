"""The web server of the viewfinder with the tools of a viewer, and a client of its WebSocket."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any, Self

import aiohttp
import numpy as np
from groundglass.browser.address import Binding, listening_socket
from groundglass.browser.pictures import Pictures
from groundglass.browser.server import WebServer
from groundglass.browser.tool import BrowserTool
from numpy.typing import NDArray
from remote_support import Harness

TOKEN = "the token of this run"
WAIT_S = 20.0


class Served:
    """A server on loopback with pictures, but without a live loop. `url` has no token, `address` has it."""

    def __init__(self, port: int = 0) -> None:
        self.pictures = Pictures()
        listening = listening_socket("127.0.0.1", port)
        self.binding = Binding("127.0.0.1", listening.getsockname()[1], TOKEN, False)
        self.server = WebServer(listening, self.binding, None, self.pictures)
        self.url = f"http://127.0.0.1:{self.binding.port}"
        self.address = self.binding.urls()[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self.pictures.close()


class Moving:
    """Offers changing pictures of (H, W, 3) at 30 a second until the end of the `with` block."""

    def __init__(self, pictures: Pictures, size: tuple[int, int] = (160, 96)) -> None:
        self._pictures, self._size = pictures, size
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        number = 0
        while not self._ended.wait(1 / 30):
            number += 1
            self._pictures.offer(np.full((self._size[1], self._size[0], 3), number % 250, np.uint8))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


class Answering:
    """The tool of the viewfinder, which a thread ticks as the live loop would."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.harness = Harness(folder)
        self.tool = BrowserTool(self.harness.tool_context, self.harness.editing, served.server, served.pictures)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.tool.tick(time.perf_counter())
            time.sleep(0.002)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.harness.remote.close()
        self.harness.engine.close()
        self.harness.source.close()


class Socket:
    """A viewer's WebSocket. `events` are the messages that are not replies."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self.events, self._id = socket, list[dict[str, Any]](), 0

    async def request(self, **message: Any) -> dict[str, Any]:
        self._id += 1
        await self.socket.send_json(message | {"id": self._id})
        while (reply := await self.receive()).pop("id", None) != self._id:
            self.events.append(reply)
        return reply

    async def receive(self) -> dict[str, Any]:
        return dict(await asyncio.wait_for(self.socket.receive_json(), WAIT_S))

    async def event(self, kind: str) -> Any:
        """The next event of this kind."""
        while True:
            event = self.events.pop(0) if self.events else await self.receive()
            if kind in event:
                return event[kind]


def picture_of(*colours: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> NDArray[np.uint8]:
    """Vertical bars of these colours."""
    columns = np.array(colours, np.uint8)[np.arange(size[0]) * len(colours) // size[0]]
    return np.broadcast_to(columns, (size[1], size[0], 3))
