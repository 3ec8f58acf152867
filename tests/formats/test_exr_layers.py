"""Parts, layers, views and windows of OpenEXR files that the tests write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.colour.white import rgb_to_xyz
from groundglass.errors import SourceError
from groundglass.formats.exr import read_exr

OpenEXR = pytest.importorskip("OpenEXR")
RGB = np.random.default_rng(1).random((6, 8, 3)).astype(np.float32)
Z = np.linspace(1, 8, 48).reshape(6, 8).astype(np.float32)


def colour(prefix: str = "", rgb: np.ndarray = RGB) -> dict[str, np.ndarray]:
    return {f"{prefix}{name}": np.ascontiguousarray(rgb[..., at]) for at, name in enumerate("RGB")}


def write(path: Path, *parts: tuple[dict[str, object], dict[str, object]]) -> Path:
    made = [OpenEXR.Part({"type": OpenEXR.scanlineimage, **header}, channels) for header, channels in parts]
    OpenEXR.File(made).write(str(path))
    return path


@pytest.mark.parametrize(
    "parts",
    [
        [({}, {**colour(), "Z": Z})],
        [({"name": "rgba"}, colour()), ({"name": "depth"}, {"Z": Z})],
        [({"name": "depth"}, {"Z": Z}), ({"name": "rgba"}, colour())],
        [({}, {**colour("ViewLayer.Combined."), "ViewLayer.Depth.Z": Z})],
        [({}, {**colour("ViewLayer.Diffuse.", RGB * 0), **colour("ViewLayer.Combined."), "ViewLayer.Depth.V": Z})],
        [({"name": "beauty"}, colour()), ({"name": "albedo"}, colour(rgb=RGB * 0)), ({"name": "z"}, {"depth.Z": Z})],
    ],
)
def test_colour_and_its_depth_are_found_in_all_parts_and_layers(tmp_path: Path, parts: list) -> None:
    frame = read_exr(write(tmp_path / "a.exr", *parts))
    np.testing.assert_array_equal(frame.pixels, RGB)
    np.testing.assert_allclose(frame.depth_m, Z)


def test_the_depth_is_that_of_the_same_view_and_layers_have_names(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.exr",
        ({"name": "left", "view": "left"}, colour()),
        ({"name": "left.z", "view": "left"}, {"Z": Z}),
        ({"name": "right.z", "view": "right"}, {"Z": Z + 10}),
        ({"name": "right", "view": "right"}, colour(rgb=RGB * 2)),
    )
    assert read_exr(path).depth_m.max() == 8
    right = read_exr(path, layer="right")
    np.testing.assert_array_equal(right.pixels, RGB * 2)
    assert right.depth_m.max() == 18
    with pytest.raises(SourceError, match=r"has no layer 'up' with colour; its layers are left, right"):
        read_exr(path, layer="up")


@pytest.mark.parametrize(("data", "display"), [
    ((2, 1, 9, 6), (0, 0, 11, 9)), ((-2, -1, 5, 4), (0, 0, 3, 3)), ((0, 0, 7, 5), (4, 2, 20, 20)),
    ((100, 50, 107, 55), (100, 50, 107, 55)),
])  # fmt: skip
def test_the_picture_is_the_display_window(tmp_path: Path, data: tuple[int, ...], display: tuple[int, ...]) -> None:
    windows = {
        name: (np.array(window[:2], np.int32), np.array(window[2:], np.int32))
        for name, window in (("dataWindow", data), ("displayWindow", display))
    }
    frame = read_exr(write(tmp_path / "a.exr", (windows, colour())))
    whole = np.zeros((200, 200, 3), np.float32)
    whole[50 + data[1] : 56 + data[1], 50 + data[0] : 58 + data[0]] = RGB
    left, top, right, bottom = (50 + side for side in display)
    np.testing.assert_array_equal(frame.pixels, whole[top : bottom + 1, left : right + 1])


def test_luminance_and_chroma_are_colour(tmp_path: Path) -> None:
    luma = RGB @ np.array([0.2126390, 0.7151687, 0.0721923], np.float32)
    channels = {"Y": luma, "RY": RGB[..., 0] / luma - 1, "BY": RGB[..., 2] / luma - 1}
    frame = read_exr(write(tmp_path / "a.exr", ({}, {k: np.ascontiguousarray(v) for k, v in channels.items()})))
    np.testing.assert_allclose(frame.pixels, RGB, atol=1e-4)


def test_xyz_primaries_have_the_light_of_xyz(tmp_path: Path) -> None:
    xyz = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3)
    frame = read_exr(write(tmp_path / "a.exr", ({"chromaticities": xyz}, colour())))
    assert frame.profile.camera_to_scene.sum(axis=1) == pytest.approx(np.ones(3))  # white stays white


@pytest.mark.parametrize("numbers", [(0.0,) * 8, (1.0,) * 8, (np.nan,) * 8, (0.3,) * 6 + (0.31, 0.33), (np.inf,) * 8])
def test_chromaticities_that_are_not_colours_are_refused(tmp_path: Path, numbers: tuple[float, ...]) -> None:
    path = write(tmp_path / "a.exr", ({"chromaticities": numbers}, colour()))
    with pytest.raises(SourceError, match=r"a\.exr: its chromaticities .* are not three colours and a white"):
        read_exr(path)


@pytest.mark.parametrize(
    ("channels", "expected"),
    [
        ({"N.X": Z, "N.Y": Z, "N.Z": Z}, None),
        ({"Normal.X": Z + 5, "Normal.Y": Z + 5, "Normal.Z": Z + 5, "depth.Z": Z}, Z),
        ({"ViewLayer.Mist.Z": Z / 8}, None),
        ({"ViewLayer.Mist.Z": Z / 8, "ViewLayer.Depth.Z": Z}, Z),
        ({"Depth": Z}, Z),
        ({"depth.R": Z}, Z),
        ({"depth.V": Z, "a.Z": Z + 5}, Z),
    ],
)
def test_only_distances_are_depth(tmp_path: Path, channels: dict, expected: np.ndarray | None) -> None:
    frame = read_exr(write(tmp_path / "a.exr", ({}, {**colour(), **channels})))
    np.testing.assert_array_equal(frame.pixels, RGB)
    if expected is None:
        assert frame.depth_m is None
    else:
        np.testing.assert_allclose(frame.depth_m, expected)


def test_colour_channels_by_their_long_names_and_red_alone(tmp_path: Path) -> None:
    named = {f"C.{name}": np.ascontiguousarray(RGB[..., at]) for at, name in enumerate(("red", "green", "blue"))}
    np.testing.assert_array_equal(read_exr(write(tmp_path / "a.exr", ({}, named))).pixels, RGB)
    np.testing.assert_array_equal(read_exr(write(tmp_path / "b.exr", ({}, {"R": Z}))).pixels, np.stack([Z] * 3, axis=2))


def test_luminance_and_chroma_with_a_white_other_than_d65(tmp_path: Path) -> None:
    ap1 = ((0.713, 0.293), (0.165, 0.830), (0.128, 0.044)), (0.32168, 0.33767)
    luminance = (RGB @ rgb_to_xyz(*ap1)[1]).astype(np.float32)
    channels = {"Y": luminance, "RY": RGB[..., 0] / luminance - 1, "BY": RGB[..., 2] / luminance - 1}
    header = {"chromaticities": tuple(number for xy in (*ap1[0], ap1[1]) for number in xy)}
    np.testing.assert_allclose(read_exr(write(tmp_path / "a.exr", (header, channels))).pixels, RGB, atol=1e-5)


@pytest.mark.parametrize(("aspect", "size"), [(2.0, (16, 6)), (0.5, (8, 12)), (1.0, (8, 6)), (1000.0, (8, 6))])
def test_pixels_become_square(tmp_path: Path, aspect: float, size: tuple[int, int]) -> None:
    rgb = np.broadcast_to(np.arange(8, dtype=np.float32)[:, None], (6, 8, 3))
    frame = read_exr(write(tmp_path / "a.exr", ({"pixelAspectRatio": aspect}, {**colour(rgb=rgb), "Z": Z})))
    assert frame.size == size
    assert frame.depth_m.shape == size[::-1]
    if aspect == 2.0:
        np.testing.assert_allclose(frame.pixels[0, 1:-1, 0], np.arange(14) / 2 + 0.25)
        np.testing.assert_allclose(frame.depth_m[:, ::2], Z)


@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_file_that_is_cut_off(tmp_path: Path, share: float) -> None:
    path = write(tmp_path / "a.exr", ({"compression": OpenEXR.ZIPS_COMPRESSION}, colour()))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(SourceError, match="cut off or damaged"):
        read_exr(path)
