"""Kernel arguments are given by name and checked against the prototype. A wrong argument gives a clear error."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.compute.arguments import Argument, bind, numbered, of_matrix
from groundglass.compute.device import Device
from groundglass.compute.planes import Planes
from groundglass.compute.program import load_kernel_source
from groundglass.errors import ShaderError


class Memory:
    nbytes = 64


MEMORY = Memory()
DECLARED = tuple(
    Argument.parse(text) for text in ("GLOBAL const float *RESTRICT mosaic", " int\n pitch", "int red_x", "float reach")
)
GIVEN = {"mosaic": MEMORY, "pitch": 3, "red_x": 1, "reach": 2.5}


def test_a_prototype_gives_names_and_types() -> None:
    assert [argument.name for argument in DECLARED] == ["mosaic", "pitch", "red_x", "reach"]
    assert [argument.scalar for argument in DECLARED] == [None, np.int32, np.int32, np.float32]
    assert DECLARED[1].declaration == "int pitch"


def test_the_order_of_the_names_does_not_matter() -> None:
    for given in (GIVEN, dict(reversed(GIVEN.items()))):
        bound = bind("a.cl", "level", DECLARED, given)
        assert bound == (MEMORY, 3, 1, 2.5)
        assert [type(value) for value in bound] == [Memory, np.int32, np.int32, np.float32]


def test_numbers_are_converted_if_the_conversion_is_exact() -> None:
    given = {**GIVEN, "pitch": np.int64(7), "red_x": True, "reach": np.float64(0.5)}
    assert bind("a.cl", "level", DECLARED, given) == (MEMORY, 7, 1, 0.5)
    assert bind("a.cl", "level", DECLARED, {**GIVEN, "reach": 2})[3] == 2.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ptich": 3}, "a.cl: level has no argument 'ptich'; did you mean 'pitch'?"),
        ({"nothing": 3}, "a.cl: level has no argument 'nothing'; it takes mosaic, pitch, red_x, reach"),
        ({"pitch": None}, "a.cl: level: 'int pitch' takes an int, not NoneType"),
        ({"pitch": 3.0}, "a.cl: level: 'int pitch' takes an int, not float 3.0"),
        ({"pitch": np.float32(3)}, "a.cl: level: 'int pitch' takes an int, not float32 3.0"),
        ({"pitch": 2**31}, "a.cl: level: 'int pitch' takes an int of 32 bits, not 2147483648"),
        ({"reach": MEMORY}, "a.cl: level: 'float reach' takes a number, not a buffer"),
        ({"reach": "2"}, "a.cl: level: 'float reach' takes a number, not str"),
        ({"mosaic": 0}, "a.cl: level: 'GLOBAL const float *RESTRICT mosaic' takes a buffer, not int 0"),
        ({"mosaic": np.zeros(4)}, "a.cl: level: 'GLOBAL const float *RESTRICT mosaic' takes a buffer, not ndarray"),
    ],
)
def test_a_wrong_argument_is_named(changes: dict[str, object], message: str) -> None:
    given = {**GIVEN, **changes}
    if "ptich" in changes:
        del given["pitch"]
    with pytest.raises(ShaderError) as caught:
        bind("a.cl", "level", DECLARED, given)
    assert str(caught.value) == message


def test_missing_arguments_are_named() -> None:
    with pytest.raises(ShaderError) as caught:
        bind("a.cl", "level", DECLARED, {"mosaic": MEMORY, "reach": 1.0})
    assert str(caught.value) == "a.cl: level was not given 'int pitch', 'int red_x'"


def test_the_error_for_planes_names_their_type(device: Device) -> None:
    planes = Planes(device, 8, 8, 1)
    with pytest.raises(ShaderError, match=r"copy: 'GLOBAL float \*RESTRICT to' takes a buffer, not Planes"):
        planes.run("copy.cl", "copy", source=planes.buffer, to=planes)
    planes.release()


def test_planes_supply_their_layout_and_a_given_value_overrides_it(device: Device) -> None:
    planes, light = Planes(device, 20, 3, 1), device.allocate(4 * 1000)
    device.write(light, np.arange(60, dtype=np.float32))
    given = {"light": light, "mosaic": planes.buffer, "encoded": 0}
    for width in (20, 7):
        planes.run("linearize.cl", "linearize_float", **given, **({} if width == 20 else {"width": width}))
        np.testing.assert_array_equal(planes.read()[:, 0, 0], np.arange(3) * width)
    planes.release()
    device.release(light)


def test_matrix_entries_and_numbered_arguments_have_the_names_of_the_kernels() -> None:
    declared = {argument.name for argument in load_kernel_source("demosaic_half.cl").entry_points()["demosaic_half"]}
    entries = of_matrix(np.arange(9.0).reshape(3, 3))
    assert set(entries) < declared
    assert (entries["rb"], entries["gr"]) == (2.0, 3.0)
    assert numbered("fall", (0.5, 0.25), first=1) == {"fall_1": 0.5, "fall_2": 0.25}
