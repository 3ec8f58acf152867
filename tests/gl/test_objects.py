"""GL objects are released after repeated creation, changes and closing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import groundglass as gg
import numpy as np
import pytest
from gl_objects import GlObjects
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.overlays import NO_OVERLAYS, Overlays
from groundglass.display.present import Presenter
from groundglass.gl.constant_folding import FOLDED_AFTER
from groundglass.gl.context import headless_context
from groundglass.look.grade import Part
from live_engine import LiveEngine
from look_support import context


@pytest.fixture
def engine() -> Iterator[LiveEngine]:
    with LiveEngine(look="classic") as made:
        yield made


def frame(width: int = 32, height: int = 24) -> gg.Frame:
    pixels = np.broadcast_to(np.linspace(0, 1, width, dtype=np.float32)[None, :, None], (height, width, 3))
    return gg.Frame(np.ascontiguousarray(pixels), gg.Encoding.SCENE)


def test_an_unreleased_object_is_named(gl_objects: GlObjects) -> None:
    ctx = headless_context()
    unreleased, texture = ctx.buffer(reserve=16), ctx.texture((2, 2), 4)
    texture.release()
    assert gl_objects.count(ctx) == Counter(Buffer=1)
    ctx.release()
    assert [leak.partition(" made in ")[0] for leak in gl_objects.leaks] == ["Buffer"]
    assert "test_objects.py" in gl_objects.leaks[0]
    gl_objects.leaks.clear()
    del unreleased


def test_a_presenter_in_a_shared_context_releases_its_objects(gl_objects: GlObjects) -> None:
    surface = OffscreenSurface((64, 48), gl=context())
    texture = context().texture((32, 24), 4)
    before = gl_objects.count(context())
    presenter = Presenter(surface)
    for overlays in (NO_OVERLAYS, Overlays(("grid", "zebra")), Overlays(face=(0.2, 0.2, 0.8, 0.8))):
        for lines in ([], ["status"]):
            presenter.draw(texture, lines, overlays=overlays)
    presenter.release()
    assert gl_objects.count(context()) == before
    texture.release()
    surface.close()


@pytest.mark.slow
def test_moving_a_wipe_500_times_creates_no_objects(engine: LiveEngine, gl_objects: GlObjects) -> None:
    counts, neutral = [], gg.Settings(look="neutral")
    for step in range(500):
        position, picture = (step % 500 + 0.5) / 500, frame()
        engine.engine.draw(picture, neutral, part=Part("right", position))
        engine.engine.draw(picture, neutral.with_(look="classic"), part=Part("left", position))
        counts.append(sum(gl_objects.count(engine.gl).values()))
    folded = 2 * FOLDED_AFTER  # draws after which all programs have their constants
    assert max(counts[folded:]) == counts[folded]


@pytest.mark.slow
def test_changing_the_size_50_times_creates_no_objects(engine: LiveEngine, gl_objects: GlObjects) -> None:
    counts = []
    for step in range(50):
        engine.draw(frame(32 + 8 * (step % 5), 24 + 4 * (step % 3)))
        counts.append(sum(gl_objects.count(engine.gl).values()))
    assert max(counts[15:]) <= max(counts[:15])


@pytest.mark.slow
def test_opening_and_closing_10_engines_releases_every_object(gl_objects: GlObjects) -> None:
    gl = headless_context()
    for _ in range(10):
        with LiveEngine(gl=gl, look="classic") as made:
            made.render(frame())
        assert gl_objects.count(gl) == Counter()
    gl.release()
