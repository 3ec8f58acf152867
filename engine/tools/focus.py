"""Focus tool: clicks, autofocus, focus presets, hyperfocal distance, zone focus and the depth-of-field scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from ..controls import Action, Choice, Control, Number, Switch
from ..display.dof_scale import DofScale
from ..display.events import Event, Pointer, Wheel
from ..display.overlays import NO_OVERLAYS, Overlays
from ..display.status_line import distance, f_stop, format_sharp_zone
from ..display.tool import Invalidation, Tool, ToolContext
from ..errors import GroundglassError
from ..lens import DEFAULT_ASPECT, Lens, list_lenses, load_lens
from ..optics.autofocus import Box, Target, has_face_detector
from ..optics.focus import AUTO, MAX_FOCUS_M, FocusPlan, Rack, ZoneFocus, depth_of_field_m, hyperfocal_m
from ..settings import PAUSE_S

if TYPE_CHECKING:
    from ..capture.source import Source
    from ..drawn import Drawn
    from ..settings import Settings

CLICK_S = 0.4  # duration of a rack to a click
PRESET_S = 2.0  # duration of a rack to a preset: slow enough to be part of a video
PRESETS = (1, 2)
FACE_S = 2.5  # display time of the frame around a face
NO_DEPTH = "no depth here"
WAITS_FOR_DEPTH = "no depth: everything is in focus, and autofocus waits"
ZONE_FOCUS_OFF = "zone focus is off"


class FocusTool(Tool):
    """Racks the focus, sets the aperture and reports both.

    `seconds` are the durations of a rack to a click and to a preset. `plan` starts with the first frame: a rack, or
    autofocus, which starts again with another source. If `zone_focus` is given, it is on, and the settings must already
    match it; otherwise it is off, with the default zone. Autofocus detects faces in its own thread.
    """

    def __init__(
        self,
        tool_context: ToolContext,
        seconds: tuple[float, float] = (CLICK_S, PRESET_S),
        plan: FocusPlan | None = None,
        zone_focus: ZoneFocus | None = None,
    ) -> None:
        self._settings, self._drawn, self._notify = tool_context.settings, tool_context.drawn, tool_context.notify
        self._engine = tool_context.engine
        self._click_s, self._preset_s = seconds
        self._plan = plan
        self._zone_focus = zone_focus or ZoneFocus()
        # F-number and focus before zone focus was switched on; None while it is off.
        self._before_zone_focus = (self._now.f_number, self._now.focus_m) if zone_focus else None
        self._zone_m = self._now.focus_m  # the focus of zone focus, while it is on
        self._presets_m: dict[int, float] = {}
        self._rack: Rack | None = None
        self._rack_start_s = 0.0
        self._has_frame = False
        self._checks_focus = not isinstance(plan, Rack)  # the source may be blurred everywhere
        self._reports_wait = plan == AUTO
        self._set_m = math.nan  # the last focus that the running rack has set
        self._is_step = False  # the running rack already has its undo step
        self._worker: ThreadPoolExecutor | None = None
        self._search: Future[Target | None] | None = None
        self._face: Box | None = None
        self._face_until_s = -math.inf
        self._faces_hint_shown = False
        self._shows_scale = self._needs_ctrl = False

    @property
    def _now(self) -> Settings:
        return self._settings.now

    @property
    def busy(self) -> bool:
        return self._rack is not None or self._search is not None

    def controls(self) -> Iterable[Control]:
        yield Action("autofocus", "Autofocus", "focus", "A", do=self._autofocus)
        yield Action("hyperfocal", "Hyperfocal distance", "focus", "Y", do=self._hyperfocal)
        yield Switch(
            "zone_focus",
            "Zone focus",
            "focus",
            "Z",
            get=lambda: self._before_zone_focus is not None,
            set=self._toggle_zone_focus,
        )
        yield Switch(
            *("depth_of_field", "Depth of field", "focus", "D"),
            get=lambda: self._shows_scale,
            set=self._show_scale,
            is_saved=True,
            is_aid=True,
            note=self._missing_depth,
        )
        yield Switch(
            *("focus_needs_ctrl", "Focus only by Ctrl+click", "focus"),
            get=lambda: self._needs_ctrl,
            set=partial(setattr, self, "_needs_ctrl"),
            is_saved=True,
            help="a click alone, as to look at a window, leaves the focus as it is",
        )
        for preset in PRESETS:
            rack, store = partial(self._rack_to_preset, preset), partial(self._store_preset, preset)
            yield Action(f"rack_{preset}", f"Rack to focus preset {preset}", "focus", f"{preset}", do=rack)
            yield Action(f"focus_preset_{preset}", f"Store focus preset {preset}", "focus", f"Shift+{preset}", do=store)
        yield from self._lens_rings()

    def _lens_rings(self) -> Iterable[Control]:
        # The ranges span all lenses; each lens clamps a value to its own range.
        lenses = [self._now.lens, *map(load_lens, list_lenses())]
        yield Choice(
            *("lens", "Lens", "focus", "Shift+L"),
            choices=tuple(list_lenses()),
            get=lambda: self._now.lens.name,
            set=self._set_lens,
        )
        yield Number(
            *("f_number", "Aperture", "focus"),
            minimum=min(lens.f_number_min for lens in lenses),
            maximum=max(lens.f_number_max for lens in lenses),
            step=0.05,
            unit="f/",
            get=lambda: self._now.f_number,
            set=self._set_f_number,
        )
        yield Action(
            *("open_aperture", "Open the aperture by 1/3 stop", "focus", "Left"), do=partial(self._turn_aperture, 1)
        )
        yield Action(
            *("close_aperture", "Close the aperture by 1/3 stop", "focus", "Right"), do=partial(self._turn_aperture, -1)
        )
        yield Number(
            *("focus", "Focus", "focus"),
            minimum=min(lens.focus_min_m for lens in lenses),
            maximum=MAX_FOCUS_M,
            step=0.01,
            unit="m",
            get=lambda: self._now.focus_m,
            set=self._set_focus,
        )

    def handle_event(self, event: Event) -> bool:
        match event:
            case Pointer(kind="press", button="left", modifiers=held) if "Ctrl" in held or not self._needs_ctrl:
                self._click(event.x, event.y)
            case Wheel(steps=steps):
                self._turn_aperture(steps)
            case _:
                return False
        return True

    def tick(self, now_s: float) -> Invalidation:
        if self._search is not None and self._search.done():
            self._focus_on_target(self._search)
        if self._rack is not None:
            self._advance(self._rack, now_s - self._rack_start_s)
        elif self._before_zone_focus is not None and not math.isclose(self._now.focus_m, self._zone_m, rel_tol=1e-6):
            self._before_zone_focus = None  # undone
            self._notify(ZONE_FOCUS_OFF)
        return Invalidation.NOTHING

    def _advance(self, rack: Rack, elapsed_s: float) -> None:
        """Sets the focus of this time. A focus changed from elsewhere, such as by undo, ends the rack."""
        if not math.isnan(self._set_m) and self._now.focus_m != self._set_m:
            self._rack = None
            return
        self._set_m = self._now.lens.clamp_focus_m(rack.focus_m(elapsed_s))
        if self._is_step:
            self._settings.follow(focus_m=self._set_m)
        else:
            self._is_step = self._settings.change("focus", focus_m=self._set_m)
        if elapsed_s >= rack.seconds:
            self._rack = None

    def on_source(self, source: Source) -> None:
        self._search, self._face = None, None  # they belong to the former picture; the focus distance stays
        self._checks_focus, self._reports_wait = True, self._plan == AUTO

    def on_frame(self, drawn: Drawn) -> None:
        if self._checks_focus and drawn.has_depth and (self._plan == AUTO or not drawn.quick):
            self._checks_focus = False
            self._check_focus(drawn)
        elif self._reports_wait and not drawn.has_depth:
            self._reports_wait = False
            if drawn.captured.right is None and self._engine.depth_model is None:
                self._notify(WAITS_FOR_DEPTH)
        if self._has_frame:
            return
        self._has_frame = True  # racks and the limits of zone focus need the frame's aspect ratio
        if isinstance(self._plan, Rack):
            self._start(self._plan)
        self._notify_zone()

    def _check_focus(self, drawn: Drawn) -> None:
        if self._before_zone_focus is not None:
            return
        if self._plan == AUTO:
            self._autofocus()
        elif doubt := drawn.focus_doubt("A is autofocus"):
            self._notify(doubt)

    def overlays(self, drawn: Drawn | None) -> Overlays:
        face = self._face if perf_counter() < self._face_until_s else None
        if drawn is None or not (self._shows_scale or face):
            return NO_OVERLAYS
        shows_scale = self._shows_scale and drawn.has_depth
        dof_scale = DofScale.of(drawn.settings.lens, drawn.settings.focus_m, drawn.aspect) if shows_scale else None
        if face is not None:  # in frame coordinates; focus breathing magnifies the picture
            left, top, right, bottom = (min(max(0.5 + (at - 0.5) * drawn.magnification, 0.0), 1.0) for at in face)
            face = left, top, right, bottom
        return Overlays(dof_scale=dof_scale, face=face)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.shutdown(wait=True, cancel_futures=True)

    def _set_lens(self, name: str) -> None:
        """Changes the lens, with the aperture and focus closest to the present ones."""
        if self._before_zone_focus is not None:
            self._toggle_zone_focus(False)
        lens = at_closest_aperture(load_lens(name), self._now.f_number)
        if self._now.focus_m < lens.focus_min_m:
            self._notify_closest(lens)
        self._rack = self._search = None
        self._settings.change("lens", lens=lens, focus_m=lens.clamp_focus_m(min(self._now.focus_m, MAX_FOCUS_M)))
        self._notify(f"{lens.name}, {f_stop(lens.f_number)}")

    def _set_f_number(self, f_number: float) -> None:
        if self._settings.change("aperture", merge_s=PAUSE_S, lens=at_closest_aperture(self._now.lens, f_number)):
            self._notify_zone()

    def _turn_aperture(self, steps: float) -> None:
        """Opens the aperture by thirds of a stop, or closes it by negative ones."""
        # The light is proportional to 1/N^2, so a third of a stop is a factor of 2^(1/6) in the f-number N.
        self._set_f_number(self._now.f_number * 2.0 ** (-steps / 6.0))

    def _set_focus(self, focus_m: float) -> None:
        if self._may_move():
            self._rack = self._search = None
            self._settings.change("manual focus", merge_s=PAUSE_S, focus_m=self._limited_m(focus_m))

    def _show_scale(self, shows: bool) -> None:
        self._shows_scale = shows
        if shows:
            self._has_depth()  # reports a missing depth map

    def _missing_depth(self) -> str:
        drawn = self._drawn()
        return NO_DEPTH if drawn is not None and not drawn.has_depth else ""

    def _click(self, x: float, y: float) -> None:
        drawn = self._drawn()
        depth_m = None if drawn is None else drawn.depth_at(x, y)
        if depth_m is None or not depth_m > 0:  # sensors write 0 or NaN for unknown depth
            self._notify(NO_DEPTH)
        elif self._may_move():
            self._move_to(depth_m, self._click_s)

    def _rack_to_preset(self, preset: int) -> None:
        if preset not in self._presets_m:
            self._notify(f"focus preset {preset} is not set; press Shift+{preset} to store the present focus")
        elif self._has_depth() and self._may_move():
            self._notify(f"rack to focus preset {preset}, {distance(self._presets_m[preset])}")
            self._move_to(self._presets_m[preset], self._preset_s)

    def _store_preset(self, preset: int) -> None:
        if self._has_depth():
            self._presets_m[preset] = self._now.focus_m
            self._notify(f"focus preset {preset} at {distance(self._now.focus_m)}")

    def _hyperfocal(self) -> None:
        if not (self._has_depth() and self._may_move()):
            return
        lens = self._now.lens
        focus_m = min(lens.clamp_focus_m(hyperfocal_m(lens, self._aspect())), MAX_FOCUS_M)
        near_m, far_m = depth_of_field_m(lens, focus_m, self._aspect())
        self._notify(f"hyperfocal {distance(focus_m)}: sharp from {format_sharp_zone(near_m, far_m)}")
        self._move_to(focus_m, self._click_s)

    def _autofocus(self) -> None:
        drawn = self._drawn()
        if drawn is None or not drawn.has_depth:
            self._notify(NO_DEPTH)
        elif self._may_move() and self._search is None:
            self._rack = None
            self._worker = self._worker or ThreadPoolExecutor(1, "groundglass-autofocus")
            self._search = self._worker.submit(replace(drawn, frame=drawn.frame.owned()).autofocus)

    def _focus_on_target(self, search: Future[Target | None]) -> None:
        self._search = None
        try:
            target = search.result()
        except GroundglassError as error:
            self._notify(str(error))
            return
        if target is None:
            self._notify(NO_DEPTH)
            return
        if target.face is not None:
            label = "face" if target.faces == 1 else f"nearest of {target.faces} faces"
            self._notify(f"{label} at {distance(target.distance_m)}")
            self._face, self._face_until_s = target.face, perf_counter() + FACE_S
        elif has_face_detector() or self._faces_hint_shown:
            self._notify(f"centre at {distance(target.distance_m)}")
        else:
            self._notify(f"centre at {distance(target.distance_m)}; to detect faces, pip install groundglass[face]")
            self._faces_hint_shown = True
        self._move_to(target.distance_m, self._click_s)

    def _toggle_zone_focus(self, on: bool) -> None:
        now = self._now
        if on == (self._before_zone_focus is not None):
            return
        if on and self._has_depth():
            self._before_zone_focus = now.f_number, now.focus_m
            lens = self._zone_focus.lens(now.lens)
            self._move_to(self._zone_focus.focus_m(lens), self._click_s, lens)
            self._zone_m = self._limited_m(self._zone_focus.focus_m(lens))
            self._notify(self._zone_text())
        elif not on and self._before_zone_focus is not None:
            (f_number, focus_m), self._before_zone_focus = self._before_zone_focus, None
            self._move_to(focus_m, self._click_s, at_closest_aperture(now.lens, f_number))
            self._notify(ZONE_FOCUS_OFF)

    def _notify_zone(self) -> None:
        """In zone focus, reports the part of the zone that is sharp now."""
        if self._before_zone_focus is not None:
            self._notify(self._zone_text())

    def _zone_text(self) -> str:
        return zone_text(self._zone_focus, self._now.lens, self._aspect())

    def _may_move(self) -> bool:
        if self._before_zone_focus is not None:
            self._notify(f"zone focus fixes the focus at {distance(self._now.focus_m)}; press Z to end it")
        return self._before_zone_focus is None

    def _has_depth(self) -> bool:
        drawn = self._drawn()
        if drawn is None or not drawn.has_depth:
            self._notify(NO_DEPTH)
            return False
        return True

    def _move_to(self, depth_m: float, seconds: float, lens: Lens | None = None) -> None:
        """Starts a rack, optionally at another aperture of the lens, as one undo step."""
        self._start(Rack(self._now.focus_m, self._limited_m(depth_m), seconds))
        if lens is not None:
            self._is_step = self._settings.change("zone focus", lens=lens)

    def _limited_m(self, depth_m: float) -> float:
        """`depth_m` limited to the focus range of the lens; reports a distance below the closest focus."""
        lens = self._now.lens
        if depth_m < lens.focus_min_m:
            self._notify_closest(lens)
        return lens.clamp_focus_m(min(depth_m, MAX_FOCUS_M))

    def _notify_closest(self, lens: Lens) -> None:
        self._notify(f"this lens focuses from {distance(lens.focus_min_m)}")

    def _start(self, rack: Rack) -> None:
        """Starts the rack now and cancels a running rack or face search."""
        self._rack, self._rack_start_s, self._set_m = rack, perf_counter(), math.nan
        self._search, self._is_step = None, False

    def _aspect(self) -> float:
        drawn = self._drawn()
        return DEFAULT_ASPECT if drawn is None else drawn.aspect


def at_closest_aperture(lens: Lens, f_number: float) -> Lens:
    """The lens with its aperture as close as possible to `f_number`."""
    return lens.at(min(max(f_number, lens.f_number_min), lens.f_number_max))


def zone_text(zone_focus: ZoneFocus, lens: Lens, aspect: float) -> str:
    """The part of the zone that is sharp through `lens`, and the f-number that the whole zone needs."""
    near_m, far_m = zone_focus.sharp_m(lens, aspect)
    mode = f"zone focus {f_stop(lens.f_number)}:"
    zone = format_sharp_zone(zone_focus.near_m, zone_focus.far_m)
    if (near_m, far_m) == (zone_focus.near_m, zone_focus.far_m):
        return f"{mode} sharp from {zone}"
    if near_m > far_m:
        return f"{mode} no part of {zone} is sharp; this lens focuses from {distance(lens.focus_min_m)}"
    needed = f_stop(zone_focus.needs_f_number(lens, aspect))
    return f"{mode} only {format_sharp_zone(near_m, far_m)} is sharp; {zone} needs {needed}"
