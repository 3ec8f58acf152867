"""Pictures of 100 megapixels: read, developed, drawn and written in parts, with the result of the whole.

The tests lower the limits above which parts are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
import tifffile
from groundglass import engine as engine_module
from groundglass.batch import picture as batch_picture
from groundglass.batch.picture import rendered
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop import developer as developer_module
from groundglass.develop import picture as picture_stage
from groundglass.develop.developer import Developer
from groundglass.errors import OutOfMemoryError
from groundglass.formats import picture_write, tiff_read
from groundglass.formats.picture_read import read_picture
from groundglass.formats.picture_write import save
from groundglass.gl import readback

RNG = np.random.default_rng(5)
CODES_16 = RNG.integers(0, 65535, (37, 50, 3)).astype(np.uint16)
LIGHT = RNG.uniform(0.0, 2.0, (37, 50, 3)).astype(np.float32)
SMOOTH = np.stack(np.meshgrid(np.linspace(0, 1, 64), np.linspace(0, 1, 40)), -1).astype(np.float32)


@pytest.fixture
def engine() -> Iterator[gg.Engine]:
    with gg.Engine(look_route="gl") as made:
        yield made
    assert made.device.live_buffers == 0


@pytest.mark.parametrize(
    "frame",
    [
        gg.Frame(CODES_16, gg.Encoding.DISPLAY),
        gg.Frame((CODES_16 >> 8).astype(np.uint8), gg.Encoding.DISPLAY),
        gg.Frame(LIGHT, gg.Encoding.SCENE),
    ],
)
def test_a_picture_that_is_uploaded_in_strips_is_the_same(
    device: Device, monkeypatch: pytest.MonkeyPatch, frame: gg.Frame
) -> None:
    def developed() -> np.ndarray:
        developer = Developer(device)
        try:
            return developer.develop(frame, gg.Development()).read()
        finally:
            developer.release()

    whole = developed()
    for rows in (1, 5, 36, 37):
        monkeypatch.setattr(picture_stage, "STRIP_BYTES", rows * frame.pixels[0].nbytes)
        np.testing.assert_array_equal(developed(), whole)


def test_a_texture_is_read_in_strips(engine: gg.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, dtype in (("f1", np.uint8), ("nu2", np.uint16)):
        pixels = RNG.integers(0, 255, (37, 50, 4)).astype(dtype)
        texture = engine.gl.texture((50, 37), 4, pixels.tobytes(), dtype=kind)
        for rows in (1, 8, 36, 37, 100):
            monkeypatch.setattr(readback, "STRIP_BYTES", rows * pixels[0].nbytes)
            strips = list(readback.strips_of(texture, dtype))
            assert [first for first, _ in strips] == list(range(0, 37, rows))
            np.testing.assert_array_equal(np.concatenate([strip for _, strip in strips]), pixels)
        texture.release()


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64, np.uint32, np.int16])
def test_a_tiff_is_converted_in_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: type) -> None:
    kind = np.dtype(dtype)
    samples = LIGHT.astype(dtype) if kind.kind == "f" else (LIGHT / 2 * np.iinfo(kind).max).astype(dtype)
    if kind.kind == "f":
        samples[3, 4], samples[36, 49] = (np.nan, np.inf, -np.inf), (np.inf, 1, 2)
    tifffile.imwrite(tmp_path / "a.tif", samples, photometric="rgb")
    whole = read_picture(tmp_path / "a.tif").pixels
    assert np.isfinite(whole).all()
    for count in (1, 400, 37 * 150):
        monkeypatch.setattr(tiff_read, "STRIP_SAMPLES", count)
        np.testing.assert_array_equal(read_picture(tmp_path / "a.tif").pixels, whole)
    if kind.kind == "f":
        assert whole[3, 4].tolist() == [0.0, 65504.0, 0.0]


def test_a_tiff_is_written_in_strips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for rows in (1, 10, 37, 50):
        monkeypatch.setattr(picture_write, "TIFF_STRIP_BYTES", rows * CODES_16[0].nbytes)
        save(tmp_path / "a.tif", CODES_16)
        np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), CODES_16)


def test_16_bits_of_a_large_picture_are_those_of_floats(engine: gg.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    light = np.concatenate([SMOOTH, SMOOTH[..., :1]], axis=2)
    frame, settings = gg.Frame(light, gg.Encoding.SCENE), gg.Settings(look="authentic")
    floats = rendered(engine, settings, frame, "a.tif")
    monkeypatch.setattr(batch_picture, "MAX_FLOAT_PX", 100)
    codes = rendered(engine, settings, frame, "a.tif")
    assert (floats.dtype, codes.dtype) == (np.float32, np.uint16)
    assert np.abs(codes / 65535 - floats).max() < 1 / 4000
    assert len(np.unique(codes)) > 3000  # more than 8 or 10 bits


def test_the_light_of_a_large_still_is_released_before_its_picture_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [gg.Frame(np.roll(CODES_16, shift, 0), gg.Encoding.DISPLAY) for shift in range(3)]
    with gg.Engine(repeatable=True) as engine:
        expected = [engine.render(frame, gg.Settings()) for frame in frames]
    for module in (developer_module, engine_module):
        monkeypatch.setattr(module, "LARGE_STILL", 1000)
    held: list[int] = []
    draw = gg.Engine._draw_in_gl

    def watched(self: gg.Engine, *given: object, **named: object) -> object:
        held.append(self.device.live_buffers)
        return draw(self, *given, **named)

    monkeypatch.setattr(gg.Engine, "_draw_in_gl", watched)
    with gg.Engine(repeatable=True) as engine:
        for frame, picture in zip(frames, expected, strict=True):
            np.testing.assert_array_equal(engine.render(frame, gg.Settings()), picture)
        if engine.device.is_cpu:
            assert held == [1, 1, 1]  # the packed rows
            assert engine._scene_textures.textures == ()
        drawn = engine.draw(frames[0], gg.Settings())
        assert drawn.scene.size == (50, 37)
    assert engine.device.live_buffers == 0


def test_a_picture_beyond_the_sizes_of_opengl_is_one_clear_error(engine: gg.Engine) -> None:
    longest = int(engine.gl.info["GL_MAX_TEXTURE_SIZE"])
    frame = gg.Frame(np.zeros((2, longest + 1, 3), np.uint8), gg.Encoding.DISPLAY)
    with pytest.raises(
        OutOfMemoryError, match=f"OpenGL: cannot allocate .* pixels, and the driver has {longest} a side"
    ):
        engine.render(frame, gg.Settings())
    assert engine.render(gg.Frame(CODES_16, gg.Encoding.DISPLAY), gg.Settings()).shape == CODES_16.shape


def test_planes_of_a_dropped_still_are_gone(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(developer_module, "LARGE_STILL", 1000)
    developer, frame = Developer(device), gg.Frame(CODES_16, gg.Encoding.DISPLAY)
    before = device.live_buffers
    assert isinstance(developer.develop(frame, gg.Development()), Planes)
    developer.finish_still(frame)
    developer.drop_still()
    developer.drop_still()
    assert device.live_buffers == before
    developer.release()
