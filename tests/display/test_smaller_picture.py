"""A device without memory: the live view draws a smaller picture, reports it, and loses no buffer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture import BaseSource
from groundglass.compute.opencl import OpenClDevice
from groundglass.compute.registry import list_devices
from groundglass.display.bitmap import BitmapSurface
from groundglass.display.live_scale import LiveScale
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.errors import OutOfMemoryError
from groundglass.settings import Settings, SettingsHistory
from look_support import context

LIMIT = 800_000  # the planes of 320x240 have 1.15 MB with their borders, those of half the size less


class Mosaics(BaseSource):
    """Mosaics without depth, whose maps would have the size of the source at every scale."""

    name, size, fps = "mosaics", (320, 240), 200.0

    def __iter__(self) -> Iterator[gg.Frame]:
        mosaic = np.random.default_rng(1).integers(0, 65535, (240, 320), dtype=np.uint16)
        for index in count():
            yield gg.Frame(mosaic, index=index)


class SmallDevice(OpenClDevice):
    """A real device whose buffers have at most `limit` bytes."""

    limit = 0

    def allocate(self, nbytes: int) -> Any:
        if nbytes > self.limit:
            raise OutOfMemoryError(self.spec, nbytes, MemoryError("none left"))
        return super().allocate(nbytes)


def small_device() -> SmallDevice:
    found = [candidate for candidate in list_devices()[0] if candidate.spec.startswith("opencl")]
    if not found:
        pytest.skip("no OpenCL device")
    return SmallDevice(found[0])


@pytest.mark.parametrize("surface_of", [OffscreenSurface, lambda *a, **k: BitmapSurface(*a, lambda _: None, **k)])
def test_the_picture_is_drawn_smaller_and_stays_so(surface_of: Any, capsys: pytest.CaptureFixture[str]) -> None:
    device = small_device()
    device.limit = 1 << 30
    history = SettingsHistory(Settings(scale=1.0, look="neutral"))
    with (
        Mosaics() as source,
        surface_of((96, 64), gl=context()) as surface,
        gg.Engine(device, gl=surface.gl) as engine,
    ):
        viewer = Viewer(engine, source, history, surface=surface, holds_rate=True)
        device.limit = LIMIT
        statistics = viewer.run(frames=4)
        assert history.now.scale <= 0.75
        assert statistics.scale <= 0.75
        assert not history.can_undo
    assert device.live_buffers == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "cannot allocate" in line]
    assert 1 <= len(lines) <= 2  # a step of the scale each
    assert lines[-1].endswith(f"; the picture is drawn at {100 * history.now.scale:.3g} % instead")


def test_without_a_smaller_scale_the_error_is_that_of_the_device() -> None:
    device = small_device()
    device.limit = 1 << 30
    with (
        Mosaics() as source,
        OffscreenSurface((96, 64), gl=context()) as surface,
        gg.Engine(device, gl=surface.gl) as engine,
    ):
        device.limit = 16
        viewer = Viewer(engine, source, SettingsHistory(Settings(look="neutral")), surface=surface, holds_rate=True)
        with pytest.raises(OutOfMemoryError, match="cannot allocate"):
            viewer.run(frames=2)
    assert device.live_buffers == 0


def test_a_smaller_scale_holds_for_the_source() -> None:
    """Neither the governor nor the refinement of a still picture exceeds it; another source is tried at full size."""
    history = SettingsHistory(Settings(scale=1.0))
    with gg.Engine(gl=context()) as engine:
        scale = LiveScale(engine, history, 1 / 60)
        assert scale.shrink()
        assert history.now.scale == 0.75
        scale.move(0.0)
        scale.rest(100.0)
        assert history.now.scale == 0.75
        assert scale.refined(history.now).quality == "best"
        assert not scale.will_refine
        scale.restart((64, 48), 1 / 60, keeps_scale=False)
        assert history.now.scale == 1.0
        assert [scale.shrink() for _ in range(6)] == [True] * 4 + [False] * 2
