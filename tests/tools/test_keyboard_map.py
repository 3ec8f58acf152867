"""The keyboard map in windows of any size."""

from __future__ import annotations

import pytest
from groundglass.controls import Controls, Switch
from groundglass.display.events import Key, Wheel
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.present import Presenter
from groundglass.tools.keyboard_map import KeyboardMap, draw_page, pages_of
from live_engine import LiveEngine, tool_context
from look_support import context

ROWS = [("", "Window"), *((f"Ctrl+Shift+{index}", f"A title of some length {index}") for index in range(70))]


@pytest.mark.parametrize(
    ("room", "text_px"), [((320, 240), 13), ((640, 360), 13), ((960, 540), 13), ((640, 480), 26), ((2560, 1440), 26)]
)
def test_the_keyboard_map_is_complete_and_readable_in_any_window(room: tuple[int, int], text_px: int) -> None:
    pages = pages_of(ROWS, text_px, room)
    assert [row for page in pages for column in page.columns for row in column.rows] == ROWS
    for page in pages:
        height, width = draw_page(page).shape[:2]
        assert page.text_px >= 0.75 * text_px
        assert width <= room[0]
        assert height <= room[1]
    assert (len(pages) == 1) == (not pages[0].foot)


def test_the_pages_of_the_keyboard_map_are_turned() -> None:
    surface = OffscreenSurface((320, 240), gl=context())
    controls = Controls()
    keys = KeyboardMap(tool_context(LiveEngine(gl=context()), None, print, controls, None, surface))
    controls.add(keys.controls())
    controls.add(
        Switch(f"s{index}", f"A switch of some length {index}", "aids", f"F{index}", get=bool, set=id)
        for index in range(60)
    )
    presenter = Presenter(surface)
    picture = context().texture((32, 24), 4)

    def shown() -> bytes:
        presenter.draw(picture, [], tools=[keys])
        return surface.framebuffer.read()

    assert not keys.handle_event(Key("PageDown"))  # hidden: the key opens the next file
    controls.press("H")
    first = shown()
    assert keys.handle_event(Key("PageDown"))
    second = shown()
    assert second != first
    assert keys.handle_event(Wheel(1.0))
    assert shown() == first
    assert not keys.handle_event(Key("P"))
    presenter.release()
    surface.close()
