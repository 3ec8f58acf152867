"""An option that a source would ignore is refused, in one line with a remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.errors import GroundglassError
from PIL import Image

PROFILE = """\
white_balance = [2, 1, 1.5]
camera_to_scene = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((8, 12, 3), 90, np.uint8)).save("a.png")
    Image.fromarray(np.full((8, 12), 90, np.uint8)).save("grey.png")
    np.save("metres.npy", np.full((8, 12), 2.0, np.float32))
    Path("a.raw").write_bytes(bytes(8 * 12 * 2))
    Path("a.y4m").write_bytes(b"YUV4MPEG2 W12 H8 F30:1 Ip C420jpeg\n" + b"FRAME\n" + bytes(144))
    Path("profile.toml").write_text(PROFILE)
    return tmp_path


MOSAIC = {"raw_format": "rggb12", "raw_size": (12, 8)}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.png", {"depth_scale": 1000.0}, "--depth-scale applies to maps of integers"),
        ("scene:?size=96x64", {"depth_scale": 1000.0}, "--depth-scale applies to maps of integers"),
        ("a.png", {"depth": "plane:1..2", "depth_scale": 1000.0}, "leave out the depth scale"),
        ("a.png", {"depth": "none", "depth_scale": 1000.0}, "depth 'none' has no distances"),
        ("a.png", {"depth": "none", "depth_range": "1..2"}, "depth 'none' has no distances"),
        ("scene:?size=96x64", {"layer": "left"}, "scene:.*: only OpenEXR files have layers"),
        ("a.y4m", {"layer": "left"}, "a.y4m: only OpenEXR files have layers"),
        ("a.raw", {"layer": "left", **MOSAIC}, "a.raw: only OpenEXR files have layers"),
        ("grey.png", {"layer": "left", "raw_format": "rggb8"}, "grey.png: only OpenEXR files have layers"),
        ("scene:?size=96x64", MOSAIC, "scene:.*: reports the format of its frames"),
        ("v4l2:0", MOSAIC, "v4l2:0: reports the format of its frames"),
        ("pylon:0", {"raw_format": "rggb12"}, "pylon:0: reports the format of its frames"),
        ("rtsp://127.0.0.1/live", MOSAIC, "rtsp:.*: reports the format of its frames"),
        ("a.png", {"profile": "profile.toml"}, "a.png: is not a mosaic; --profile applies to raw files"),
    ],
)
def test_an_option_without_effect_is_refused(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(GroundglassError, match=message), open_source(name, **options) as source:
        next(iter(source))


def test_options_that_apply_are_taken() -> None:
    for name, options in (
        ("a.raw", {**MOSAIC, "profile": "profile.toml"}),
        ("grey.png", {"raw_format": "rggb8", "profile": "profile.toml"}),
        ("a.png", {"depth": "none", "depth_range": "1..2", "depth_later": True}),
        ("a.png", {"depth": "grey.png", "depth_scale": 10.0}),
        ("a.png", {"depth": "metres.npy", "depth_scale": 1000.0}),  # floats are metres: a rig may have both kinds
    ):
        with open_source(name, **options) as source:  # type: ignore[arg-type]
            assert next(iter(source)).size == (12, 8)
