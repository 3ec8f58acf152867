"""The table of the raw development: its order, which stages take part, the keys of chains and the order of release."""

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
def test_a_frame_goes_through_the_stages_that_its_kind_and_the_development_ask_for(
    device: Device, kind: str, development: Development, expected: str
) -> None:
    chain = Chain(device, RAW_STAGES, FRAMES[kind], development)
    names = ", ".join(chain.names)
    size = chain.run(FRAMES[kind], FRAMES[kind].profile, development, 1.0).size
    chain.release()
    assert names == expected
    assert size == scene_size(FRAMES[kind], development)


def test_listed_defects_need_a_list() -> None:
    (defects,) = (spec for spec in RAW_STAGES if spec.name == "defects")
    listed = replace(FRAMES["bayer"], profile=CameraProfile(defects=np.array([[3, 4]], np.int32)))
    assert defects.applies(listed, PLAIN)
    assert not defects.applies(FRAMES["bayer"], PLAIN)
    assert not defects.applies(listed, Development(defects="off"))


def test_every_stage_has_a_name_of_its_own() -> None:
    names = [spec.name for spec in RAW_STAGES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (FRAMES["bayer"], replace(FRAMES["bayer"], pixels=np.zeros((26, 36), np.uint16))),
        (FRAMES["bayer"], Frame(np.zeros((24, 72), np.uint8), packing=Packing.U16_SWAPPED, packed_width=36)),
        (FRAMES["bayer"], replace(FRAMES["bayer"], pixels=np.zeros((24, 40), np.uint16)[:, :36])),
        *((FRAMES["bayer"], FRAMES[kind]) for kind in FRAMES if kind != "bayer"),
        (FRAMES["picture"], replace(FRAMES["picture"], pixels=np.zeros((24, 36, 3), np.uint16))),
    ],
)
def test_frames_of_different_kinds_have_chains_of_their_own(one: Frame, other: Frame) -> None:
    assert key(one) != key(other)


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
def test_a_setting_that_changes_only_numbers_keeps_the_chain(changes: dict[str, Any]) -> None:
    """Switching sharpening on keeps what the temporal noise reduction has collected."""
    assert key(FRAMES["bayer"], replace(PLAIN, **changes)) == key(FRAMES["bayer"])


def test_another_strength_keeps_the_chain() -> None:
    weak = replace(EVERYTHING, denoise=0.1, temporal=0.1)
    assert key(FRAMES["bayer"], weak) == key(FRAMES["bayer"], EVERYTHING)
    assert key(replace(FRAMES["bayer"], cfa=Cfa("GBRG"))) == key(FRAMES["bayer"])


class Noted:
    """A stage that writes down what happens to it and hands its mosaic on."""

    def __init__(self, name: str, notes: list[str], planes: Planes) -> None:
        self.name, self.notes, self.output = name, notes, planes

    def run(self, context: RunContext) -> None:
        self.notes.append(f"run {self.name}")

    def reset(self) -> None:
        self.notes.append(f"reset {self.name}")

    def release(self) -> None:
        self.notes.append(f"release {self.name}")


def noted(name: str, notes: list[str], make: Callable[[MakeContext], Planes]) -> StageSpec[Noted]:
    return StageSpec(
        name,
        applies=lambda *_: True,
        make=lambda made: Noted(name, notes, make(made)),
        run=Noted.run,
        reset=Noted.reset,
    )


def test_stages_run_in_order_and_are_released_from_the_last_to_the_first(device: Device) -> None:
    before, notes = device.live_buffers, list[str]()
    table = (
        noted("first", notes, lambda made: made.new_planes((8, 8), 1)),
        noted("second", notes, lambda made: made.planes),
    )
    chain = Chain(device, table, FRAMES["bayer"], PLAIN)
    assert device.live_buffers == before + 1
    chain.run(FRAMES["bayer"], CameraProfile(), PLAIN, 1.0)
    chain.reset()
    chain.release()
    chain.release()
    assert notes == [
        *("run first", "run second"),
        *("reset first", "reset second"),
        *("release second", "release first"),
    ]
    assert device.live_buffers == before


def test_a_chain_that_cannot_be_made_gives_back_what_it_had(device: Device) -> None:
    before, notes = device.live_buffers, list[str]()

    def fail(made: MakeContext) -> Planes:
        raise MemoryError

    table = (noted("first", notes, lambda made: made.new_planes((8, 8), 1)), noted("second", notes, fail))
    with pytest.raises(MemoryError):
        Chain(device, table, FRAMES["bayer"], PLAIN)
    assert notes == ["release first"]
    assert device.live_buffers == before


def test_every_setting_of_the_development_says_its_option() -> None:
    said = settings_of(Development)
    assert set(said) == {field.name for field in fields(Development)}
    options = [setting.option for setting, _ in said.values()]
    assert options[:4] == ["--exposure", "--metering", "--demosaic", "--wb"]
    assert len(set(options)) == len(options)
    assert all(setting.help.endswith(".") for setting, _ in said.values())


def test_old_words_of_the_metering_are_understood() -> None:
    assert gg.Development(metering="centre") == gg.Development(metering="centre-weighted")
    assert gg.Development(metering="highlights").metering == "highlight-weighted"


def test_frames_that_were_developed_elsewhere_in_between_are_forgotten(device: Device) -> None:
    """A chain that is taken up again begins as a new one does: the mean over frames is of its last frames alone."""
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
