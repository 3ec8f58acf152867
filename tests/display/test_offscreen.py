"""A surface without a screen: its picture is readable, `wake` ends a wait, and it releases its objects."""

from __future__ import annotations

import gc

import moderngl
import numpy as np
from groundglass.display.events import Key
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from look_support import context


def test_the_presenter_letterboxes_into_its_framebuffer() -> None:
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


def test_its_size_is_fixed_and_its_events_are_posted() -> None:
    with OffscreenSurface((40, 30), gl=context()) as surface:
        assert (surface.size, surface.scale, surface.bits) == ((40, 30), 1.0, 8)
        assert not surface.is_interactive
        surface.toggle_fullscreen()
        assert surface.poll() == []
        surface.input.post(Key("Q"))
        assert surface.wait(20) == [Key("Q")]
        surface.wake()
        assert surface.wait(20) == []


def test_close_releases_its_own_context_and_keeps_a_shared_one() -> None:
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


def test_close_releases_every_gl_object() -> None:
    kinds = moderngl.Texture, moderngl.Framebuffer, moderngl.Buffer, moderngl.Program, moderngl.VertexArray

    def alive() -> int:
        gc.collect()
        return sum(
            isinstance(item, kinds) and not isinstance(item.mglo, moderngl.InvalidObject) for item in gc.get_objects()
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
