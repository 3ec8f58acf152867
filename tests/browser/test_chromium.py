"""The page in headless Chromium: moving pictures, their colours, focus by a tap, two viewers, a still."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from browser_support import CHROMIUM, NO_CHROMIUM, Chromium, Page, wait_until
from PIL import Image
from server_support import Served, picture_of

pytestmark = [pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM), pytest.mark.slow]
COLOURS = (128, 128, 128), (200, 40, 40), (40, 180, 60), (30, 50, 200), (245, 245, 245), (10, 10, 10)
# The mean colours of the bars, as the page shows them.
READ_BACK = """(() => {
  const picture = stream.picture, canvas = document.createElement("canvas");
  canvas.width = picture.videoWidth || picture.naturalWidth;
  canvas.height = picture.videoHeight || picture.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0);
  const width = canvas.width / COUNT;
  const at = (bar) => context.getImageData((bar + 0.5) * width, canvas.height / 2, 1, 1).data;
  return Array.from({length: COUNT}, (_, bar) => [...at(bar)].slice(0, 3));
})()""".replace("COUNT", str(len(COLOURS)))
NUMBER_OF_FRAMES = """new Promise((resolve) => {
  let frames = 0;
  const count = () => { frames += 1; video.requestVideoFrameCallback(count); };
  video.requestVideoFrameCallback(count);
  setTimeout(() => resolve(frames), 1500);
})"""
HAS_PICTURE = "hasPicture() && document.getElementById('notice').hidden"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def viewfinder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running `groundglass serve`, and the folder of its stills."""
    folder = tmp_path_factory.mktemp("stills")
    words = ("serve", "scene:?size=320x180", "--port", "0", "--fresh", "--scale", "0.5")
    process = subprocess.Popen(
        [sys.executable, "-m", "groundglass", *words], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    yield line.removeprefix("groundglass: open ").strip(), folder
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


@contextmanager
def opened(chromium: Chromium, url: str) -> Iterator[Page]:
    page = chromium.open(url)
    try:
        page.until(HAS_PICTURE, 60)
        yield page
    finally:
        page.close()


def difference(page: Page) -> int:
    return int(np.abs(np.subtract(page.run(READ_BACK), COLOURS)).max())


@pytest.mark.parametrize(("codec", "codes"), [("h264", 8), ("vp8", 4), ("jpeg", 4)])
def test_the_browser_shows_the_colours(codec: str, codes: int, chromium: Chromium, served: Served) -> None:
    """Chromium without a GPU shows the blue of BT.709 7 codes darker; FFmpeg decodes the same stream within one code.

    A conversion that limits the coefficient from Cb to blue, 2.112, to 2 would explain the difference.
    """
    served.pictures.offer(picture_of(*COLOURS))
    with opened(chromium, f"{served.address}&codec={codec}") as page:
        with suppress(AssertionError):
            wait_until(lambda: difference(page) <= codes, 5)
        assert difference(page) <= codes, page.run(READ_BACK)
        assert max(map(abs, np.subtract(page.run(READ_BACK)[0], 128))) <= 1
        assert page.run("stream.kind") == ("Motion JPEG" if codec == "jpeg" else "WebRTC")
    wait_until(lambda: not served.pictures.is_watched)


def test_the_pictures_move(chromium: Chromium, viewfinder: tuple[str, Path]) -> None:
    with opened(chromium, viewfinder[0]) as page:
        assert page.run(NUMBER_OF_FRAMES) >= 4
        first = page.run(READ_BACK)
        wait_until(lambda: page.run(READ_BACK) != first)
        assert page.run("document.querySelectorAll('#panel section').length") == 6


def test_a_tap_focuses_and_a_pinch_magnifies(chromium: Chromium, viewfinder: tuple[str, Path]) -> None:
    """On an upright phone and on one that was turned."""
    focus = "connection.request({get: 'focus'}).then((reply) => reply.value)"
    zoom = "connection.request({state: true}).then((reply) => reply.value.zoom)"
    with opened(chromium, viewfinder[0]) as page:
        for width, height in ((390, 844), (844, 390)):
            page.size(width, height, 2, touch=True)
            page.until(f"stage.clientWidth > {width // 2} && stage.clientWidth <= {width}")
            left, top, wide, high = page.run(
                "(({left, top, width, height}) => [left, top, width, height])(stage.getBoundingClientRect())"
            )
            top, high = top + (high - wide * 9 / 16) / 2, wide * 9 / 16  # the bars above and below the picture
            page.tap(left + 0.5 * wide, top + 0.97 * high)  # the floor in front
            near_m = wait_until(lambda: (value := page.run(focus)) < 1.19 and value)
            page.tap(left + 0.3 * wide, top + 0.03 * high)  # the wall behind
            wait_until(lambda limit_m=2 * near_m: page.run(focus) > limit_m)
            x, y = left + 0.5 * wide, top + 0.5 * high
            page.touch("touchStart", (x - 20, y), (x + 20, y))
            for spread in range(24, 60, 6):
                page.touch("touchMove", (x - spread, y), (x + spread, y))
            page.touch("touchEnd")
            assert wait_until(lambda: (value := page.run(zoom)) > 2.0 and value) < 3.0
            page.until("!document.getElementById('whole').hidden")
            page.run("document.getElementById('whole').click()")
            wait_until(lambda: page.run(zoom) == 1.0)


def test_one_of_two_viewers_controls(chromium: Chromium, viewfinder: tuple[str, Path]) -> None:
    button = "document.getElementById('control').textContent"
    zebra = "[...document.querySelectorAll('#panel button')].find((each) => each.textContent === 'Zebra')"
    with opened(chromium, viewfinder[0]) as first:
        with opened(chromium, f"{viewfinder[0]}&codec=jpeg") as second:
            first.until(f"!document.getElementById('control').hidden && {button} === 'You control, 1 watching'")
            assert second.run(button) == "Take control"
            assert second.run("document.getElementById('shutter').disabled")
            second.run("document.getElementById('control').click()")
            first.until(f"{button} === 'Take control'")
            second.until("!document.getElementById('shutter').disabled")
            second.run(f"{zebra}.click()")
            first.until(f"{zebra}.getAttribute('aria-pressed') === 'true'")
        first.until("document.getElementById('control').hidden && !document.getElementById('shutter').disabled")
        first.run(f"{zebra}.click()")
        first.until(f"{zebra}.getAttribute('aria-pressed') === 'false'")


def test_a_still_is_downloaded(chromium: Chromium, viewfinder: tuple[str, Path], tmp_path: Path) -> None:
    with opened(chromium, viewfinder[0]) as page:
        chromium.send("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        page.run("document.getElementById('shutter').click()")
        name = page.until("!document.getElementById('newest').hidden && document.getElementById('newest').download", 60)
        page.run("document.getElementById('newest').click()")
        wait_until(lambda: (tmp_path / name).is_file())
        assert (tmp_path / name).read_bytes() == (viewfinder[1] / name).read_bytes()
        assert Image.open(tmp_path / name).size == (320, 180)
        page.until("document.querySelectorAll('#stills a').length === 2")  # and the raw file


def test_a_network_without_udp_gets_motion_jpeg(
    chromium: Chromium, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: [])
    served.pictures.offer(picture_of(*COLOURS))
    with opened(chromium, served.address) as page:
        assert page.run("stream.kind") == "Motion JPEG"
        assert difference(page) <= 4


def test_a_wrong_token_shows_nothing(chromium: Chromium, served: Served) -> None:
    page = chromium.open(re.sub("token=.*", "token=guessed", served.address))
    assert page.run("document.body.textContent").startswith("groundglass: This address lacks the token")
    page.close()


def test_the_page_connects_again_when_the_server_is_back(chromium: Chromium) -> None:
    with Served() as served:
        served.pictures.offer(picture_of(*COLOURS))
        page = chromium.open(served.address)
        page.until(HAS_PICTURE)
    page.until("document.getElementById('notice').textContent.startsWith('The stream is lost')")
    with Served(served.binding.port) as again:
        again.pictures.offer(picture_of(*COLOURS[::-1]))
        wait_until(lambda: page.run(READ_BACK)[0][0] < 40)
        page.until(HAS_PICTURE)
        page.close()
