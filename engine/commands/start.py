"""Opens the source and the engine from options, for `view` and `render`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..capture.kinds import scheme_of
from ..errors import LookError
from ..optics.focus import AUTO, Rack
from .options import EngineOptions, Quality, SourceOptions

if TYPE_CHECKING:
    import moderngl

    from ..capture import Source
    from ..engine import Engine
    from ..look.look import Look
    from ..settings import Settings
    from .first_start import FirstStart


def open_input(source: str, options: SourceOptions, size: tuple[int, int] | None, *, tolerant: bool = False) -> Source:
    """The source of the command line. `size`, (width, height), is the default size of the built-in scene.

    A `tolerant` source continues after faults that a live view survives. With `sandbox`, files are decoded in another
    process.
    """
    from ..capture import open_source
    from ..capture.sandbox import is_file_source, open_apart

    open_it = open_apart if options.sandbox and is_file_source(source) else open_source
    return open_it(sized_scene(source, size), **source_arguments(options), loop=options.loop, tolerant=tolerant)


def source_arguments(options: SourceOptions) -> dict[str, Any]:
    """The options of `open_source` that describe a source."""
    return {
        "fps": options.fps,
        "raw_format": options.raw_format,
        "raw_size": options.raw_size,
        "raw_black": options.raw_black,
        "raw_white": options.raw_white,
        "raw_stride": options.raw_stride,
        "raw_header": options.raw_header,
        "raw_trailer": options.raw_trailer,
        "layer": options.layer,
        "profile": options.profile,
        "depth": options.depth,
        "depth_scale": options.depth_scale,
        "depth_range": options.depth_range,
        "depth_crop": options.depth_crop,
        "matte": options.matte,
        "depth_later": options.depth_model is not None,
    }


def opener(typed: str, opened: Source, options: SourceOptions, size: tuple[int, int] | None) -> Callable[[str], Source]:
    """Opens the sources that follow `opened` in the same window. `typed` is its name on the command line."""

    def open_named(name: str) -> Source:
        if name in (typed, opened.name):
            return open_input(live_scene(typed), options, size, tolerant=True)
        return open_input(live_scene(name), options_for(name, typed, options), size, tolerant=True)

    return open_named


def options_for(name: str, first: str, options: SourceOptions) -> SourceOptions:
    """The options for another source than that of the command line, whose depth, profile and rate are its own.

    What is known of raw files, mosaics and layers applies to other sources of the kind with the same suffix.
    """
    kept = replace(options, fps=None, profile=None, depth=None, depth_scale=None, depth_crop=None, matte=None)
    if options.depth_model is None:
        kept = replace(kept, depth_range=None)
    if Path(name).suffix.lower() == Path(first).suffix.lower() and scheme_of(name) == scheme_of(first):
        return kept
    kept = replace(kept, raw_format=None, raw_size=None, raw_black=None, raw_white=None, layer=None)
    return replace(kept, raw_stride=None, raw_header=None, raw_trailer=None)


def sized_scene(source: str, size: tuple[int, int] | None) -> str:
    """`source`, with the size added if it is a scene without one.

    >>> sized_scene("scene:?seed=7", (640, 360))
    'scene:?seed=7&size=640x360'
    """
    address, _, query = source.partition("?")
    if size is None or address != "scene:" or "size=" in query:
        return source
    wanted = f"size={size[0]}x{size[1]}"
    return f"{address}?{query}&{wanted}" if query else f"{address}?{wanted}"


def live_scene(source: str) -> str:
    """`source`; a scene without `wait` plays while its poses are rendered.

    >>> live_scene("scene:"), live_scene("photo.dng")
    ('scene:?wait=0', 'photo.dng')
    """
    address, _, query = source.partition("?")
    if address != "scene:" or "wait=" in query:
        return source
    return f"{address}?{query}&wait=0" if query else f"{address}?wait=0"


def look_of(options: EngineOptions) -> str | Look:
    """The look of the options, with the LUT if any."""
    from ..look.lut_look import lut_look
    from ..settings import DEFAULT_LOOK

    if options.lut is not None:
        return lut_look(options.lut, options.lut_input, options.look)
    if options.lut_input != "srgb":
        raise LookError(f"--lut-input {options.lut_input} requires a LUT; name it with --lut")
    return options.look or DEFAULT_LOOK


def settings_of(options: EngineOptions) -> Settings:
    """The settings of the options. Raises GroundglassError."""
    from ..settings import DEFAULT_LENS, Settings

    focus, zone_focus = options.focus, options.zone_focus
    if zone_focus is not None and (focus is not None or options.f_number is not None):
        raise LookError("--zone-focus sets the aperture and the focus; leave out --f-number and --focus")
    settings = Settings(
        look=look_of(options),
        strength=options.strength,
        lens=options.lens or DEFAULT_LENS,
        f_number=options.f_number,
        focus_m=focus.focus_m(0.0) if isinstance(focus, Rack) else None if focus == AUTO else focus,
        development=options.development,
        quality="best" if options.quality is Quality.BEST else "live",
        output_space=options.output_space,
    )
    if zone_focus is None:
        return settings
    lens = zone_focus.lens(settings.lens)
    return settings.with_(lens=lens, focus_m=zone_focus.focus_m(lens))


def open_engine(
    options: EngineOptions,
    source_options: SourceOptions,
    gl: moderngl.Context | None = None,
    first_start: FirstStart | None = None,
) -> Engine:
    """The engine of the options. It draws in `gl`, or in its own context. With `first_start` it is a FirstEngine."""
    from ..engine import Engine
    from .first_engine import FirstEngine

    make = Engine if first_start is None else partial(FirstEngine, first_start)
    return make(options.device, gl=gl, **engine_arguments(options, source_options))


def engine_arguments(options: EngineOptions, source_options: SourceOptions) -> dict[str, Any]:
    """The options of `Engine` beside its device."""
    return {
        "depth_model": source_options.depth_model,
        "depth_range": source_options.depth_range if source_options.depth_model is not None else None,
        "look_route": options.look_route.value,
    }
