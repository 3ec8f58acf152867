"""The web server, in its own thread: the page, its WebSocket with the remote protocol, streams, and stills."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import resources
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import quote

from aiohttp import WSMsgType, web

from ..errors import GroundglassError
from ..remote.protocol import Answer, Request, read_request
from .access import Handler, add_headers, guard
from .address import Binding
from .encoders import Encoded
from .pictures import Pictures
from .viewers import Viewer, Viewers
from .webrtc import PeerStream, bind_media

MAX_VIEWERS = 16
MAX_WAITING = 64  # unanswered requests of a viewer
MAX_MESSAGE_BYTES = 1 << 16
HEARTBEAT_S = 5.0  # a viewer that does not answer a ping for half of it is gone
ANSWER_S = 0.3  # time that the last replies have to be sent at the end
CLOSE_S = 0.3
SILENT_S = 5.0  # a connection that has not sent a request by then is closed
MAX_SILENT = 64  # silent connections; a page opens a few at once
MOTION_JPEG = "multipart/x-mixed-replace; boundary=picture"
ALIVE_S = 1.0  # a picture that does not change is sent again after it, which shows whether the viewer is still there
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
WATCHES = 'another viewer controls; press Take control on the page, or send {"take": true}'


class WebServer:
    """Serves the page of `binding` on a listening `socket`. It is the `RequestServer` of an `Exchange`.

    `wake` is called for each request. `pictures` are the streams; `add_still` offers a file for download.
    """

    def __init__(
        self, listening: socket.socket, binding: Binding, tls: ssl.SSLContext | None, pictures: Pictures
    ) -> None:
        self._listening, self._binding, self._tls, self._pictures = listening, binding, tls, pictures
        self.wake: Callable[[], None] = lambda: None
        self._viewers = Viewers(MAX_VIEWERS)
        self._requests: SimpleQueue[tuple[Viewer, Request]] = SimpleQueue()
        self._stills: dict[str, Path] = {}
        self._motion_jpegs = 0
        self._page = {file.name: file.read_bytes() for file in resources.files(__package__).joinpath("page").iterdir()}
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._answered_s = 0.0
        self._silent: dict[Any, None] = {}  # connections without a request, the oldest first
        for library in ("aiohttp", "aioice", "aiortc"):
            logging.getLogger(library).setLevel(logging.CRITICAL)  # a viewer that is gone is not an error
        bind_media(binding.host)
        self._thread = threading.Thread(target=self._run, name="groundglass-browser", daemon=True)
        self._thread.start()

    def take(self) -> tuple[Viewer, Request] | None:
        try:
            return self._requests.get_nowait()
        except Empty:
            return None

    def answer(self, client: Viewer, answer: Answer) -> None:
        client.waiting -= 1
        self._answered_s = time.monotonic()
        self.push(client, answer)

    def push(self, client: Viewer, event: Answer) -> None:
        self._call(client.send, event)

    def watchers(self) -> list[Viewer]:
        return [viewer for viewer in self._viewers if viewer.watches]

    @property
    def has_unsent(self) -> bool:
        """Whether a reply is not with the system yet. A viewer that does not read is not waited for."""
        is_recent = time.monotonic() - self._answered_s < ANSWER_S
        return is_recent and any(not viewer.outbox.empty() for viewer in self._viewers)

    def add_still(self, path: Path) -> None:
        """Offers a file of this run for download. From any thread."""
        self._call(self._offer_still, path)

    def close(self) -> None:
        """Ends all streams and connections. A second call has no effect."""
        self._call(self._closing.set)
        self._thread.join()

    def _call(self, do: Callable[..., object], *arguments: object) -> None:
        with suppress(RuntimeError):  # the server is closed
            self._loop.call_soon_threadsafe(do, *arguments)

    def _offer_still(self, path: Path) -> None:
        self._stills[path.name] = path.absolute()
        self._viewers.send_all({"still": path.name})

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()
            self._listening.close()

    @web.middleware
    async def _note_request(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._silent.pop(request.protocol, None)
        return await handler(request)

    def _accept(self, runner: web.AppRunner) -> asyncio.Protocol:
        """A new connection. Those that send no request are closed, so that they never take the place of a viewer."""
        assert runner.server is not None
        connection = runner.server()
        self._silent[connection] = None
        if len(self._silent) > MAX_SILENT:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            self._loop.call_soon(oldest.force_close)  # it may not be open yet
        self._loop.call_later(SILENT_S, self._close_silent, connection)
        return connection

    def _close_silent(self, connection: Any) -> None:
        if connection in self._silent:
            del self._silent[connection]
            connection.force_close()

    async def _serve(self) -> None:
        app = web.Application(middlewares=[self._note_request, guard(self._binding)], client_max_size=MAX_MESSAGE_BYTES)
        app.on_response_prepare.append(add_headers)
        app.router.add_get("/", self._index)
        app.router.add_get("/page/{name}", self._page_file)
        app.router.add_get("/socket", self._socket)
        app.router.add_get("/stream.mjpg", self._motion_jpeg)
        app.router.add_get("/stills/{name}", self._still)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_S)
        await runner.setup()
        accepting = await self._loop.create_server(
            partial(self._accept, runner),
            sock=self._listening,
            ssl=self._tls,
            ssl_handshake_timeout=None if self._tls is None else SILENT_S,
        )
        await self._closing.wait()
        accepting.close()
        streams = [viewer.stream.close() for viewer in self._viewers if viewer.stream is not None]
        for viewer in self._viewers:
            viewer.outbox.put_nowait(None)  # after the last replies
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*streams, return_exceptions=True), CLOSE_S)
        with suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), CLOSE_S)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=CLOSE_S)

    async def _index(self, request: web.Request) -> web.StreamResponse:
        text = self._page["index.html"].decode().replace("{token}", quote(self._binding.token))
        return web.Response(text=text, content_type="text/html")

    async def _page_file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._page:
            raise web.HTTPNotFound
        return web.Response(body=self._page[name], content_type=TYPES[Path(name).suffix], charset="utf-8")

    async def _still(self, request: web.Request) -> web.StreamResponse:
        path = self._stills.get(request.match_info["name"])
        if path is None or not path.is_file():
            raise web.HTTPNotFound(text="groundglass: this run has not saved a still of this name\n")
        kind = "inline" if "view" in request.query else "attachment"
        return web.FileResponse(path, headers={"Content-Disposition": f'{kind}; filename="{path.name}"'})

    async def _motion_jpeg(self, request: web.Request) -> web.StreamResponse:
        if self._motion_jpegs >= MAX_VIEWERS:
            raise web.HTTPServiceUnavailable(text=f"groundglass: {MAX_VIEWERS} viewers receive this stream\n")
        newest: list[Encoded] = []
        arrived = asyncio.Event()

        def arrive(encoded: Encoded) -> None:
            newest[:] = [encoded]
            arrived.set()

        self._motion_jpegs += 1
        subscription = self._pictures.subscribe("jpeg", lambda encoded: self._call(arrive, encoded))
        response = web.StreamResponse(headers={"Content-Type": MOTION_JPEG})
        try:
            await response.prepare(request)
            await response.write(b"--picture\r\n")
            while not self._closing.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(arrived.wait(), ALIVE_S)
                arrived.clear()
                for encoded in newest:  # the newest one; a slow viewer misses the others
                    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(encoded.data)}\r\n\r\n"
                    # A browser shows the picture when it sees the boundary after it.
                    await response.write(head.encode() + encoded.data + b"\r\n--picture\r\n")
        except (ConnectionError, asyncio.CancelledError):
            pass  # the viewer is gone
        finally:
            self._pictures.unsubscribe(subscription)
            self._motion_jpegs -= 1
        return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        connection = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=MAX_MESSAGE_BYTES)
        await connection.prepare(request)
        viewer = self._viewers.join()
        if viewer is None:
            await connection.send_json({"ok": False, "error": f"{MAX_VIEWERS} viewers are connected; close one"})
            await connection.close()
            return connection
        viewer.send({"stills": list(self._stills)})
        writing = asyncio.ensure_future(self._write(connection, viewer))
        try:
            async for message in connection:
                if message.type is WSMsgType.TEXT:
                    await self._receive(viewer, message.data)
        finally:
            writing.cancel()
            self._viewers.leave(viewer)
            if viewer.stream is not None:
                await viewer.stream.close()
        return connection

    async def _write(self, connection: web.WebSocketResponse, viewer: Viewer) -> None:
        with suppress(ConnectionError):
            while (message := await viewer.outbox.get()) is not None:
                await connection.send_json(message)
            await connection.close(code=1001)

    async def _receive(self, viewer: Viewer, text: str) -> None:
        """Handles what concerns the connection; other requests are answered by the live loop."""
        request = read_request(text.encode())
        reply: Answer = {"id": request["id"]} if isinstance(request, dict) and "id" in request else {}
        match request:
            case {"take": True}:
                self._viewers.take_control(viewer)
                viewer.send(reply | {"ok": True})
            case {"offer": str(offer)}:
                viewer.send(reply | await self._answer_offer(viewer, offer))
            case {"stop": True}:
                await self._end_stream(viewer)
                viewer.send(reply | {"ok": True})
            case _ if not self._viewers.may_send(viewer, request):
                viewer.send(reply | {"ok": False, "error": WATCHES})
            case _ if viewer.waiting >= MAX_WAITING:
                viewer.send(reply | {"ok": False, "error": f"{MAX_WAITING} requests wait for their reply"})
            case _:
                viewer.waiting += 1
                self._requests.put((viewer, request))
                self.wake()

    async def _answer_offer(self, viewer: Viewer, offer: str) -> Answer:
        await self._end_stream(viewer)
        viewer.stream = stream = PeerStream(self._pictures)
        try:
            return {"ok": True, "value": await stream.answer(offer)}
        except GroundglassError as error:
            await self._end_stream(viewer)
            return {"ok": False, "error": str(error)}

    async def _end_stream(self, viewer: Viewer) -> None:
        stream, viewer.stream = viewer.stream, None
        if stream is not None:
            await stream.close()
