"""The look as a kernel: both routes draw the same picture, and each look that stays in GL has a reason."""

import time

import numpy as np
import pytest
from groundglass.compute.device import Device
from groundglass.compute.program import KERNELS
from groundglass.compute.registry import open_device
from groundglass.gl.passes import list_passes, load_pass
from groundglass.look.grade import Part, look_picture
from groundglass.look.kernel_route.errors import UntranslatableError
from groundglass.look.kernel_route.route import DRAWS_BEFORE, KERNELS_KEPT, KernelLooks, chosen_route
from groundglass.look.kernel_route.translation import check_translatable
from groundglass.look.look import Look, list_looks, load_look
from look_support import look_of
from route_support import BothRoutes, half_scene, random_values

ROUNDS = 12  # random values of each pass's parameters
SCENE = half_scene((24, 136))


def stays_in_gl(name: str) -> str:
    try:
        check_translatable(load_pass(name))
    except UntranslatableError as error:
        return str(error)
    return ""


def translated(names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not stays_in_gl(name)]


def built_in_looks() -> list[str]:
    return [name for name in list_looks() if all(not stays_in_gl(used.name) for used in load_look(name).passes)]


def assert_within_a_code(kernel: np.ndarray, gl: np.ndarray, message: str) -> None:
    apart = np.abs(kernel.astype(int) - gl)
    assert apart.max() <= 1, f"{message}: {apart.max()} codes at {np.argwhere(apart > 1)[:4].tolist()}"


@pytest.mark.parametrize("name", translated(list_passes()))
def test_every_pass_draws_the_same_anywhere_in_its_ranges(device: Device, name: str) -> None:
    random = np.random.default_rng(sum(map(ord, name)))
    with BothRoutes(device, SCENE) as routes:
        for number in range(ROUNDS):
            values = random_values(load_pass(name), random)
            look = look_of(name, **values)
            drawn = routes.by_kernel(look, frame_index=number), routes.in_gl(look, frame_index=number)
            assert_within_a_code(*drawn, f"{name} {values}")


@pytest.mark.parametrize("name", built_in_looks())
def test_every_look_draws_the_same(device: Device, name: str) -> None:
    look = load_look(name)
    with BothRoutes(device, SCENE) as routes:
        for frame_index in (0, 7, 12345):
            drawn = routes.by_kernel(look, frame_index=frame_index), routes.in_gl(look, frame_index=frame_index)
            assert_within_a_code(*drawn, name)


def test_half_of_a_look_draws_the_same(device: Device) -> None:
    with BothRoutes(device, SCENE) as routes:
        for strength in (0.0, 0.35):
            drawn = (draw(load_look("classic"), strength=strength) for draw in (routes.by_kernel, routes.in_gl))
            assert_within_a_code(*drawn, f"strength {strength}")


@pytest.mark.parametrize("width", [1, 7, 16, 17, 100])
def test_any_width_is_drawn_to_its_last_pixel(device: Device, width: int) -> None:
    look = look_of("exposure", exposure_ev=1.0)
    with BothRoutes(device, half_scene((5, 136))[:, 8 : 8 + width]) as routes:
        assert_within_a_code(routes.by_kernel(look), routes.in_gl(look), f"{width} pixels")


def test_a_side_of_a_wipe_leaves_the_other_as_it_is(device: Device) -> None:
    dark, light = (look_of("exposure", exposure_ev=ev) for ev in (-2.0, 2.0))
    with BothRoutes(device, SCENE) as routes:
        expected = np.concatenate([routes.by_kernel(dark)[:, :41], routes.by_kernel(light)[:, 41:]], axis=1)
        routes.by_kernel(dark, part=Part("left", 41 / 136))
        np.testing.assert_array_equal(routes.by_kernel(light, part=Part("right", 41 / 136)), expected)


def test_a_slider_compiles_nothing_but_a_choice_does(device: Device) -> None:
    with BothRoutes(device, SCENE) as routes:
        for red in (0.1, 0.2, 0.9):
            routes.by_kernel(look_of("monochrome", red=red))
        assert len(routes.looks._kernels) == 1
        routes.by_kernel(look_of("monochrome", filter="red"))
        assert len(routes.looks._kernels) == 2


def test_kernels_out_of_use_are_dropped(device: Device) -> None:
    generated, built = len(KERNELS._generated), len(device._kernels)
    with BothRoutes(device, SCENE[:2, :24]) as routes:
        for name in translated(list_passes())[: KERNELS_KEPT + 1]:
            routes.by_kernel(look_of(name))
        assert len(KERNELS._generated) == generated + KERNELS_KEPT
        assert len(device._kernels) <= built + KERNELS_KEPT + 1  # dropped when the next one is built
        routes.looks.release()
        routes.looks.release()
        assert len(KERNELS._generated) == generated


def test_each_look_that_stays_in_gl_has_a_reason(device: Device) -> None:
    assert stays_in_gl("bloom") == "bloom.glsl looks at the neighbourhood of a pixel"
    assert stays_in_gl("lut") == "lut.glsl looks up the texture 'lut_file_cube'"
    with BothRoutes(device, SCENE) as routes:
        picture = look_picture(load_look("sepia"), routes.size)
        assert routes.looks.queue(routes._planes, picture, (0, 8), "") is None
        assert routes.looks.drew == "gl (bloom.glsl looks at the neighbourhood of a pixel)"
        assert routes.looks.queue(routes._planes, picture, (0, 8), "10 bits") is None
        assert routes.looks.drew == "gl (10 bits)"


def test_auto_makes_a_kernel_of_a_look_that_is_drawn_again_and_again(device: Device) -> None:
    with BothRoutes(device, SCENE) as routes:
        looks = KernelLooks(device, "auto", software_gl=True)
        try:
            picture = look_picture(Look("plain", ""), routes.size)
            drawn = [looks.queue(routes._planes, picture, (0, 8), "") for _ in range(DRAWS_BEFORE)]
            assert drawn == [None] * DRAWS_BEFORE
            assert looks.wants_kernel
            looks.ahead(picture, routes.size)
            while looks.is_preparing:
                time.sleep(0.001)
            assert looks.queue(routes._planes, picture, (0, 8), "") is not None
            assert looks.drew == "kernel"
        finally:
            looks.release()


@pytest.mark.parametrize("run_length", [1, 8])
def test_runs_of_any_length_draw_the_same(run_length: int) -> None:
    opened = open_device("auto")
    opened.run_length = run_length
    try:
        with BothRoutes(opened, SCENE) as routes:
            for name in ("classic", "monochrome"):
                drawn = routes.by_kernel(load_look(name)), routes.in_gl(load_look(name))
                assert_within_a_code(*drawn, f"{name} in runs of {run_length}")
    finally:
        opened.close()


def test_auto_leaves_the_look_to_a_gpu() -> None:
    assert chosen_route("auto", computes_on_cpu=True, software_gl=True) == "kernel"
    assert chosen_route("auto", computes_on_cpu=True, software_gl=False) == "gl"
    assert chosen_route("auto", computes_on_cpu=False, software_gl=True) == "gl"
    assert chosen_route("kernel", computes_on_cpu=False, software_gl=False) == "kernel"
    assert chosen_route("gl", computes_on_cpu=True, software_gl=True) == "gl"


def test_nothing_stays_alive(device: Device) -> None:
    before = device.live_buffers
    with BothRoutes(device, SCENE) as routes:
        routes.by_kernel(load_look("neutral"))
    assert device.live_buffers == before
