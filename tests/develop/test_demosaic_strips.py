"""The edge-directed methods process a mosaic strip by strip on a CPU; the picture does not depend on the strips."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.cfa import BAYER_PATTERNS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop import demosaic
from groundglass.develop.demosaic import Demosaic, Method

STRIP_ROWS = 5  # rows of blocks


def demosaiced(device: Device, mosaic: np.ndarray, pattern: str, method: Method) -> np.ndarray:
    height, width = mosaic.shape
    source, scene = Planes(device, width, height, 1), Planes(device, width, height, 3)
    source.write(mosaic[..., None])
    source.mirror()
    stage = Demosaic(source, scene, method)
    stage.run(Cfa(pattern), np.eye(3), encoded=True)
    picture = scene.read()
    for owner in (stage, source, scene):
        owner.release()
    return picture


@pytest.mark.parametrize("method", ["rcd", "lmmse", "best"])
@pytest.mark.parametrize("pattern", BAYER_PATTERNS)
def test_strips_change_no_bit(device: Device, pattern: str, method: Method, monkeypatch: pytest.MonkeyPatch) -> None:
    for height, width in ((40, 34), (43, 37)):
        mosaic = np.random.default_rng(3).random((height, width)).astype(np.float32)
        whole = demosaiced(device, mosaic, pattern, method)
        channels = 16 if method == "rcd" else 34
        with monkeypatch.context() as patch:
            patch.setattr(demosaic, "STRIP_BYTES", 4 * channels * (width // 2) * STRIP_ROWS)
            np.testing.assert_array_equal(demosaiced(device, mosaic, pattern, method), whole)
