"""Pictures for viewers: encoded once for each codec, from the newest, only while they are received."""

from __future__ import annotations

import io
import queue
import time
from typing import Any

import numpy as np
import pytest
from groundglass.browser import pictures as watching
from groundglass.browser.encoders import CODECS, Encoded, new_encoder
from groundglass.browser.pictures import Pictures
from groundglass.browser.surface import StreamSurface, stream_size
from PIL import Image
from server_support import picture_of

av = pytest.importorskip("av")
COLOURS = (128, 128, 128), (230, 30, 30), (30, 200, 60), (20, 40, 220), (250, 250, 250), (5, 5, 5)
DECODERS = {"h264": "h264", "vp8": "vp8"}


def decoded(codec: str, encoded: list[Encoded]) -> list[Any]:
    context = av.CodecContext.create(DECODERS[codec], "r")
    return [frame for each in encoded for frame in context.decode(av.Packet(each.data))]


def bars(rgb: np.ndarray) -> np.ndarray:
    """The mean colours of the bars, without their edges."""
    width = rgb.shape[1] // len(COLOURS)
    return np.array([rgb[20:-20, i * width + 12 : (i + 1) * width - 12].mean((0, 1)) for i in range(len(COLOURS))])


@pytest.mark.parametrize("codec", list(CODECS))
def test_a_decoder_shows_the_colours(codec: str) -> None:
    encoder, picture = new_encoder(codec), picture_of(*COLOURS)
    encoded = [encoder.encode(picture, 1 + number / 30, False) for number in range(6)]
    assert [each.is_key for each in encoded] == [True, False, False, False, False, False]
    assert [each.pts for each in encoded] == [90000 + 3000 * number for number in range(6)]
    frame = decoded(codec, encoded)[-1]
    if codec == "h264":
        assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (1, 1, 1, 13)
    matrix = "ITU709" if codec == "h264" else "ITU601"
    rgb = frame.to_ndarray(format="rgb24", src_colorspace=matrix, src_color_range="MPEG", dst_color_range="JPEG")
    assert np.abs(bars(rgb) - COLOURS).max() <= 4


def test_jpeg_shows_the_colours() -> None:
    data = new_encoder("jpeg").encode(picture_of(*COLOURS), 0.0, False).data
    assert np.abs(bars(np.asarray(Image.open(io.BytesIO(data)))) - COLOURS).max() <= 4


@pytest.mark.parametrize("codec", list(CODECS))
def test_a_new_size_and_a_request_begin_with_a_key_picture(codec: str) -> None:
    encoder = new_encoder(codec)
    sizes = ((320, 180), (320, 180), (161, 91), (161, 91))
    encoded = [encoder.encode(picture_of(*COLOURS, size=size), i / 30, i == 1) for i, size in enumerate(sizes)]
    assert [each.is_key for each in encoded] == [True, True, True, False]
    assert [(frame.width, frame.height) for frame in decoded(codec, encoded)] == [(320, 180)] * 2 + [(160, 90)] * 2


def test_nothing_is_encoded_without_a_viewer() -> None:
    pictures, received = Pictures(), queue.Queue[Encoded]()
    pictures.offer(picture_of((1, 2, 3)))
    assert not pictures.is_watched
    subscription = pictures.subscribe("jpeg", received.put)
    assert received.get(timeout=5).is_key  # the picture from before, at once
    assert pictures.is_watched
    pictures.unsubscribe(subscription)
    assert not pictures.is_watched
    pictures.unsubscribe(subscription)  # harmless
    pictures.offer(picture_of((4, 5, 6)))
    with pytest.raises(queue.Empty):
        received.get(timeout=0.2)


def test_viewers_of_a_codec_share_its_encoder() -> None:
    pictures = Pictures()
    first, second = queue.Queue[Encoded](), queue.Queue[Encoded]()
    pictures.offer(picture_of((1, 2, 3)))
    pictures.subscribe("h264", first.put)
    assert first.get(timeout=5).is_key
    pictures.subscribe("h264", second.put)
    shared = second.get(timeout=5)
    assert shared.is_key
    received = [first.get(timeout=5)]
    while received[-1] is not shared:
        received.append(first.get(timeout=5))
    pictures.close()
    assert not pictures.is_watched


def test_an_encoder_takes_the_newest_picture() -> None:
    pictures, received = Pictures(), queue.Queue[Encoded]()

    def slow(encoded: Encoded) -> None:
        received.put(encoded)
        time.sleep(0.1)

    pictures.subscribe("jpeg", slow)
    for level in range(40):
        pictures.offer(picture_of((level, level, level), size=(32, 32)))
        time.sleep(0.01)
    time.sleep(0.3)
    pictures.close()
    levels = [int(np.asarray(Image.open(io.BytesIO(received.get().data))).mean()) for _ in range(received.qsize())]
    assert len(levels) < 20
    assert levels[-1] == 39


def test_a_picture_that_stays_becomes_sharp_and_is_then_sent_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REPEAT_S", 0.01)
    pictures, received = Pictures(), queue.Queue[Encoded]()
    detail = np.random.default_rng(0).integers(0, 256, (180, 320, 3), np.uint8)
    pictures.offer(detail)
    pictures.subscribe("vp8", received.put)
    encoded = [received.get(timeout=5) for _ in range(1 + watching.REPEATS)]
    with pytest.raises(queue.Empty):
        received.get(timeout=0.2)
    pictures.close()
    assert [each.is_key for each in encoded] == [True] + [False] * watching.REPEATS
    first, *_, last = (frame.to_ndarray(format="rgb24").astype(float) for frame in decoded("vp8", encoded))
    assert np.abs(last - detail).mean() < np.abs(first - detail).mean()


def test_loss_lowers_the_bit_rate_and_its_end_restores_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "REPORTS_S", 0.0)
    pictures, received = Pictures(), queue.Queue[Encoded]()
    subscription = pictures.subscribe("h264", received.put)
    encoder = pictures._encodings["h264"]._encoder
    factors = []
    for lost in (0.2, 0.2, 0.03, 0.0, 0.0, 0.0, 0.0):
        subscription.lost = lost
        pictures.offer(picture_of((1, 2, 3)))
        received.get(timeout=5)
        factors.append(round(encoder.bitrate_factor, 3))
    pictures.close()
    assert factors[:3] == [0.7, 0.49, 0.49]
    assert factors[3] == pytest.approx(0.49 * 1.15, abs=0.002)
    assert factors[-1] <= 1.0


def test_a_failing_encoder_ends_its_streams_alone(capsys: pytest.CaptureFixture[str]) -> None:
    pictures, received = Pictures(), queue.Queue[Encoded]()
    pictures.subscribe("jpeg", received.put)
    pictures.offer(np.zeros((4, 4, 7), np.uint8))
    until_s = time.monotonic() + 5
    while pictures.is_watched and time.monotonic() < until_s:
        time.sleep(0.01)
    assert not pictures.is_watched
    assert "jpeg: pictures cannot be encoded" in capsys.readouterr().err


def test_the_stream_has_even_sides_and_at_most_960_pixels() -> None:
    assert stream_size((4000, 3000), None) == (960, 720)
    assert stream_size((1080, 1920), None) == (540, 960)
    assert stream_size((321, 181), None) == (320, 180)
    assert stream_size((640, 360), (1921, 1080)) == (1920, 1080)


def test_the_stream_follows_the_size_of_another_source() -> None:
    frames: list[np.ndarray] = []
    with StreamSurface((64, 32), frames.append) as surface:
        surface.present("")
        surface.follow((32, 65))
        assert surface.size == (32, 64)
        surface.framebuffer.use()
        surface.framebuffer.clear(1.0, 0.0, 0.0, 1.0)
        surface.present("")
        surface.wait(0.0)
        assert [frame.shape for frame in frames][-1] == (64, 32, 3)
        assert (frames[-1] == (255, 0, 0)).all()
    with StreamSurface((64, 32), frames.append, wanted=(40, 30)) as surface:
        surface.follow((32, 65))
        assert surface.size == (40, 30)


def test_a_picture_of_a_processor_is_offered_when_it_is_presented() -> None:
    frames: list[np.ndarray] = []
    with StreamSurface((6, 4), frames.append) as surface:
        surface.framebuffer.use()
        for level in (1, 2):
            surface.framebuffer.clear(level / 255, 0, 0, 1)
            surface.present("")
        surface.wait(0.0)  # on a GPU it is one later, or here
        assert [int(frame[0, 0, 0]) for frame in frames] == [1, 2]
