"""The tools of a viewfinder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..optics.focus import FocusPlan, ZoneFocus

if TYPE_CHECKING:
    from ..display.tool import Tool, ToolContext
    from ..live_edit.editing import Editing
    from ..look.look import Look

Fitting = Callable[["ToolContext"], "Tool"]


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What the tools write, read and start with.

    `stills` is the folder of stills, raw files and recordings. If `record` is a file, a video is recorded into it from
    the first frame on, in `codec`. With `fresh`, saved settings are neither read nor written. `control` is the port of
    the remote control, 0 any free port, None without it. `rack_s` are the seconds of a focus rack to a click and to a
    focus preset. `focus_plan` and `zone_focus` start with the picture. `load_look` reads the look of the start again,
    if it was named. With `announces` connected cameras are named. `guide` is what a newcomer needs. Panel, menus and
    dialogs exist only `in_window`. `on_saved` receives the files of stills.
    """

    stills: Path = Path()
    record: Path | None = None
    codec: Literal["h264", "hevc", "prores"] = "h264"
    fresh: bool = True
    control: int | None = None
    rack_s: tuple[float, float] = (0.4, 2.0)
    focus_plan: FocusPlan | None = None
    zone_focus: ZoneFocus | None = None
    load_look: Callable[[], str | Look] | None = None
    announces: bool = False
    guide: bool = True
    in_window: bool = True
    on_saved: Callable[[Path], None] = lambda path: None


def fit_tools(options: ToolOptions, editing: Editing) -> list[Fitting]:
    """The tools of a viewer. Each is drawn over those before it."""
    from ..live_edit.custom_modes import CustomModes, custom_modes_folder
    from ..live_edit.look_keys import LookKeys
    from ..live_edit.pass_times import PassTimes
    from ..live_edit.pointer_input import PointerInput
    from ..live_edit.reloading import Reloading
    from ..output.raw_sequence import Sequence
    from ..output.recording import Recording
    from ..output.stills import Stills
    from ..output.virtual_camera import VirtualCameraTool
    from ..remote.remote import Remote, control_file
    from ..tools.aids import Aids
    from ..tools.depth_model import DepthModelTool
    from ..tools.development import DevelopmentTool
    from ..tools.exposure import ExposureTool
    from ..tools.focus import FocusTool
    from ..tools.pixel_inspector import PixelInspector
    from ..tools.recent_sources import RecentSources, recent_file
    from ..tools.scopes.scopes import Scopes
    from ..tools.source_menu import SourceMenu
    from ..tools.view import ViewTool
    from ..tools.white_balance import WhiteBalanceTool
    from ..tools.wipe import WipeTool

    remote = partial(Remote, editing=editing, port=options.control or 0, file=control_file())
    pass_times: dict[str, float] = {}
    recent = RecentSources(None if options.fresh else recent_file())
    return [
        partial(FocusTool, seconds=options.rack_s, plan=options.focus_plan, zone_focus=options.zone_focus),
        ExposureTool,
        WhiteBalanceTool,
        DevelopmentTool,
        DepthModelTool,
        Aids,
        ViewTool,
        WipeTool,
        Scopes,
        PixelInspector,
        partial(Stills, folder=options.stills, on_saved=options.on_saved),
        partial(Sequence, folder=options.stills),
        partial(Recording, folder=options.stills, file=options.record, codec=options.codec),
        VirtualCameraTool,
        partial(LookKeys, editing=editing, folder=options.stills),
        partial(CustomModes, editing=editing, folder=None if options.fresh else custom_modes_folder()),
        partial(PassTimes, times=pass_times),
        partial(Reloading, editing=editing, load=options.load_look or (lambda: editing.saved)),
        partial(SourceMenu, recent=recent, announces=options.announces),
        *(menus(editing, pass_times, guide=options.guide) if options.in_window else []),
        PointerInput,
        *([] if options.fresh else kept_between_runs(options.in_window)),
        *([] if options.control is None else [remote]),
    ]


def menus(editing: Editing, pass_times: dict[str, float], *, guide: bool) -> list[Fitting]:
    """What a window shows over its picture. A page in a browser has its own."""
    from ..tools.guide import Guide
    from ..tools.keyboard_map import KeyboardMap
    from ..tools.open_files import OpenFiles
    from ..tools.panel.panel import Panel

    panel = partial(Panel, editing=editing, pass_times=pass_times)
    return [partial(OpenFiles, editing=editing), *([Guide] if guide else []), KeyboardMap, panel]


def kept_between_runs(in_window: bool) -> list[Fitting]:
    """The tools that read and write files of the user's settings. Only a window has a place to remember."""
    from ..tools.remembered import Remembered, remembered_file
    from ..tools.saved_settings import SavedSettings, settings_file

    remembering = [partial(Remembered, file=remembered_file())] if in_window else []
    return [partial(SavedSettings, file=settings_file()), *remembering]
