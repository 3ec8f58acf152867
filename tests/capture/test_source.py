"""The one door: what a name opens."""

from __future__ import annotations

import pytest
from groundglass.capture import open_source
from groundglass.errors import SourceError


def test_scene_takes_its_options_and_the_speed() -> None:
    with open_source("scene:?size=96x64&seed=3", fps=30) as source:
        assert source.size == (96, 64)
        assert source.fps == 30
        assert source.frames is None
        frame = next(iter(source))
    assert frame.size == (96, 64)
    assert frame.depth_m is not None


def test_the_query_says_more_than_the_option() -> None:
    assert open_source("scene:?size=96x64&fps=25", fps=30).fps == 25


@pytest.mark.parametrize("source", ["scene:?size=big", "scene:?colour=red"])
def test_scene_refuses_what_it_does_not_know(source: str) -> None:
    with pytest.raises(SourceError, match="scene:"):
        open_source(source)


def test_a_name_that_is_nothing() -> None:
    with pytest.raises(SourceError, match="scene: for the built-in scene"):
        open_source("scene")
