"""Raw development stages: their order, which of them apply, chain keys and the order of release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.camera import CameraProfile
from groundglass.cfa import XTRANS, Cfa
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.develop.developer import Developer
from groundglass.develop.development import RAW_STAGES, Development, scene_size
from groundglass.develop.field import settings_of
from groundglass.develop.stages import Chain, MakeContext, RunContext, StageSpec
from groundglass.frame import Encoding, Frame
from groundglass.packing import Packing

NUMBERS = np.zeros((24, 36), np.uint16)
FRAMES = MappingProxyType(
    {
        "bayer": Frame(NUMBERS),
        "quad": Frame(NUMBERS, cfa=Cfa("RGGB", 2)),
        "xtrans": Frame(NUMBERS, cfa=Cfa(XTRANS)),
        "mono": Frame(NUMBERS, cfa=Cfa("MONO")),
        "picture": Frame(np.zeros((24, 36, 3), np.uint8), encoding=Encoding.DISPLAY),
    }
)
PLAIN, EVERYTHING = Development(), Development().with_all_stages()


def key(frame: Frame, development: Development = PLAIN) -> object:
    return Chain.key(RAW_STAGES, frame, development)


@pytest.mark.parametrize(
    ("kind", "development", "expected"),
    [
        ("bayer", PLAIN, "linearize, highlights, demosaic, sharpen"),
        (
            "bayer",
            EVERYTHING,
            "linearize, defects, highlights, temporal, denoise, aberration, demosaic, sharpen",
        ),
        ("bayer", Development(highlights="clip"), "linearize, demosaic, sharpen"),
        (
            "quad",
            EVERYTHING,
            "linearize, remosaic, defects, highlights, temporal, denoise, aberration, demosaic, sharpen",
        ),
        ("quad", Development(quad="bin"), "linearize, highlights, demosaic, sharpen"),
        ("xtrans", EVERYTHING, "linearize, temporal, denoise, demosaic X-Trans, sharpen"),
        ("mono", EVERYTHING, "linearize, defects, temporal, denoise, demosaic monochrome, sharpen"),
        ("picture", EVERYTHING, "picture, sharpen"),
    ],
)
def test_the_frame_kind_and_the_development_select_the_stages(
    device: Device, kind: str, development: Development, expected: str
) -> None:
    chain = Chain(device, RAW_STAGES, FRAMES[kind], development)
    names = ", ".join(chain.names)
    size = chain.run(FRAMES[kind], FRAMES[kind].profile, development, 1.0).size
    chain.release()
    assert names == expected
    assert size == scene_size(FRAMES[kind], development)


def test_the_defects_stage_needs_listed_defects() -> None:
    (defects,) = (spec for spec in RAW_STAGES if spec.name == "defects")
    listed = replace(FRAMES["bayer"], profile=CameraProfile(defects=np.array([[3, 4]], np.int32)))
    assert defects.applies(listed, PLAIN)
    assert not defects.applies(FRAMES["bayer"], PLAIN)
    assert not defects.applies(listed, Development(defects="off"))


def test_every_stage_has_a_unique_name() -> None:
    names = [spec.name for spec in RAW_STAGES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (FRAMES["bayer"], replace(FRAMES["bayer"], pixels=np.zeros((26, 36), np.uint16))),
        (FRAMES["bayer"], Frame(np.zeros((24, 72), np.uint8), packing=Packing.U16_SWAPPED, packed_width=36)),
        *((FRAMES["bayer"], FRAMES[kind]) for kind in FRAMES if kind != "bayer"),
        (FRAMES["picture"], replace(FRAMES["picture"], pixels=np.zeros((24, 36, 3), np.uint16))),
    ],
)
def test_frames_of_different_kinds_have_different_chain_keys(first: Frame, second: Frame) -> None:
    assert key(first) != key(second)


@pytest.mark.parametrize(
    "changes",
    [
        {"demosaic": "best"},
        {"highlights": "clip"},
        {"defects": "auto"},
        {"denoise": 0.5},
        {"temporal": 0.5},
        {"aberration": "auto"},
    ],
)
def test_a_setting_that_changes_the_stages_changes_the_key(changes: dict[str, Any]) -> None:
    assert key(FRAMES["bayer"], replace(PLAIN, **changes)) != key(FRAMES["bayer"])


@pytest.mark.parametrize(
    "changes",
    [{"exposure_ev": 1.0}, {"metering": "average"}, {"white_balance": "auto"}, {"sharpen": 0.5}, {"quad": "bin"}],
)
def test_a_setting_that_changes_only_values_keeps_the_chain(changes: dict[str, Any]) -> None:
    """Switching sharpening on keeps the history of temporal noise reduction."""
    assert key(FRAMES["bayer"], replace(PLAIN, **changes)) == key(FRAMES["bayer"])


def test_another_strength_keeps_the_chain() -> None:
    weak = replace(EVERYTHING, denoise=0.1, temporal=0.1)
    assert key(FRAMES["bayer"], weak) == key(FRAMES["bayer"], EVERYTHING)
    assert key(replace(FRAMES["bayer"], cfa=Cfa("GBRG"))) == key(FRAMES["bayer"])


class Recorder:
    """A stage that records its calls and returns its mosaic unchanged."""

    def __init__(self, name: str, calls: list[str], planes: Planes) -> None:
        self.name, self.calls, self.output = name, calls, planes

    def run(self, context: RunContext) -> None:
        self.calls.append(f"run {self.name}")

    def reset(self) -> None:
        self.calls.append(f"reset {self.name}")

    def release(self) -> None:
        self.calls.append(f"release {self.name}")


def recorder(name: str, calls: list[str], make: Callable[[MakeContext], Planes]) -> StageSpec[Recorder]:
    return StageSpec(
        name,
        applies=lambda *_: True,
        make=lambda made: Recorder(name, calls, make(made)),
        run=Recorder.run,
        reset=Recorder.reset,
    )


def test_stages_run_in_order_and_are_released_in_reverse_order(device: Device) -> None:
    before, calls = device.live_buffers, list[str]()
    table = (
        recorder("first", calls, lambda made: made.new_planes((8, 8), 1)),
        recorder("second", calls, lambda made: made.planes),
    )
    chain = Chain(device, table, FRAMES["bayer"], PLAIN)
    assert device.live_buffers == before + 1
    chain.run(FRAMES["bayer"], CameraProfile(), PLAIN, 1.0)
    chain.reset()
    chain.release()
    chain.release()
    assert calls == [
        *("run first", "run second"),
        *("reset first", "reset second"),
        *("release second", "release first"),
    ]
    assert device.live_buffers == before


def test_a_chain_that_cannot_be_built_releases_its_stages(device: Device) -> None:
    before, calls = device.live_buffers, list[str]()

    def fail(made: MakeContext) -> Planes:
        raise MemoryError

    table = (recorder("first", calls, lambda made: made.new_planes((8, 8), 1)), recorder("second", calls, fail))
    with pytest.raises(MemoryError):
        Chain(device, table, FRAMES["bayer"], PLAIN)
    assert calls == ["release first"]
    assert device.live_buffers == before


def test_every_development_setting_declares_its_option() -> None:
    settings = settings_of(Development)
    assert set(settings) == {field.name for field in fields(Development)}
    options = [setting.option for setting, _ in settings.values()]
    assert options[:4] == ["--exposure", "--metering", "--demosaic", "--wb"]
    assert len(set(options)) == len(options)
    assert all(setting.help.endswith(".") for setting, _ in settings.values())


def test_former_metering_names_are_accepted() -> None:
    assert gg.Development(metering="centre") == gg.Development(metering="centre-weighted")
    assert gg.Development(metering="highlights").metering == "highlight-weighted"


def test_a_reused_chain_starts_with_an_empty_history(device: Device) -> None:
    """When frames of another kind come in between, temporal noise reduction starts again."""
    dark = Frame(np.full((24, 36), 2000, np.uint16), profile=CameraProfile(white=65535.0))
    bright = replace(dark, pixels=np.full((24, 36), 2100, np.uint16))
    steady = Development(temporal=1.0)
    developer = Developer(device)
    expected = developer.develop(bright, steady).read()
    developer.develop(FRAMES["picture"], steady)
    developer.develop(dark, steady)
    developer.develop(FRAMES["picture"], steady)
    again = developer.develop(bright, steady).read()
    developer.release()
    np.testing.assert_array_equal(again, expected)
