"""Focus tool: racking, presets, zone focus, autofocus, and its messages."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.controls import Controls
from groundglass.display.events import Event, Pointer, Wheel
from groundglass.frame import Encoding, Frame
from groundglass.lens import Lens, load_lens
from groundglass.optics.autofocus import Target
from groundglass.optics.focus import AUTO, MAX_FOCUS_M, Rack, ZoneFocus, depth_of_field_m, hyperfocal_m
from groundglass.settings import SettingsHistory
from groundglass.tools import focus as module
from groundglass.tools.focus import FocusTool, zone_text
from live_engine import drawn_of, tool_context

FIFTY = Lens(50, 8.0, 36, f_number_min=1.4, f_number_max=16, focus_min_m=0.5, name="fifty")
PIXELS = np.full((40, 60, 3), 128, np.uint8)


CLICK = Pointer("press", 0.5, 0.5)


class Rig:
    """Settings and a drawn frame without an engine."""

    def __init__(self, lens: gg.Lens, frame: Frame) -> None:
        self.history = SettingsHistory(gg.Settings(lens=lens))
        self._frame: Frame | None = frame

    @property
    def drawn(self) -> Any:
        return None if self._frame is None else drawn_of(self._frame, settings=self.history.now)

    @property
    def lens(self) -> gg.Lens:
        return self.history.now.lens

    @lens.setter
    def lens(self, lens: gg.Lens) -> None:
        self.history.follow(lens=lens)

    @property
    def focus_m(self) -> float:
        return self.history.now.focus_m

    @focus_m.setter
    def focus_m(self, focus_m: float) -> None:
        self.history.follow(focus_m=focus_m)


class Ring:
    """A focus tool with a fake engine and clock; `messages` lists its messages."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, depth_m: float | None = 3.0, **options: object) -> None:
        self.now_s, self.messages = 100.0, []
        monkeypatch.setattr(module, "perf_counter", lambda: self.now_s)
        depth = None if depth_m is None else np.full((40, 60), depth_m, np.float32)
        self.engine = Rig(options.pop("lens", FIFTY), Frame(PIXELS, Encoding.DISPLAY, depth_m=depth))
        self.controls = Controls()
        ctx = tool_context(self.engine, None, self.messages.append, self.controls)
        self.tool = FocusTool(ctx, **options)  # type: ignore[arg-type]
        self.controls.add(self.tool.controls())

    def request(self, event: str | Event, after_s: float = math.inf) -> float:
        """The focus distance `after_s` seconds after the event or key press."""
        assert self.controls.press(event) if isinstance(event, str) else self.tool.handle_event(event)
        return self.at(after_s)

    def begin(self) -> None:
        """Draws the first frame."""
        self.tool.on_frame(self.engine.drawn)

    def at(self, after_s: float) -> float:
        self.tool.tick(self.now_s + after_s)
        return self.engine.focus_m


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    return Ring(monkeypatch)


def test_a_click_racks_by_the_clock_and_not_by_frames(ring: Ring) -> None:
    rack = Rack(1.2, 3.0, module.CLICK_S)
    assert ring.request(CLICK, 0.0) == 1.2
    assert ring.tool.busy
    for passed_s in (0.1, 0.15, 0.3):  # at irregular frame intervals
        assert ring.at(passed_s) == pytest.approx(rack.focus_m(passed_s))
    assert 1.2 < rack.focus_m(0.1) < rack.focus_m(0.3) < 3.0
    assert ring.at(0.41) == 3.0
    assert not ring.tool.busy
    assert not ring.tool.tick(ring.now_s + 1)  # no redraw after the rack


def test_a_click_alone_does_not_focus_where_the_user_asks_for_ctrl(ring: Ring) -> None:
    ring.controls.set("focus_needs_ctrl", True)
    before = ring.engine.focus_m
    assert not ring.tool.handle_event(CLICK)
    ring.tool.tick(ring.now_s)
    ring.tool.tick(ring.now_s + 1.0)
    assert ring.engine.focus_m == before
    assert ring.tool.handle_event(replace(CLICK, modifiers=frozenset({"Ctrl"})))
    ring.tool.tick(ring.now_s)
    ring.tool.tick(ring.now_s + 1.0)
    assert ring.engine.focus_m == pytest.approx(3.0)


def test_a_rack_of_zero_seconds_is_immediate(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch, seconds=(0.0, 0.0))
    assert ring.request(CLICK, 0.0) == 3.0
    assert not ring.tool.busy


def test_a_click_during_a_rack_starts_from_the_current_focus(ring: Ring) -> None:
    half_way = ring.request(CLICK, 0.2)
    ring.now_s += 0.2
    assert ring.request(CLICK, 0.0) == half_way
    assert ring.at(1) == 3.0


def test_the_focus_racks_between_two_presets(ring: Ring) -> None:
    ring.request("Shift+1")
    ring.request(CLICK)
    ring.request("Shift+2")
    assert ring.messages == ["focus preset 1 at 1.20 m", "focus preset 2 at 3.00 m"]
    assert ring.request("1", 1.0) == Rack(3.0, 1.2, module.PRESET_S).focus_m(1.0)
    assert ring.at(2.0) == 1.2
    assert ring.request("2") == 3.0
    assert ring.messages[-1] == "rack to focus preset 2, 3.00 m"


def test_an_unset_preset_reports_how_to_set_it(ring: Ring) -> None:
    assert ring.request("2") == 1.2
    assert ring.messages == ["focus preset 2 is not set; press Shift+2 to store the present focus"]


def test_hyperfocal_uses_the_current_lens(ring: Ring) -> None:
    focus_m = ring.request("Y")
    assert focus_m == hyperfocal_m(FIFTY, 1.5)
    assert depth_of_field_m(FIFTY, focus_m)[1] == math.inf
    assert ring.messages == ["hyperfocal 11 m: sharp from 5.44 m to infinity"]


def test_hyperfocal_is_limited_to_the_range_of_the_lens(monkeypatch: pytest.MonkeyPatch) -> None:
    tele = Lens(400, 1.4, 36, f_number_min=1.4, focus_min_m=2)
    assert Ring(monkeypatch, lens=tele).request("Y") == MAX_FOCUS_M
    pinhole = Lens(2, 16, 36, focus_min_m=0.3)
    assert Ring(monkeypatch, lens=pinhole).request("Y") == 0.3


def test_zone_focus_sets_holds_and_restores_aperture_and_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch, lens=load_lens("documentary-35"))
    ring.engine.focus_m = 0.7
    zone_focus = ZoneFocus()
    assert ring.request("Z") == zone_focus.focus_m(ring.engine.lens)
    assert ring.engine.lens.f_number == 8.0
    assert ring.messages == ["zone focus f/8: sharp from 2.00 to 5.00 m"]
    for event in ("A", CLICK, "Y"):
        assert ring.request(event) == zone_focus.focus_m(ring.engine.lens)  # the focus does not move
        assert ring.messages[-1] == "zone focus fixes the focus at 2.86 m; press Z to end it"
        assert not ring.tool.busy
    assert ring.request("Z") == 0.7
    assert ring.engine.lens.f_number == 1.4
    assert ring.messages[-1] == "zone focus is off"


def test_zone_focus_reports_the_sharp_zone_when_the_aperture_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    zone_focus = ZoneFocus(8.0, 2.0, 5.0)
    ring = Ring(monkeypatch, zone_focus=zone_focus)
    ring.begin()
    assert ring.messages == [zone_text(zone_focus, FIFTY, 1.5)]
    assert ring.messages[0].startswith("zone focus f/8: only 2.27 to 3.86 m is sharp; 2.00 to 5.00 m needs f/1")
    ring.tool.handle_event(Wheel(-30))
    assert ring.messages[1] == "zone focus f/16: sharp from 2.00 to 5.00 m"
    close = zone_text(ZoneFocus(8, 0.2, 0.3), FIFTY, 1.5)
    assert close == "zone focus f/8: no part of 0.20 to 0.30 m is sharp; this lens focuses from 0.50 m"


def test_without_depth_every_action_reports_it_and_the_focus_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch, depth_m=None)
    events = (
        "A", "Y", "Z", "D", CLICK, "Shift+1",
    )  # fmt: skip
    for event in events:
        assert ring.request(event) == 1.2
    assert ring.messages == ["no depth here"] * len(events)
    assert ring.tool.overlays(ring.engine.drawn).passes == ()


def run_autofocus(ring: Ring) -> None:
    assert ring.controls.press("A")
    await_autofocus(ring)


def await_autofocus(ring: Ring) -> None:
    deadline = time.monotonic() + 30
    while ring.tool.busy and ring.tool._search is not None:
        assert time.monotonic() < deadline
        ring.tool.tick(ring.now_s)
        time.sleep(0.001)
    ring.tool.tick(math.inf)


def test_autofocus_focuses_on_the_centre_without_a_face(ring: Ring) -> None:
    run_autofocus(ring)
    assert ring.engine.focus_m == 3.0
    assert ring.messages == ["centre at 3.00 m"]
    ring.tool.close()


def test_autofocus_reports_the_face_and_frames_it_for_a_limited_time(
    ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    face = (0.2, 0.2, 0.4, 0.5)
    monkeypatch.setattr("groundglass.drawn.autofocus", lambda frame, depth_m: Target(1.5, face, 3))
    run_autofocus(ring)
    assert ring.engine.focus_m == 1.5
    assert ring.messages == ["nearest of 3 faces at 1.50 m"]
    assert ring.tool.overlays(ring.engine.drawn).face == face
    ring.now_s += module.FACE_S
    assert ring.tool.overlays(ring.engine.drawn).face is None
    monkeypatch.setattr("groundglass.drawn.autofocus", lambda frame, depth_m: Target(0.3, face, 1))
    run_autofocus(ring)
    assert ring.engine.focus_m == 0.5
    assert ring.messages[1:] == ["face at 0.30 m", "this lens focuses from 0.50 m"]
    ring.tool.close()


def test_a_click_during_the_face_search_overrides_it(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundglass.drawn.autofocus", lambda frame, depth_m: Target(9.0))
    ring.controls.press("A")
    ring.request(CLICK)
    ring.tool.close()
    assert ring.at(math.inf) == 3.0


def test_without_scikit_image_autofocus_reports_the_extra_once(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundglass.drawn.autofocus", lambda frame, depth_m: Target(2.0))
    monkeypatch.setattr(module, "has_face_detector", lambda: False)
    run_autofocus(ring)
    run_autofocus(ring)
    assert ring.messages == ["centre at 2.00 m; to detect faces, pip install groundglass[face]", "centre at 2.00 m"]
    ring.tool.close()


def test_a_rack_from_the_command_line_starts_with_the_first_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    rack = Rack(0.9, 2.5, 3.0)
    ring = Ring(monkeypatch, plan=rack)
    assert ring.at(10.0) == 1.2
    ring.now_s += 10.0
    ring.begin()
    assert ring.at(1.0) == pytest.approx(rack.focus_m(1.0))
    assert ring.at(3.0) == 2.5


def test_the_depth_of_field_scale_is_switched_on_and_off(ring: Ring) -> None:
    assert ring.tool.overlays(ring.engine.drawn).dof_scale is None
    ring.request("D")
    shown = ring.tool.overlays(ring.engine.drawn)
    assert (shown.dof_scale.near_m, shown.dof_scale.far_m) == depth_of_field_m(FIFTY, 1.2, 1.5)
    ring.engine.lens = FIFTY.at(16)
    assert ring.tool.overlays(ring.engine.drawn).dof_scale.far_m > shown.dof_scale.far_m  # follows the aperture
    ring.request("D")
    assert ring.tool.overlays(ring.engine.drawn).dof_scale is None


def test_other_keys_and_buttons_are_not_handled(ring: Ring) -> None:
    assert not ring.controls.press("S")
    assert not ring.tool.handle_event(Pointer("press", 0.5, 0.5, "right"))


def test_a_new_lens_keeps_aperture_and_focus_within_its_limits(ring: Ring) -> None:
    ring.engine.lens = FIFTY.at(8)
    ring.request("Shift+L", 0.0)  # a custom lens is not in the list: the first lens of the list follows
    assert ring.engine.lens == load_lens("documentary-35").at(8)
    ring.controls.set("lens", "phone-1inch")
    assert (ring.engine.lens.name, ring.engine.lens.f_number) == ("phone-1inch", 4.0)
    assert ring.messages[-1] == "phone-1inch, f/4"
    ring.engine.focus_m = 0.2
    ring.controls.set("lens", "soft-90")
    assert ring.at(0.0) == load_lens("soft-90").focus_min_m
    ring.controls.set("f_number", 0.95)  # beyond this lens: limited to its maximum aperture
    assert ring.engine.lens.f_number == load_lens("soft-90").f_number_min


def test_a_new_lens_ends_zone_focus(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch)
    ring.request("Z", 0.0)
    ring.controls.set("lens", "noct-50")
    assert not ring.controls.get("zone_focus")
    assert ring.engine.lens.name == "noct-50"


def test_a_rack_is_one_undo_step_and_undo_ends_it(ring: Ring) -> None:
    history = ring.engine.history
    ring.request(CLICK, 0.1)
    ring.at(0.2)
    history.undo()
    assert ring.at(0.3) == 1.2  # the rack has ended
    assert not ring.tool.busy
    assert not history.can_undo
    history.redo()
    ring.controls.set("lens", "phone-1inch")
    ring.controls.set("f_number", 8.0)
    assert history.undo()
    assert (ring.engine.lens.name, ring.engine.lens.f_number) != ("phone-1inch", 8.0)
    assert history.undo()
    assert ring.engine.lens is FIFTY or ring.engine.lens == FIFTY


def test_a_picture_without_anything_in_focus_is_reported_once_for_each_source(monkeypatch: pytest.MonkeyPatch) -> None:
    doubt = "nothing is in focus at 1.2 m: everything is 3 m away; A is autofocus"
    ring = Ring(monkeypatch, lens=FIFTY.at(1.4))
    for _ in range(2):
        ring.begin()
    assert ring.messages == [doubt]
    ring.tool.on_source(ring.engine)
    ring.begin()
    assert ring.messages == [doubt] * 2
    for no_doubt in (Ring(monkeypatch, 1.2), Ring(monkeypatch, None), Ring(monkeypatch, plan=Rack(1.0, 3.0, 1.0))):
        no_doubt.begin()
        assert no_doubt.messages == []


def test_a_plan_of_autofocus_focuses_on_each_source_and_not_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_face_detector", lambda: True)
    ring = Ring(monkeypatch, plan=AUTO, lens=FIFTY.at(1.4))
    ring.begin()
    await_autofocus(ring)
    assert ring.engine.focus_m == 3.0
    assert ring.messages == ["centre at 3.00 m"]
    ring.engine.focus_m = 1.5
    ring.begin()
    assert not ring.tool.busy
    ring.tool.on_source(ring.engine)
    ring.begin()
    await_autofocus(ring)
    assert ring.engine.focus_m == 3.0
    ring.tool.close()


def test_in_zone_focus_a_new_source_is_not_doubted(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch, 30.0, zone_focus=ZoneFocus())
    ring.begin()
    ring.tool.on_source(ring.engine)
    ring.begin()
    assert all("zone focus" in message for message in ring.messages)


def test_autofocus_of_a_plan_reports_that_it_waits_for_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch, None, plan=AUTO)
    ring.engine.depth_model = None
    for _ in range(2):
        ring.begin()
    assert ring.messages == ["no depth: everything is in focus, and autofocus waits"]
    ring.tool.on_source(ring.engine)
    ring.engine.depth_model = "a model, whose first map is late"
    ring.begin()
    assert len(ring.messages) == 1


def test_another_lens_is_the_remedy_for_a_subject_that_is_too_close(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = Ring(monkeypatch, 0.3, lens=FIFTY.at(1.4))
    ring.begin()
    assert ring.messages[0].endswith("everything is 0.3 m away; this lens focuses from 0.5 m, so choose another one")


def test_a_quick_picture_is_doubted_when_the_lens_blurs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the first start everything is in focus until the kernels are compiled."""
    ring = Ring(monkeypatch, lens=FIFTY.at(1.4))
    assert replace(ring.engine.drawn, quick=True).focus_doubt() == ""
    ring.tool.on_frame(replace(ring.engine.drawn, quick=True))
    assert ring.messages == []
    ring.begin()
    assert ring.messages[0].startswith("nothing is in focus at 1.2 m")
