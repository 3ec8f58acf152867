"""Autofocus: the object in the middle, the nearest face, or None without known distances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.cfa import Cfa
from groundglass.errors import MissingExtraError
from groundglass.frame import Encoding, Frame
from groundglass.optics import autofocus as module
from groundglass.optics.autofocus import Target, autofocus, choose, distance_in, find_faces, small_grey
from groundglass.packing import Packing, pack

ALL = (0.0, 0.0, 1.0, 1.0)


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    """(512, 512, 3) uint8 with one face, at columns 175 to 275 and rows 65 to 170."""
    return pytest.importorskip("skimage.data").astronaut()


def covers_the_face(box: tuple[float, float, float, float]) -> bool:
    """Whether the box is centred on the face of the astronaut and has about its width."""
    centre = (box[0] + box[2]) / 2 * 512, (box[1] + box[3]) / 2 * 512
    return math.dist(centre, (224, 117)) < 25 and 70 < (box[2] - box[0]) * 512 < 140


def depth(*columns: float) -> np.ndarray:
    """(20, 60) metres in vertical bands of equal width."""
    return np.repeat(np.repeat(np.array([columns], np.float32), 60 // len(columns), axis=1), 20, axis=0)


def test_middle_patch_selects_the_near_object_that_covers_part_of_it() -> None:
    assert choose(depth(9, 2, 9), ()) == Target(2.0)
    half_and_half = depth(2, 9)
    assert choose(half_and_half, ()).distance_m == 2.0  # the near object has priority
    speck = depth(9, 9, 9)
    speck[10, 30] = 0.5
    assert choose(speck, ()).distance_m == 9.0  # a speck has not


def test_noise_does_not_pull_the_distance_nearer() -> None:
    noisy = 2.0 * (1 + 0.02 * np.random.default_rng(3).standard_normal((200, 300))).astype(np.float32)
    assert choose(noisy, ()).distance_m == pytest.approx(2.0, rel=0.005)


def test_chosen_distance_is_never_between_two_objects() -> None:
    chequered = np.where(np.indices((40, 60)).sum(axis=0) % 2, 1.0, 8.0).astype(np.float32)
    assert choose(chequered, ()).distance_m in (1.0, 8.0)


def test_unknown_distances_are_ignored() -> None:
    holes = depth(9, 2, 9)
    holes[::2] = 0.0
    holes[1::4] = np.nan
    assert choose(holes, ()).distance_m == 2.0
    assert choose(np.zeros((20, 30), np.float32), ()) is None
    assert distance_in(np.full((4, 4), np.nan, np.float32), ALL, 0.3) is None
    assert choose(np.full((20, 30), np.inf, np.float32), ()).distance_m == math.inf
    assert choose(np.full((1, 1), 3.0, np.float32), ()).distance_m == 3.0


def test_nearest_of_several_faces_is_chosen() -> None:
    faces = [(0.0, 0.2, 0.2, 0.8), (0.4, 0.2, 0.6, 0.8), (0.8, 0.2, 1.0, 0.8)]
    bands = depth(5, 5, 1.5, 3, 3)
    assert choose(bands, faces) == Target(1.5, faces[1], 3)
    bands[:, 24:36] = 0.0  # the distance of the middle face is unknown
    assert choose(bands, faces) == Target(3.0, faces[2], 3)
    assert choose(np.zeros_like(bands), faces) is None


def test_astronaut_picture_has_exactly_one_face(astronaut: np.ndarray) -> None:
    frame = Frame(astronaut, Encoding.DISPLAY)
    (face,) = find_faces(small_grey(frame))
    assert covers_the_face(face)


@pytest.mark.parametrize("kind", ["mosaic", "packed", "scene", "sixteen bits"])
def test_faces_are_found_in_every_frame_encoding(astronaut: np.ndarray, kind: str) -> None:
    """A black level, a dark exposure and a packing do not hide a face."""
    light = (astronaut / 255.0) ** 2.2
    if kind in ("mosaic", "packed"):
        rows, columns = np.indices(light.shape[:2])
        mosaic = np.take_along_axis(light, Cfa("RGGB").channels()[rows % 2, columns % 2][..., None], axis=2)[..., 0]
        samples = np.round(64 + mosaic * 0.1 * (1023 - 64)).astype(np.uint16)
        profile = CameraProfile(black=(64.0,) * 4, white=1023.0)
        frame = (
            Frame(samples, profile=profile)
            if kind == "mosaic"
            else Frame(pack(samples, Packing.RAW10), profile=profile, packing=Packing.RAW10, packed_width=512)
        )
    elif kind == "scene":
        frame = Frame((20 * light).astype(np.float32), Encoding.SCENE)
    else:
        frame = Frame(astronaut.astype(np.uint16) * 257, Encoding.DISPLAY)
    grey = small_grey(frame)
    assert max(grey.shape) <= module.SMALL_PX
    assert 0 <= grey.min() <= grey.max() <= 1
    (face,) = find_faces(grey)
    assert covers_the_face(face)


def test_autofocus_prefers_the_face_to_the_middle(astronaut: np.ndarray) -> None:
    distances = np.full((64, 64), 4.0, np.float32)
    distances[8:24, 20:36] = 1.25  # the map and the picture differ in size
    target = autofocus(Frame(astronaut, Encoding.DISPLAY), distances)
    assert (target.distance_m, target.faces) == (1.25, 1)
    assert autofocus(Frame(astronaut[256:], Encoding.DISPLAY), distances) == Target(4.0)  # no face in the lower half


def test_without_scikit_image_autofocus_uses_the_middle(astronaut: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    assert autofocus(Frame(astronaut, Encoding.DISPLAY), np.full((9, 9), 4.0, np.float32)) == Target(4.0)
    module._cascade.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "skimage.feature", None)
    with pytest.raises(MissingExtraError, match=r"needs scikit-image; pip install groundglass\[face\]"):
        find_faces(np.zeros((64, 64), np.float32))


@pytest.mark.parametrize("shape", [(1, 5000, 3), (5000, 1, 3), (9, 4000, 3)])
def test_a_strip_has_no_faces_and_no_error(shape: tuple[int, int, int]) -> None:
    strip = Frame(np.full(shape, 100, np.uint8), Encoding.DISPLAY)
    assert autofocus(strip, np.full(shape[:2], 4.0, np.float32)) == Target(4.0)


def test_a_tiny_frame_has_no_faces_and_no_error() -> None:
    assert find_faces(small_grey(Frame(np.zeros((2, 2), np.uint16)))) == []
    assert find_faces(np.zeros((64, 64), np.float32)) == []


@pytest.mark.parametrize(("known", "distance_m"), [(10, 2.0), (9, None), (0, None)])
def test_a_patch_with_few_known_distances_has_none(known: int, distance_m: float | None) -> None:
    """A tenth: single points of a depth camera are often wrong."""
    depth_m = np.zeros((10, 10), np.float32)
    depth_m.reshape(-1)[:known] = 2.0
    assert distance_in(depth_m, (0.0, 0.0, 1.0, 1.0), 0.2) == distance_m
