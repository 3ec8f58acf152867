"""Stereo pairs: the option --depth stereo:, frames with a right picture, the engine and the API."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import groundglass as gg
import numpy as np
import pytest
from groundglass.capture.stereo import parse_pair
from groundglass.cfa import XTRANS, Cfa
from groundglass.compute.device import Device
from groundglass.depth.relative import DepthRange
from groundglass.depth.stereo_pair import StereoPairDepth
from groundglass.formats.depth_files import Scaling
from groundglass.frame import Encoding, Frame, RelativeRig, StereoRig
from groundglass.packing import Packing, pack
from live_engine import LiveEngine
from PIL import Image

RIG = StereoRig(focal_px=400, baseline_m=0.1)  # 20 px: 2 m
SHIFT = 20


def pair(width: int = 240, height: int = 120, shift: int = SHIFT) -> tuple[np.ndarray, np.ndarray]:
    """Two pictures (H, W) uint8 of a flat texture that is coarse enough for half the size."""
    noise = np.random.default_rng(9).integers(0, 256, (height // 2 + 1, width // 2 + 65), dtype=np.uint8)
    texture = np.kron(noise, np.ones((2, 2), np.uint8))[:height]
    return texture[:, :width].copy(), texture[:, shift : shift + width].copy()


def coloured(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[..., None], 3, axis=2)


def depth_of(device: Device, frame: Frame, quality: LiveEngine | str = "live") -> np.ndarray:
    pairs = StereoPairDepth(device)
    depth_m = pairs.depth_m(frame, quality)
    pairs.release()
    pairs.release()
    return depth_m


def is_mostly(depth_m: np.ndarray, expected_m: float, tolerance: float = 0.05) -> bool:
    """Whether 97 % of the pixels that both pictures show have the expected distance."""
    shared_m = depth_m[:, depth_m.shape[1] // 5 :]
    return bool((np.abs(shared_m / expected_m - 1) < tolerance).mean() > 0.97)


def framed(encoding: Encoding, left: np.ndarray, right: np.ndarray, **attributes: object) -> Frame:
    return Frame(left, encoding, right=right, rig=RIG, **attributes)  # type: ignore[arg-type]


def test_pictures_of_any_bit_depth_give_metres(device: Device) -> None:
    left, right = (coloured(grey) for grey in pair())
    assert is_mostly(depth_of(device, framed(Encoding.DISPLAY, left, right)), 2.0)
    wide = framed(Encoding.DISPLAY, *(picture.astype(np.uint16) * 257 for picture in (left, right)))
    assert is_mostly(depth_of(device, wide), 2.0)
    linear = framed(Encoding.SCENE, *((picture / np.float32(255)) ** 2 for picture in (left, right)))
    assert is_mostly(depth_of(device, linear), 2.0)


@pytest.mark.parametrize("cfa", [Cfa(), Cfa("MONO"), Cfa("RGGB", 2), Cfa(XTRANS)])
def test_mosaics_give_metres(device: Device, cfa: Cfa) -> None:
    """Each filter passes a fraction of the light. The shift need not be a whole number of blocks."""
    side = len(cfa.channels())
    left, right = (np.kron(grey, np.ones((2, 2), np.uint16)) for grey in pair(shift=SHIFT))
    passed = np.array([0.4, 1.0, 0.6])[np.tile(cfa.channels(), np.add(left.shape, side) // side)]
    numbers = [
        (picture * 16.0 * passed[: left.shape[0], : left.shape[1]] + 64).astype(np.uint16) for picture in (left, right)
    ]
    profile = gg.CameraProfile(black=(64.0,) * 4, white=4144.0)
    frame = framed(Encoding.MOSAIC, numbers[0], numbers[1], cfa=cfa, profile=profile)
    assert is_mostly(depth_of(device, frame), 1.0)


def test_packed_mosaics_give_metres(device: Device) -> None:
    left, right = (pack(grey.astype(np.uint16) * 4, Packing.RAW10) for grey in pair())
    packed = framed(Encoding.MOSAIC, left, right, packing=Packing.RAW10, packed_width=240)
    assert is_mostly(depth_of(device, packed), 2.0)


def test_large_pictures_are_matched_at_a_fraction_of_their_size(device: Device) -> None:
    left, right = (coloured(grey) for grey in pair(1000, 400))
    live = depth_of(device, framed(Encoding.DISPLAY, left, right))
    assert live.shape == (200, 500)
    assert is_mostly(live, 2.0)
    best = depth_of(device, framed(Encoding.DISPLAY, left, right), "best")
    assert best.shape == (400, 1000)
    assert is_mostly(best, 2.0, 0.02)


def test_disparities_above_255_are_found_at_a_fraction_of_the_size(device: Device) -> None:
    left, right = (coloured(np.kron(grey, np.ones((4, 4), np.uint8))) for grey in pair(480, 40, 80))
    frame = replace(framed(Encoding.DISPLAY, left, right), rig=StereoRig(400, 0.1, max_disparity=400))
    assert is_mostly(depth_of(device, frame, "best"), 40 / 320)


def test_a_maximum_disparity_beyond_the_picture_is_accepted(device: Device) -> None:
    left, right = (coloured(grey) for grey in pair(60, 40, 4))
    frame = replace(framed(Encoding.DISPLAY, left, right), rig=StereoRig(400, 0.1, max_disparity=1e9))
    assert is_mostly(depth_of(device, frame), 10.0, 0.1)


def test_a_still_is_matched_once(device: Device) -> None:
    left, right = (coloured(grey) for grey in pair())
    pairs = StereoPairDepth(device)
    frame = framed(Encoding.DISPLAY, left, right)
    first = pairs.depth_m(frame, "live")
    assert 0.001 < pairs.noise < 0.1
    assert pairs.depth_m(replace(frame, index=1), "live") is first
    assert pairs.depth_m(replace(frame, right=right.copy()), "live") is not first
    pairs.release()


def test_zero_disparity_is_ten_kilometres_away(device: Device) -> None:
    flat = np.full((40, 60, 3), 90, np.uint8)
    np.testing.assert_array_equal(depth_of(device, framed(Encoding.DISPLAY, flat, flat)), 10_000.0)


def test_a_pair_without_calibration_spans_two_distances() -> None:
    rig = RelativeRig(1.0, 4.0).from_disparities(10.0, 40.0)
    np.testing.assert_allclose(rig.depth_m(np.array([10.0, 20.0, 40.0], np.float32)), [4.0, 2.0, 1.0], rtol=1e-6)
    assert RelativeRig(1.0, np.inf).from_disparities(10.0, 40.0).depth_m(np.array([10.0], np.float32))[0] == 10_000.0


def test_the_span_of_the_first_pair_is_kept(device: Device) -> None:
    left, right = (coloured(grey) for grey in pair())
    near = framed(Encoding.DISPLAY, left, coloured(pair(shift=24)[1]))
    pairs = StereoPairDepth(device)
    rig = RelativeRig(1.0, 4.0)
    first = np.median(pairs.depth_m(replace(framed(Encoding.DISPLAY, left, right), rig=rig), "live"))
    assert np.median(pairs.depth_m(replace(near, rig=rig), "live")) < first
    pairs.release()


def test_a_frame_without_a_rig_is_an_error(device: Device) -> None:
    left, right = (coloured(grey) for grey in pair())
    with pytest.raises(gg.GroundglassError, match="StereoRig or RelativeRig"):
        depth_of(device, replace(framed(Encoding.DISPLAY, left, right), rig=None))


def test_the_stereo_option_is_parsed() -> None:
    assert parse_pair("stereo:a b/right.png?focal_px=1e3&baseline_m=.1&doffs_px=-2&max_disparity=90", Scaling()) == (
        "a b/right.png",
        StereoRig(1000.0, 0.1, -2.0, 90.0),
    )
    span = Scaling(span=DepthRange(6.0, 0.8))
    assert parse_pair("stereo:r.png?max_disparity=70", span) == ("r.png", RelativeRig(0.8, 6.0, 70.0))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("stereo:r.png", "requires focal_px and baseline_m"),
        ("stereo:r.png?focal_px=1000", "requires focal_px and baseline_m"),
        ("stereo:r.png?focal_px=1000&baseline_m=0", "focal_px and baseline_m must be above 0"),
        ("stereo:r.png?focal_px=nan&baseline_m=1", "focal_px and baseline_m must be above 0"),
        ("stereo:r.png?focal_px=1000&baseline_m=0.1&max_disparity=0", "1 pixel or more"),
        ("stereo:r.png?focal_px=1000&baseline_m=far", "'far' is not a number"),
        ("stereo:r.png?focal=1000", "unknown key 'focal', use focal_px"),
        ("stereo:?focal_px=1000&baseline_m=0.1", "names no right picture"),
    ],
)
def test_an_invalid_stereo_option_is_an_error(spec: str, message: str) -> None:
    with pytest.raises(gg.GroundglassError, match=message):
        parse_pair(spec, Scaling())


@pytest.mark.parametrize(
    ("scaling", "message"),
    [
        (Scaling(1000.0), "a depth scale applies to maps"),
        (Scaling(span=DepthRange(0.8, 6.0)), "leave out the depth range"),
    ],
)
def test_a_rig_with_a_map_scale_is_an_error(scaling: Scaling, message: str) -> None:
    with pytest.raises(gg.GroundglassError, match=message):
        parse_pair("stereo:r.png?focal_px=1000&baseline_m=0.1", scaling)


def test_linear_greys_are_not_accepted_as_disparities() -> None:
    with pytest.raises(gg.GroundglassError, match="leave out ',linear'"):
        parse_pair("stereo:r.png", Scaling(span=DepthRange(0.8, 6.0, linear=True)))


def save(path: Path, grey: np.ndarray) -> str:
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(coloured(grey)).save(path)
    return str(path)


def test_files_are_rendered_with_their_stereo_depth(tmp_path: Path) -> None:
    left, right = pair()
    name, other = save(tmp_path / "left.png", left), save(tmp_path / "right.png", right)
    spec = f"stereo:{other}?focal_px=400&baseline_m=0.1"
    with gg.open(name, depth=spec) as source, LiveEngine(focus_m=2.0, look="neutral") as engine:
        frame = next(iter(source))
        assert frame.right is not None
        assert frame.rig == RIG
        sharp = engine.render(frame)
        assert engine.depth_at(0.6, 0.5) == pytest.approx(2.0, rel=0.05)
        assert "stereo" in engine.clock.stages()
        engine.focus_m = 0.7
        assert engine.render(frame).std() < 0.6 * sharp.std()


def test_folders_pair_frame_by_frame(tmp_path: Path) -> None:
    for number in range(3):
        left, right = pair(shift=4 * number + 4)
        save(tmp_path / "l" / f"{number}.png", left)
        save(tmp_path / "r" / f"{number}.png", right)
    with gg.open(tmp_path / "l", depth=f"stereo:{tmp_path / 'r'}", depth_range="1..5") as source:
        for _ in range(2):  # each iteration starts at the first frame
            frames = list(source)
            assert [frame.index for frame in frames] == [0, 1, 2]
            for number, frame in enumerate(frames):
                np.testing.assert_array_equal(frame.right, coloured(pair(shift=4 * number + 4)[1]))
        assert frames[0].rig == RelativeRig(1.0, 5.0)


def test_pictures_that_do_not_match_are_an_error(tmp_path: Path) -> None:
    left, right = pair()
    name, calibration = save(tmp_path / "left.png", left), "?focal_px=400&baseline_m=0.1"
    smaller = save(tmp_path / "smaller.png", right[:, :-2])
    with pytest.raises(gg.GroundglassError, match=r"smaller\.png: 238x120 differs from .*240x120"):
        gg.open(name, depth=f"stereo:{smaller}{calibration}")
    with pytest.raises(gg.GroundglassError, match="no such file"):
        gg.open(name, depth=f"stereo:{tmp_path / 'none.png'}{calibration}")
    for number in range(2):
        save(tmp_path / "two" / f"{number}.png", right)
    with pytest.raises(gg.GroundglassError, match=r"2 frames, but .* has 1"):
        gg.open(name, depth=f"stereo:{tmp_path / 'two'}{calibration}")


def test_a_pair_is_matched_before_rotation() -> None:
    left, right = (coloured(grey) for grey in pair())
    with LiveEngine() as engine:
        for orientation in (3, 6):
            engine.render(framed(Encoding.DISPLAY, left, right, orientation=orientation))
            assert engine.depth_at(0.5, 0.5) == pytest.approx(2.0, rel=0.05)


@pytest.mark.usefixtures("quick_api")
def test_arrays_are_matched() -> None:
    left, right = pair()
    expected = gg.match_stereo(left, right, max_disparity=40)
    assert expected.shape == left.shape
    assert is_mostly(expected, 20.0)
    for pictures in ((coloured(left), coloured(right)), (left / 255, right / 255)):
        found = gg.match_stereo(*pictures, max_disparity=40)
        assert np.mean(found != expected) < 0.005  # greys are rounded to integers for the costs
    assert is_mostly(RIG.depth_m(expected), 2.0)
    with_holes = np.where(left < 20, np.nan, left / 255)
    assert is_mostly(gg.match_stereo(with_holes, right / 255, max_disparity=40), 20.0)
    with pytest.raises(ValueError, match="of the same size"):
        gg.match_stereo(left, right[:-1])
    with pytest.raises(ValueError, match="of the same size"):
        gg.match_stereo(left[None, None], right[None, None])
