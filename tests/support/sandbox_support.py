"""Folders that another process decodes, and the comparison of their frames."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from groundglass.frame import Frame
from PIL import Image

PICTURE = np.random.default_rng(1).integers(0, 255, (12, 16, 3)).astype(np.uint8)


def folder_of(tmp_path: Path, count: int) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(count):
        Image.fromarray(np.roll(PICTURE, number, axis=0)).save(folder / f"{number}.png")
    return folder


def assert_equal(first: Frame, second: Frame) -> None:
    for field in dataclasses.fields(Frame):
        value, other = (getattr(frame, field.name) for frame in (first, second))
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, other)
        elif field.name == "profile":
            np.testing.assert_array_equal(value.camera_to_scene, other.camera_to_scene)
            assert (value.black, value.white, value.white_balance) == (other.black, other.white, other.white_balance)
        elif field.name != "lease":
            assert value == other
