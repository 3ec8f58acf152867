"""Depth maps: metres from every format, and no interpolated distance across an edge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from groundglass.capture import open_source
from groundglass.capture.with_depth import open_depth
from groundglass.depth.maps import FAR_M, resized, stored_orientation, whole_depth
from groundglass.depth.plane import tilted_plane
from groundglass.errors import SourceError
from PIL import Image, ImageOps

METRES = np.array([[1.0, 1.5, 2.0], [2.5, 3.0, 3.5]], np.float32)


def write_map(path: Path) -> Path:
    """Writes `METRES`: metres in floating-point files, millimetres in integer files."""
    match path.suffix:
        case ".npy":
            np.save(path, METRES.astype(np.float64))
        case ".tif":
            tifffile.imwrite(path, METRES)
        case ".exr":
            openexr = pytest.importorskip("OpenEXR")
            with openexr.File({"type": openexr.scanlineimage}, {"Z": METRES}) as file:
                file.write(str(path))
        case _:
            Image.fromarray((METRES * 1000).astype(np.uint16)).save(path)
    return path


@pytest.mark.parametrize("name", ["d.npy", "d.tif", "d.exr", "d.png", "d.pgm"])
def test_every_format_gives_metres(tmp_path: Path, name: str) -> None:
    depth_m = open_depth(str(write_map(tmp_path / name)))((3, 2))
    assert depth_m.dtype == np.float32
    assert depth_m == pytest.approx(METRES)


def test_scale_is_units_per_metre(tmp_path: Path) -> None:
    path = str(write_map(tmp_path / "d.png"))
    assert open_depth(path, scale=5000)((3, 2)) == pytest.approx(METRES / 5)


def test_eight_bit_maps_need_a_scale(tmp_path: Path) -> None:
    Image.fromarray(np.array([[10, 20], [30, 40]], np.uint8)).convert("RGB").save(tmp_path / "d.png")
    with pytest.raises(SourceError, match="8-bit map has no distances"):
        open_depth(str(tmp_path / "d.png"))
    assert open_depth(str(tmp_path / "d.png"), scale=10)((2, 2)).tolist() == [[1, 2], [3, 4]]


def test_plane_is_near_at_the_bottom_and_linear_in_reciprocal_distance() -> None:
    depth_m = open_depth("plane:0.8..6")((4, 5))
    assert depth_m.shape == (5, 4)
    assert depth_m[:, 0] == pytest.approx(1 / np.linspace(1 / 6, 1 / 0.8, 5))
    assert np.ptp(depth_m, axis=1).max() == 0


@pytest.mark.parametrize("spec", ["plane:6..0.8", "plane:0..6", "plane:2", "plane:a..b", "plane:1.2.3..4"])
def test_a_malformed_plane_is_an_error(spec: str) -> None:
    with pytest.raises(SourceError, match=r"try plane:0\.8\.\.6"):
        open_depth(spec)


def test_a_plane_stays_a_plane_when_resized() -> None:
    coarse = tilted_plane(2.0, 2.5, (8, 40))
    fine = resized(coarse, (16, 80))
    assert np.diff(1 / fine[1:-1, 0]) == pytest.approx(np.diff(1 / coarse[:, 0]).mean() / 2, rel=1e-3)


def test_resizing_does_not_interpolate_across_an_edge() -> None:
    two_objects = np.array([[1.0, 1.0, 8.0, 8.0]] * 4, np.float32)
    larger = resized(two_objects, (19, 23))
    assert larger.shape == (23, 19)
    assert set(np.unique(larger)) == {1.0, 8.0}
    assert (larger == 1.0).mean() == pytest.approx(0.5, abs=0.05)


def test_holes_take_the_more_distant_neighbour() -> None:
    depth_m = whole_depth(np.array([[1.0, 0.0, 0.0, 5.0], [0.0, 2.0, np.nan, -1.0], [0.0] * 4]))
    assert depth_m is not None
    assert depth_m.tolist() == [[1, 5, 5, 5], [2, 2, 2, 2], [2, 2, 2, 2]]


def test_infinity_is_far_and_an_empty_map_is_none() -> None:
    far = whole_depth(np.array([[np.inf, 1.0]]))
    assert far is not None
    assert far.tolist() == [[FAR_M, 1.0]]
    assert whole_depth(np.zeros((2, 2))) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_upright_map_is_rotated_to_the_file_orientation(orientation: int) -> None:
    stored = stored_orientation(METRES, orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.ascontiguousarray(stored))
    image.info["exif"] = exif.tobytes()
    assert np.array_equal(np.asarray(ImageOps.exif_transpose(image)), METRES)


def test_depth_is_added_to_every_frame_of_a_source(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in (1, 2):
        Image.new("RGB", (6, 4)).save(tmp_path / f"{number}.jpg", exif=exif)
    with open_source(tmp_path, depth="plane:1..2", fps=10) as source:
        assert (source.frames, source.fps, source.size) == (2, 10, (6, 4))
        first, second = source
    assert first.depth_m is not None
    assert first.depth_m is second.depth_m
    assert first.depth_m.shape == (4, 6)
    assert first.depth_m.flags.c_contiguous
    # The bottom of the upright picture is stored in the rightmost column.
    assert first.depth_m[:, -1] == pytest.approx(1.0)
    assert first.depth_m[:, 0] == pytest.approx(2.0)


def test_an_invalid_map_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none\.png: no such depth map"):
        open_depth(str(tmp_path / "none.png"))
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(SourceError, match=r"text\.png: not a depth map that can be read"):
        open_depth(str(tmp_path / "text.png"))
    np.save(tmp_path / "zero.npy", np.zeros((2, 2)))
    with pytest.raises(SourceError, match=r"zero\.npy: no pixel has a distance above 0"):
        open_depth(str(tmp_path / "zero.npy"))
    np.save(tmp_path / "cube.npy", np.ones((2, 2, 5)))
    with pytest.raises(SourceError, match=r"cube\.npy: .* are not one distance a pixel"):
        open_depth(str(tmp_path / "cube.npy"))
    with pytest.raises(SourceError, match="depth scale -1 is not above 0"):
        open_depth("plane:1..2", scale=-1)


def test_a_real_rgbd_frame_has_depth(data_dir: Path) -> None:
    folder = data_dir / "depth" / "rgbd"
    frame = next(iter(open_source(folder / "color1.png", depth=folder / "1.pgm", depth_scale=5000)))
    assert frame.depth_m is not None
    assert frame.depth_m.shape == (480, 640)
    assert 0.1 < frame.depth_m.min() < frame.depth_m.max() < 10
