"""A surface without a screen: what is drawn can be read, a wait can be ended, nothing stays alive."""

from __future__ import annotations

import gc

import moderngl
import numpy as np
from groundglass.display.events import Key
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from look_support import context


def test_the_presenter_draws_into_its_framebuffer_letterboxed() -> None:
    with OffscreenSurface((40, 30), gl=context()) as surface:
        picture = surface.gl.texture((40, 20), 4, np.full((20, 40, 4), 200, np.uint8).tobytes())
        presenter = Presenter(surface)
        presenter.draw(picture, [])
        surface.present("")
        rgb = np.frombuffer(surface.framebuffer.read(), np.uint8).reshape(30, 40, 3)
        assert (rgb[5:25] == 200).all()
        assert not rgb[:5].any()
        assert not rgb[25:].any()
        presenter.release()
        picture.release()


def test_it_is_of_one_size_and_has_events_only_from_a_program() -> None:
    with OffscreenSurface((40, 30), gl=context()) as surface:
        assert (surface.size, surface.scale, surface.bits) == ((40, 30), 1.0, 8)
        assert not surface.is_interactive
        surface.toggle_fullscreen()
        assert surface.poll() == []
        surface.input.post(Key("Q"))
        assert surface.wait(20) == [Key("Q")]
        surface.wake()
        assert surface.wait(20) == []


def test_a_shared_context_outlives_it_and_its_own_does_not() -> None:
    gl = context()
    surface = OffscreenSurface((4, 4), gl=gl)
    framebuffer = surface.framebuffer
    surface.close()
    surface.close()
    assert isinstance(framebuffer.mglo, moderngl.InvalidObject)
    gl.buffer(reserve=4).release()
    own = OffscreenSurface((4, 4))
    own.close()
    assert isinstance(own.gl.mglo, moderngl.InvalidObject)
    context()


def test_opened_and_closed_nothing_is_left_alive() -> None:
    kinds = moderngl.Texture, moderngl.Framebuffer, moderngl.Buffer, moderngl.Program, moderngl.VertexArray

    def alive() -> int:
        gc.collect()
        return sum(
            isinstance(thing, kinds) and not isinstance(thing.mglo, moderngl.InvalidObject)
            for thing in gc.get_objects()
        )

    gl = context()
    before = alive()
    for _ in range(3):
        with OffscreenSurface((32, 16), gl=gl) as surface:
            picture = gl.texture((32, 16), 4)
            presenter = Presenter(surface)
            presenter.draw(picture, ["status"])
            assert alive() > before
            presenter.release()
            picture.release()
    assert alive() == before
