"""The web server: who gets an answer, the WebSocket, stills, and Motion JPEG."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from groundglass.browser import server as serving
from PIL import Image
from server_support import TOKEN, Answering, Moving, Served, Socket, picture_of

PATHS = "/", "/page/page.js", "/socket", "/stream.mjpg", "/stills/a.jpg", "/nowhere"
GIVEN = {"token": TOKEN}


def run(work: Callable[[aiohttp.ClientSession], Awaitable[Any]], served: Served) -> Any:
    async def with_client() -> Any:
        async with aiohttp.ClientSession(served.url) as client:
            return await work(client)

    return asyncio.run(with_client())


async def opened(client: aiohttp.ClientSession) -> Socket:
    return Socket(await client.ws_connect("/socket", params=GIVEN, max_msg_size=1 << 24))


@pytest.mark.parametrize("path", PATHS)
def test_no_path_answers_without_the_token(path: str, served: Served) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        for given in ({}, {"token": ""}, {"token": TOKEN[:-1]}, {"token": f"{TOKEN}é"}, {"Token": TOKEN}):
            async with client.get(path, params=given) as reply:
                assert reply.status == 403
                assert TOKEN not in await reply.text()
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await client.ws_connect(path, params={"token": "guessed"})

    run(work, served)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "127.0.0.1:1"}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "[::1]:8765"}, 200),
        ({"Host": "192.168.0.7"}, 200),
        ({"Host": "stranger.example"}, 403),  # its name server gives it this computer's address
        ({"Host": "127.0.0.1.stranger.example:80"}, 403),
        ({"Host": "["}, 403),
        ({"Host": ""}, 403),
        ({"Host": "localhost", "Origin": "http://localhost"}, 200),
        ({"Host": "localhost", "Origin": "https://stranger.example"}, 403),
        ({"Host": "localhost", "Origin": "null"}, 403),
    ],
)
def test_only_the_page_itself_gets_an_answer(headers: dict[str, str], status: int, served: Served) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        async with client.get("/", params=GIVEN, headers=headers) as reply:
            assert reply.status == status

    run(work, served)


def test_the_page_loads_nothing_from_elsewhere(served: Served) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        async with client.get("/", params=GIVEN) as reply:
            text = await reply.text()
            assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
            assert reply.headers["Referrer-Policy"] == "no-referrer"
        assert "http" not in text.replace("http-equiv", "")
        assert text.count("token=the%20token%20of%20this%20run") == 7
        for name in ("page.css", "page.js", "icon.svg"):
            async with client.get(f"/page/{name}", params=GIVEN) as reply:
                assert reply.status == 200
        for name in ("nothing.js", "..%2fserver.py", "%2e%2e/server.py"):
            async with client.get(f"/page/{name}", params=GIVEN) as reply:
                assert reply.status == 404

    run(work, served)


def test_the_socket_speaks_the_remote_protocol(served: Served, tmp_path: Path) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        viewer = await opened(client)
        listed = (await viewer.request(list=True))["value"]
        assert {"zebra", "look.tone_curve.toe"} <= {each["name"] for each in listed}
        assert await viewer.request(set="zebra", to=True) == {"ok": True, "value": True}
        assert (await viewer.request(watch=True))["value"]["zebra"] is True
        assert await viewer.request(do="wave") == {"ok": True}
        assert await viewer.request(set="zebra", to=False) == {"ok": True, "value": False}
        assert await viewer.event("changed") == {"zebra": False}
        for text in ("", "nothing", "[1]", '{"set": "zebra"}', '{"get": "zebr"}', '{"offer": "v=0"}', '{"offer": ""}'):
            await viewer.socket.send_str(text)
            assert (await viewer.receive())["ok"] is False
        await viewer.socket.send_bytes(b"\0")  # not text: without a reply
        assert (await viewer.request(state=True))["value"]["zoom"] == 1.0
        await viewer.socket.send_str('{"get": "' + "a" * (1 << 17) + '"}')
        assert (await viewer.socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)

    with Answering(served, tmp_path) as answering:
        run(work, served)
        assert answering.harness.done == ["wave"]


def test_one_viewer_controls_and_others_watch(served: Served, tmp_path: Path) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        first, second = await opened(client), await opened(client)
        assert await second.event("viewers") == {"count": 2, "you": 2, "controls": 1}
        refused = await second.request(set="zebra", to=True)
        assert (refused["ok"], "Take control" in refused["error"]) == (False, True)
        assert await second.request(get="zebra") == {"ok": True, "value": False}
        assert await second.request(take=True) == {"ok": True}
        assert (await first.request(do="wave"))["ok"] is False
        assert await second.request(set="zebra", to=True) == {"ok": True, "value": True}
        await second.socket.close()
        numbers = {"controls": 1}
        while numbers["controls"] != 1 or numbers.get("count") != 1:
            numbers = await first.event("viewers")
        assert await first.request(set="zebra", to=False) == {"ok": True, "value": False}

    with Answering(served, tmp_path):
        run(work, served)


def test_each_of_several_watchers_sees_every_change(served: Served, tmp_path: Path) -> None:
    """Also one whose change is newer than the latest report when another begins to watch."""

    async def work(client: aiohttp.ClientSession) -> None:
        first, second = await opened(client), await opened(client)
        await first.request(watch=True)
        for value in (True, False, True):
            await first.request(set="zebra", to=value)
            assert (await second.request(watch=True))["value"]["zebra"] is value
            while (await first.event("changed")).get("zebra") is not value:
                pass

    with Answering(served, tmp_path):
        run(work, served)


def test_one_viewer_too_many_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.server, "_viewers", serving.Viewers(1))

    async def work(client: aiohttp.ClientSession) -> None:
        first, second = await opened(client), await opened(client)
        assert "viewers are connected" in (await second.receive())["error"]
        assert not first.socket.closed

    run(work, served)


def test_only_stills_of_this_run_are_offered(served: Served, tmp_path: Path) -> None:
    saved, other = tmp_path / "groundglass-0001.jpg", tmp_path / "secret.jpg"
    saved.write_bytes(b"a still")
    other.write_bytes(b"another file")

    async def work(client: aiohttp.ClientSession) -> None:
        viewer = await opened(client)
        assert await viewer.event("stills") == []
        served.server.add_still(saved)
        assert await viewer.event("still") == saved.name
        assert await (await opened(client)).event("stills") == [saved.name]
        async with client.get(f"/stills/{saved.name}", params=GIVEN) as reply:
            assert await reply.read() == b"a still"
            assert reply.headers["Content-Disposition"] == f'attachment; filename="{saved.name}"'
        for name in (other.name, f"..%2f{tmp_path.name}%2f{other.name}", "%2fetc%2fpasswd", f"{saved.name}%00"):
            async with client.get(f"/stills/{name}", params=GIVEN) as reply:
                assert reply.status == 404
        saved.unlink()
        async with client.get(f"/stills/{saved.name}", params=GIVEN) as reply:
            assert reply.status == 404

    run(work, served)


async def parts(reply: aiohttp.ClientResponse, number: int) -> list[np.ndarray]:
    """The first pictures of a Motion JPEG stream."""
    found, text = list[np.ndarray](), b""
    while len(found) < number:
        text += await reply.content.readany()
        while (end := text.find(b"\r\n--picture\r\n", 12)) >= 0:
            head, _, data = text[:end].partition(b"\r\n\r\n")
            assert int(head.rpartition(b" ")[2]) == len(data)
            found.append(np.asarray(Image.open(io.BytesIO(data))))
            text = text[end + 2 :]
    return found


def test_motion_jpeg_shows_the_pictures_and_ends_with_its_viewer(served: Served) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        assert not served.pictures.is_watched
        async with client.get("/stream.mjpg", params=GIVEN) as reply:
            with Moving(served.pictures):
                pictures = await parts(reply, 5)
            assert served.pictures.is_watched
        levels = [int(picture.mean()) for picture in pictures]
        assert levels == sorted(set(levels))
        until_s = time.monotonic() + 5
        while served.pictures.is_watched and time.monotonic() < until_s:
            served.pictures.offer(picture_of((1, 2, 3)))
            await asyncio.sleep(0.05)
        assert not served.pictures.is_watched

    run(work, served)


def test_a_slow_viewer_misses_pictures_and_delays_no_other(served: Served) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (360, 640, 3), np.uint8)

    async def work(client: aiohttp.ClientSession) -> None:
        slow = await client.get("/stream.mjpg", params=GIVEN)  # which is not read
        fast = await client.get("/stream.mjpg", params=GIVEN)
        for _ in range(30):
            offered_s = time.perf_counter()
            served.pictures.offer(noise)
            assert time.perf_counter() - offered_s < 0.5
            await parts(fast, 1)
        served.pictures.offer(picture_of((9, 9, 9)))
        assert (await parts(fast, 1))[-1].shape in ((360, 640, 3), (180, 320, 3))
        slow.close()
        fast.close()

    run(work, served)


def test_the_end_does_not_wait_for_viewers(served: Served, tmp_path: Path) -> None:
    async def work(client: aiohttp.ClientSession) -> None:
        viewer = await opened(client)
        stream = await client.get("/stream.mjpg", params=GIVEN)
        began_s = time.perf_counter()
        await asyncio.get_running_loop().run_in_executor(None, served.server.close)
        assert time.perf_counter() - began_s < 2.0
        while (await viewer.socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert viewer.socket.closed
        stream.close()
        served.server.add_still(tmp_path)  # harmless afterwards
        served.server.close()

    run(work, served)


def test_connections_that_send_no_request_are_closed_and_lock_no_viewer_out(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "SILENT_S", 0.3)

    async def work(client: aiohttp.ClientSession) -> None:
        viewer = await opened(client)
        host, port = served.url.removeprefix("http://").split(":")
        silent = [await asyncio.open_connection(host, int(port)) for _ in range(2 * serving.MAX_SILENT)]
        async with client.get("/", params=GIVEN) as reply:
            assert reply.status == 200
        for reader, writer in silent:
            with suppress(ConnectionError):
                assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
        await viewer.socket.ping()
        assert not viewer.socket.closed

    run(work, served)
