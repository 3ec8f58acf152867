"""A decoding process in the hands of a hostile file: whatever it sends is a frame, or one clear error."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from groundglass.camera import Calibration, CameraProfile, NoiseProfile
from groundglass.capture.sandbox import HAS_SANDBOX, SandboxedSource
from groundglass.capture.sandbox_frames import packed, unpacked
from groundglass.cfa import Cfa
from groundglass.errors import SourceError
from groundglass.frame import Encoding, Frame, RelativeRig
from groundglass.lens import Lens
from groundglass.yuv import YuvFormat, YuvLayout
from sandbox_support import assert_equal, folder_of

pytestmark = pytest.mark.skipif(not HAS_SANDBOX, reason="not for this system")


def sent(frame: Frame) -> tuple[dict[str, Any], mmap]:
    """A frame as the process sends it, and the memory with its arrays."""
    memory = mmap(-1, 1 << 16)
    return json.loads(packed(frame, memory)), memory


def full_frame() -> Frame:
    """A frame that has every kind of field."""
    maps = np.full((8, 6), 2, np.float32)
    profile = CameraProfile(
        black=(1, 2, 3, 4),
        white=1000.0,
        calibrations=(Calibration(5000.0, np.eye(3), individual=2 * np.eye(3)),),
        noise=NoiseProfile(1e-3, 1e-5),
        lateral=(0.1, -0.1),
        black_map=maps,
        gain_map=maps,
        defects=np.array([(5, 7), (0, 0)], np.int32),
    )
    pixels = np.arange(48, dtype=np.uint16).reshape(8, 6)
    return Frame(
        *(pixels, Encoding.MOSAIC, Cfa("GBRG"), profile),
        depth_m=maps,
        right=pixels + 1,
        rig=RelativeRig(0.5, 4.0),
        native_lens=Lens(name="caf\u00e9"),
        native_focus_m=2.0,
        orientation=6,
        name="\udcff.dng",
    )


def test_a_frame_with_every_field_arrives_as_it_is() -> None:
    frame = full_frame()
    message, memory = sent(frame)
    received = unpacked(json.dumps(message).encode(), memory, len(memory))
    assert_equal(received, frame)
    for field in dataclasses.fields(CameraProfile):
        if isinstance(value := getattr(frame.profile, field.name), np.ndarray):
            np.testing.assert_array_equal(getattr(received.profile, field.name), value)
    np.testing.assert_array_equal(received.profile.calibrations[0].individual, 2 * np.eye(3))
    yuv = Frame(np.zeros((6, 8), np.uint8), Encoding.YUV, yuv=YuvFormat(YuvLayout.I420, 8, 4))
    message, memory = sent(yuv)
    assert_equal(unpacked(json.dumps(message).encode(), memory, len(memory)), yuv)


HOSTILE = {
    "orientation": [0, 9, 1.5, True, "1", None, 10**15],
    "index": [-1, 2.0, 10**17, "0"],
    "time_s": ["now", None, [1.0]],
    "captured_s": ["now", []],
    "depth_noise": [-1.0, "0"],
    "native_focus_m": [0, -2.0],
    "name": [3, "a" * 5000, ["a"], "\u20ac"],
    "encoding": ["mosaic", "__class__", 1, None, {}],
    "packing": [None, "RAW10"],
    "packed_width": [1.5, 10**400],
    "yuv": [{"class": "YuvFormat"}, 3],
    "lease": [{}, 1, "Lease"],
    "cfa": [None, {"class": "Cfa", "pattern": "RRRR", "block": 1}, {"class": "Cfa"}, "RGGB"],
    "rig": [{"class": "Lens"}, {"class": "StereoRig", "focal_px": 0, "baseline_m": 1, "doffs_px": 0}],
    "native_lens": [{"class": "Frame"}, 50.0],
    "profile": [None, {}, {"class": "CameraProfile"}, {"class": "Frame"}],
    "pixels": [
        *(None, 3, [], ["uint16", [8, 6]], ["uint16", [8, 6], -64], ["uint16", [8, 6], 1]),
        *(["uint16", [1 << 20, 1 << 20], 0], ["uint16", [8, 6], 1 << 60], ["uint16", [1 << 60, 6], 0]),
        *(["object", [8, 6], 0], ["float64", [8, 6], 0], ["uint16", [0, 6], 0], ["uint16", [-8, -6], 0]),
        *(["uint16", [], 0], ["uint16", [48], 0], ["uint16", [1, 8, 6], 0], ["uint8", [8, 6], 0], "no array"),
    ],
    "right": [["uint16", [8, 5], 128], ["uint16", [8, 6], 0]],
    "depth_m": [["uint8", [8, 6], 64], ["float32", [3], 64], ["float32", [0, 0], 64]],
}
HOSTILE_PROFILE = {
    "black": [[1, 2, 3], [1, 2, 3, 4, 5], "0", [1, 2, 3, "4"], [2000, 0, 0, 0]],
    "white": [0, "1000", None],
    "white_balance": [[0, 1, 1], [1, -1, 1]],
    "camera_to_scene": [["float64", [9], 64], ["float64", [3, 2], 64], ["float32", [3, 3], 64], None],
    "calibrations": [3, [None], [[]] * 40, [{"class": "Calibration"}]],
    "noise": [{"class": "NoiseProfile", "shot": -1.0, "read": 0.0}, [1, 2]],
    "lateral": [[1], ["a", "b"]],
    "black_map": [["float32", [6, 8], 320], ["float32", [8, 5], 320], ["uint8", [8, 6], 320]],
    "gain_map": [["float32", [6, 8], 512], ["float32", [48], 512]],
    "defects": [["int32", [4], 704], ["int32", [2, 1], 704], ["int32", [1, 2], 64]],
}


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        (part, field, value)
        for part, kinds in (("frame", HOSTILE), ("profile", HOSTILE_PROFILE))
        for field, values in kinds.items()
        for value in values
    ],
)
def test_a_field_of_another_type_or_range_is_one_clear_error(part: str, field: str, value: object) -> None:
    message, memory = sent(full_frame())
    assert field in message or field in message["profile"]
    (message if part == "frame" else message["profile"])[field] = value
    with pytest.raises(
        SourceError, match=r"the decoding process sent an invalid frame .*; open the file again"
    ) as error:
        unpacked(json.dumps(message).encode(), memory, len(memory))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"null", b"[]", b"{}", b"[" * 5000, b"1" * 5000, b'{"class": "Frame"}', b"NaN"]
)
def test_a_message_of_another_form_is_one_clear_error(content: bytes) -> None:
    with mmap(-1, 4096) as memory, pytest.raises(SourceError, match="sent an invalid frame"):
        unpacked(content, memory, 4096)


def test_unknown_and_missing_fields_are_refused_and_nothing_else_is_changed() -> None:
    before = dict(vars(Encoding.MOSAIC))
    for change in ({"__class__": "Frame"}, {"_value_": 3}, {"upright": "Lens"}):
        message, memory = sent(full_frame())
        message.update(change)
        with pytest.raises(SourceError, match="frame is not a Frame with its fields"):
            unpacked(json.dumps(message).encode(), memory, len(memory))
    assert vars(Encoding.MOSAIC) == before


def test_arrays_that_are_not_finite_or_outside_of_the_mosaic_are_refused() -> None:
    for field, value in (("gain_map", np.nan), ("black_map", np.inf)):
        frame = full_frame()
        object.__setattr__(frame.profile, field, np.full((8, 6), value, np.float32))
        message, memory = sent(frame)
        with pytest.raises(SourceError, match=f"{field} is not a finite number for each of 6x8 photosites"):
            unpacked(json.dumps(message).encode(), memory, len(memory))
    for place in ((6, 0), (0, 8), (-1, 0)):
        frame = full_frame()
        frame.profile.defects[0] = place
        message, memory = sent(frame)
        with pytest.raises(SourceError, match="defects are not places in 6x8 photosites"):
            unpacked(json.dumps(message).encode(), memory, len(memory))
    with mmap(-1, 64) as memory, pytest.raises(ValueError, match="needs"):
        packed(full_frame(), memory)


@pytest.mark.parametrize(
    "fields",
    [
        *(None, 3, (), ("a", 5, "still", None, None), ("a", (1.5, 2), "still", None, None)),
        *(("a", (1, -2), "still", None, None), ("a", (1, 2), "never", None, None), (7, (1, 2), "still", None, None)),
        *(("a", (1, 2), "still", None, -1), ("a", (1, 2), "still", None, "3"), ("a", (1, 1 << 40), "still", 1, 1)),
    ],
)
def test_a_description_of_another_form_is_refused(tmp_path: Path, fields: object) -> None:
    with SandboxedSource(folder_of(tmp_path, 2)) as source:
        with pytest.raises(SourceError, match="sent an invalid message"):
            source._describe(json.dumps(fields).encode())
        with pytest.raises(SourceError, match="sent an invalid frame"):
            source._frame(json.dumps(fields).encode(), source._memories[0])
        if sys.platform == "linux":
            os.truncate(source._files[0].fileno(), 4096)
            with pytest.raises(PermissionError):  # the decoding process cannot make it smaller either
                os.truncate(source._files[0].fileno(), 0)


HOSTILE_WORKER = r"""
import json, os, sys, time
from multiprocessing.connection import Connection
pipe = Connection(int(sys.argv[1]))
pipe.recv_bytes()
act = {act!r}
description = b'S["a.png", [16, 12], "paced", 25.0, null]'
if act == "long":
    os.write(int(sys.argv[1]), b"\x7f\xff\xff\xff" + bytes(1000))
elif act == "silent":
    pipe.close()
    time.sleep(600)
elif act == "error":
    pipe.send_bytes(b'X["SystemExit", "' + b"a" * 3000 + b'", ""]')
elif act == "errors":
    pipe.send_bytes(b'X[1, {{}}, "", 4]')
elif act == "kind":
    pipe.send_bytes(b"F{{}}")
else:
    pipe.send_bytes(description)
    pipe.recv_bytes()
    pipe.send_bytes(dict(frame=b"F{{}}", pickle=b"Fcos\nsystem\n(S'true'\ntR.", end=b"E", unknown=b"Zabc")[act])
time.sleep(600)
"""


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("long", "a.png: the decoding process no longer answers"),
        ("silent", "a.png: the decoding process no longer answers"),
        ("error", "aaaa"),
        ("errors", "a.png: the decoding process sent an invalid message"),
        ("kind", "a.png: the decoding process sent an invalid message"),
        ("frame", "a.png: the decoding process sent an invalid frame"),
        ("pickle", "a.png: the decoding process sent an invalid frame"),
        ("unknown", "a.png: the decoding process sent an invalid message"),
        ("end", ""),
    ],
)
def test_a_hostile_process_is_one_error_and_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str, message: str
) -> None:
    (tmp_path / "hostile.py").write_text(HOSTILE_WORKER.format(act=act))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("groundglass.capture.sandbox.PROGRAM", "hostile")
    monkeypatch.setattr("groundglass.capture.sandbox.END_S", 0.2)
    monkeypatch.chdir(tmp_path)
    sources: list[SandboxedSource] = []

    def opened() -> list[Frame]:
        with SandboxedSource("a.png") as source:
            sources.append(source)
            return list(source)

    if act == "end":
        assert opened() == []
    else:
        with pytest.raises(SourceError, match=message) as error:
            opened()
        assert len(str(error.value)) < 1000
    assert all(source._process is None for source in sources)
