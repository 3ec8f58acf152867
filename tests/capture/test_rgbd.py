"""RGB-D recordings: pairs of picture and depth map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from groundglass.capture import open_source
from groundglass.capture.rgbd import find_rgbd
from groundglass.errors import SourceError
from PIL import Image


def picture(path: Path, red: int = 0, size: tuple[int, int] = (4, 3)) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", size, (red, 0, 0)).save(path)


def depth(path: Path, units: int, size: tuple[int, int] = (4, 3)) -> None:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.full(size[::-1], units, np.uint16)).save(path)


def reds_and_metres(folder: Path, **options: object) -> list[tuple[int, float]]:
    """(red, metres) of each frame."""
    with open_source(folder, **options) as source:  # type: ignore[arg-type]
        return [
            (int(frame.pixels[0, 0, 0]), round(float(frame.depth_m[0, 0]), 3))
            for frame in source
            if frame.depth_m is not None
        ]


def test_tum_lists_pair_by_the_nearest_time(tmp_path: Path) -> None:
    for number, units in enumerate((5000, 10000, 15000)):
        depth(tmp_path / "depth" / f"{number}.png", units)
    for number in range(4):
        picture(tmp_path / "rgb" / f"{number}.png", number)
    (tmp_path / "depth.txt").write_text("# depth maps\n1.00 depth/0.png\n1.03 depth/1.png\n\n1.06 depth/2.png\n")
    # The last frame was taken long after the last map.
    (tmp_path / "rgb.txt").write_text("1.05 rgb/2.png\n1.01 rgb/0.png\n1.03 rgb/1.png\n9.00 rgb/3.png\n")
    assert reds_and_metres(tmp_path) == [(0, 1.0), (1, 2.0), (2, 3.0)]
    with open_source(tmp_path) as source:
        assert source.fps == pytest.approx(50)
        assert source.frames == 3
    assert reds_and_metres(tmp_path, depth_scale=1000)[0] == (0, 5.0)


def test_invalid_lists_are_refused(tmp_path: Path) -> None:
    picture(tmp_path / "0.png")
    depth(tmp_path / "d0.png", 1000)
    (tmp_path / "depth.txt").write_text("1.0 d0.png\n")
    for text, message in (
        ("# nothing\n", "lists no files"),
        ("soon 0.png\n", r"rgb\.txt:1: 'soon 0\.png' is not a time"),
        ("1.0\n", r"rgb\.txt:1: '1\.0' is not a time"),
        ("nan 0.png\n", "is not a time"),
        ("1.0 9.png\n", r"9\.png: no such file, although .*rgb\.txt lists it"),
        ("7000.0 0.png\n", "no time in rgb.txt is close to a time in depth.txt"),
    ):
        (tmp_path / "rgb.txt").write_text(text)
        with pytest.raises(SourceError, match=message):
            open_source(tmp_path)


@pytest.mark.parametrize(("colour", "other"), [("color", "depth"), ("RGB", "Depth"), ("images", "disparity")])
def test_two_folders_pair_by_name_or_order(tmp_path: Path, colour: str, other: str) -> None:
    for number in (2, 10):
        picture(tmp_path / colour / f"frame{number}.jpg", 0)
        depth(tmp_path / other / f"frame{number:04d}.png", number * 1000)
    assert [metres for _, metres in reds_and_metres(tmp_path)] == [2.0, 10.0]
    (tmp_path / other / "frame0010.png").rename(tmp_path / other / "last.png")
    assert [metres for _, metres in reds_and_metres(tmp_path)] == [2.0, 10.0]
    (tmp_path / other / "last.png").unlink()
    with pytest.raises(SourceError, match="2 pictures and 1 depth maps whose names do not match"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("colour", "other"),
    [
        ("color{}.png", "{}.pgm"),
        ("a{}-image.png", "a{}-depth.png"),
        ("{}.png", "{}_disparity.png"),
        ("frame-{}.color.png", "frame-{}.depth.png"),
    ],
)
def test_pairs_in_one_folder_are_detected(tmp_path: Path, colour: str, other: str) -> None:
    for number in (1, 2):
        picture(tmp_path / colour.format(number), number)
        depth(tmp_path / other.format(number), number * 1000)
    assert reds_and_metres(tmp_path) == [(1, 1.0), (2, 2.0)]
    assert find_rgbd(tmp_path) is not None
    picture(tmp_path / "another.png")  # without a map: a plain folder of pictures
    assert find_rgbd(tmp_path) is None


def test_folders_without_maps_are_plain(tmp_path: Path) -> None:
    assert find_rgbd(tmp_path) is None
    for number in (1, 2):
        picture(tmp_path / f"depth_of_field{number}.png", number)
    assert find_rgbd(tmp_path) is None
    with open_source(tmp_path) as source:
        assert source.frames == 2


def test_holes_are_filled_and_a_sensor_has_noise(tmp_path: Path) -> None:
    picture(tmp_path / "color1.png")
    Image.fromarray(np.array([[0, 1000, 0, 3000]] * 3, np.uint16)).save(tmp_path / "1.pgm")
    frame = next(iter(open_source(tmp_path)))
    assert frame.depth_m is not None
    assert frame.depth_m.tolist() == [[1, 1, 3, 3]] * 3
    assert frame.depth_noise == 0.02


def test_a_folder_of_maps_gives_depth_to_any_source(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        picture(tmp_path / "clip" / f"{number}.png", number)
        depth(tmp_path / "maps" / f"{4 - number}.png", number * 1000)
    assert reds_and_metres(tmp_path / "clip", depth=tmp_path / "maps") == [(1, 3.0), (2, 2.0), (3, 1.0)]  # by name
    for number in (1, 2, 3):
        (tmp_path / "maps" / f"{number}.png").rename(tmp_path / "maps" / f"z{number}.png")
    assert reds_and_metres(tmp_path / "clip", depth=tmp_path / "maps") == [(1, 3.0), (2, 2.0), (3, 1.0)]  # in order
    (tmp_path / "maps" / "z3.png").unlink()
    with pytest.raises(SourceError, match=r"2 maps for 3 frames, and none is named like 1\.png"):
        reds_and_metres(tmp_path / "clip", depth=tmp_path / "maps")
    with pytest.raises(SourceError, match="has no depth maps"):
        open_source(tmp_path / "clip", depth=tmp_path)


def test_relative_maps_of_a_clip_share_one_scale(tmp_path: Path) -> None:
    for number, brightest in ((1, 200), (2, 250)):
        picture(tmp_path / f"color{number}.png", number, (3, 1))
        Image.fromarray(np.array([[0, 100, brightest]], np.uint8)).save(tmp_path / f"depth{number}.png")
    with open_source(tmp_path, depth_range="1..2") as source:
        first, second = (frame.depth_m for frame in source)
    assert first is not None
    assert second is not None
    assert first[0] == pytest.approx([2, 1 / 0.75, 1])
    assert second[0] == pytest.approx([2, 1 / 0.75, 1 / 1.125])  # nearer than in the first map


def test_the_error_for_another_aspect_ratio_names_the_map(tmp_path: Path) -> None:
    picture(tmp_path / "color1.png", size=(64, 36))
    depth(tmp_path / "1.pgm", 1000, size=(64, 48))
    with pytest.raises(SourceError, match=r"1\.pgm: a map of 64x48 does not have the shape of the picture, 64x36"):
        next(iter(open_source(tmp_path)))


def test_a_real_frame_has_depth(data_dir: Path) -> None:
    frame = next(iter(open_source(data_dir / "depth" / "rgbd", depth_scale=5000)))
    assert frame.size == (640, 480)
    assert frame.depth_m is not None
    assert 0.1 < frame.depth_m.min() < frame.depth_m.max() < 10
