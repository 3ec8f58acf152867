"""Arguments of another kind: each public name answers with one line that names it, never with an error of Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from groundglass.checks import check_names, shown
from groundglass.errors import ArgumentError, DeviceError, GroundglassError
from groundglass.viewfinder.session import LiveOptions

SCENE = np.random.default_rng(2).random((16, 24, 3), dtype=np.float32)
MOSAIC = np.arange(16 * 24, dtype=np.uint16).reshape(16, 24)
FRAME = gg.Frame(MOSAIC)
VALUES: list[Any] = [
    *(5, -1, 1.5, float("nan"), float("inf"), 10**40, 1j, True, None, "", "x", b"x", "\0", Path("nowhere")),
    *((0, 0), [1, 2, 3], [], {"a": 1}, object(), print, np.zeros(0), np.zeros((4, 4))),
]
# What is called, and the arguments that it needs.
CALLS: dict[Callable[..., Any], dict[str, Any]] = {
    gg.Settings: {},
    gg.Settings().with_: {"look": "classic"},
    gg.Development: {},
    gg.Lens: {},
    gg.Lens().at: {"f_number": 2.0},
    gg.Cfa: {},
    gg.CameraProfile: {},
    gg.NoiseProfile: {"shot": 0.1, "read": 0.1},
    gg.Frame: {"pixels": MOSAIC},
    gg.Lease: {"give_back": print},
    gg.StereoRig: {"focal_px": 100.0, "baseline_m": 0.1},
    gg.RelativeRig: {"near_m": 1.0, "far_m": 2.0},
    gg.YuvFormat: {"layout": gg.YuvLayout.NV12, "width": 24, "height": 16},
    gg.Rack: {"from_m": 1.0, "to_m": 2.0, "seconds": 1.0},
    gg.ZoneFocus: {},
    gg.hyperfocal_m: {"lens": gg.Lens()},
    gg.depth_of_field_m: {"lens": gg.Lens(), "focus_m": 2.0},
    gg.load_look: {"name_or_path": "classic"},
    gg.load_look("natural").with_value: {"pass_name": "tone_curve", "parameter": "toe", "value": 0.7},
    gg.lut_look: {"lut": "nowhere.cube"},
    gg.measure_look: {"look": gg.load_look("neutral")},
    gg.from_dlpack: {"array": MOSAIC},
    gg.open: {"source": "scene:?size=96x64"},
    gg.defocus: {"rgb": SCENE, "depth_m": SCENE[..., 0] + 1},
    gg.demosaic: {"mosaic": MOSAIC},
    gg.match_stereo: {"left": SCENE, "right": SCENE},
    gg.grade: {"rgb": SCENE},
}
SOURCE_OPTIONS = {"fps": None, "raw_size": None, "raw_black": None, "profile": None, "depth": None, "depth_range": None}


def message_of(called: Callable[..., Any], arguments: dict[str, Any]) -> str | None:
    """The message of the error of a call, None without one. Other errors than those for users pass."""
    try:
        result = called(**arguments)
    except (GroundglassError, ValueError) as error:
        return str(error)
    if called is gg.open:
        result.close()
    return None


@pytest.mark.usefixtures("quick_api")
@pytest.mark.parametrize("called", CALLS, ids=lambda called: called.__qualname__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_value_of_another_kind_is_one_line(called: Callable[..., Any]) -> None:
    names = [*inspect.signature(called).parameters, *(SOURCE_OPTIONS if called is gg.open else ())]
    for name in names:
        for value in VALUES:
            message = message_of(called, {**CALLS[called], name: value})
            assert message is None or (len(message) > 15 and "ambiguous" not in message)


@pytest.fixture(scope="module")
def engine() -> Iterator[gg.Engine]:
    with gg.Engine() as opened:
        yield opened


@pytest.mark.parametrize("method", ["draw", "render", "scene", "scene_on_device", "meter"])
def test_a_method_of_the_engine_names_what_it_takes(engine: gg.Engine, method: str) -> None:
    for value in VALUES:
        with pytest.raises(GroundglassError):
            getattr(engine, method)(value, gg.Settings())
        with pytest.raises(ArgumentError, match=rf"Engine\.{method}: settings is .*; give a Settings"):
            getattr(engine, method)(FRAME, value)


class Owned:
    timing, frames, size, interrupt = gg.Timing.STILL, 1, (24, 16), print

    def __iter__(self) -> Iterator[gg.Frame]:
        return iter([FRAME])


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (FRAME, {"cfa": "RGGB"}, "cfa describes the mosaic of an array, not of a Frame"),
        (Owned(), {"cfa": "RGGB"}, "cfa describes the mosaic of an array, not of a Owned"),
        (FRAME, {"depth_range": "1..2"}, "depth_range applies to files"),
        (Owned(), {"depth_range": "1..2"}, "depth_range applies to files"),
        (SCENE, {"depth_range": "1..2"}, "depth_range applies to files"),
        ("scene:?size=96x64", {"depth": "plane:1..2", "depth_m": SCENE[..., 0] + 1}, "depth_m and depth are both"),
    ],
)
def test_an_argument_that_a_source_would_ignore_is_refused(
    source: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(GroundglassError, match=message):
        gg.render(source, **arguments)


@pytest.mark.parametrize("arguments", [{"size": (96, 64)}, {"fullscreen": True}, {"frames": 2}, {"seconds": 1.0}])
def test_a_notebook_has_no_window(arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("groundglass.viewfinder.script.is_notebook", lambda: True)
    with pytest.raises(ArgumentError, match="need a window; leave them out in a notebook"):
        gg.view("scene:?size=96x64", **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gl": 5}, "Engine: gl is 5; give a Context, or None"),
        ({"device": 5}, "Engine: device is 5; give a text"),
        ({"size": (0, 0)}, r"size is \(0, 0\); give \(width, height\) of 1 pixels or more"),
        ({"size": 5}, r"size is 5; give \(width, height\)"),
        ({"settings": "classic"}, "settings is 'classic'; give a Settings, or None"),
        ({"look_route": 5}, "look_route is 5; give a text"),
        ({"depth_model": 5}, "depth_model is 5; give a name or a path, or None"),
    ],
)
def test_an_engine_names_what_it_takes(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        gg.Engine(**arguments)


def test_a_closed_engine_is_named() -> None:
    engine = gg.Engine()
    engine.close()
    engine.close()
    for work in (engine.draw, engine.render, engine.scene, engine.scene_on_device, engine.meter):
        with pytest.raises(DeviceError, match="the engine is closed; make another one"):
            work(FRAME, gg.Settings())
    with pytest.raises(DeviceError, match="the engine is closed"):
        engine.compile_for((24, 16), gg.Settings())
    with pytest.raises(DeviceError, match="the engine is closed"):
        engine.reset()


def test_a_misspelt_keyword_names_the_function_and_the_nearest_name() -> None:
    with pytest.raises(ArgumentError, match=r"gg\.render: no argument 'loook'; did you mean 'look'\?"):
        gg.render(SCENE, loook="classic")
    with pytest.raises(ArgumentError, match=r"gg\.view: no argument 'dept'; did you mean 'depth'\?"):
        gg.view(SCENE, dept="none")
    with pytest.raises(ArgumentError, match=r"gg\.open: no argument 'raw_fromat'; did you mean 'raw_format'\?"):
        gg.open("scene:", raw_fromat="rggb12")
    with pytest.raises(ArgumentError, match=r"Settings\.with_: no argument 'fnumber'; did you mean 'f_number'\?"):
        gg.Settings().with_(fnumber=2.0)
    with pytest.raises(ArgumentError, match=r"Viewfinder: no argument 'lok'; did you mean 'look'\?"):
        LiveOptions.of("Viewfinder", lok="classic")
    with pytest.raises(ArgumentError, match="it: no argument 'xyz'; the names are a, b"):
        check_names("it", ["xyz"], ["b", "a"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"frames": 0}, r"gg\.view: frames=0, seconds=None show no picture"),
        ({"seconds": -1.0}, r"frames=None, seconds=-1\.0 show no picture"),
        ({"frames": "3"}, "frames is '3'; give a whole number, or None"),
        ({"size": (0, 0)}, r"gg\.view: size is \(0, 0\)"),
        ({"development": 0}, "development is 0; give a Development, or None"),
    ],
)
def test_a_view_that_shows_nothing_is_an_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        gg.view(SCENE, **arguments)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ((path for path in ("a.dng", "b.dng")), "source is a generator; give one name of a source"),
        (["a.dng", "b.dng"], "source is a list; give one name of a source"),
        ([[1, 2], [3]], "source is a list, not an array .*; give equal rows"),
        (None, "source is None; give"),
    ],
)
def test_what_is_not_a_picture_is_named(source: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        gg.render(source)


def test_an_infinite_focus_is_the_horizon() -> None:
    depth_m = np.linspace(1.0, 900.0, 16 * 24, dtype=np.float32).reshape(16, 24)
    assert gg.Settings(focus_m=float("inf")).focus_m == 1e6
    far, infinite = (gg.defocus(SCENE, depth_m, focus_m=focus_m) for focus_m in (1e6, float("inf")))
    np.testing.assert_array_equal(far, infinite)


def test_long_and_special_values_are_shown_short() -> None:
    assert shown(np.zeros((2, 3), np.uint8)) == "an array (2, 3) uint8"
    assert shown({"a": 1}) == "a dict"
    assert shown((1, 2.5)) == "(1, 2.5)"
    assert len(shown("x" * 500)) <= 60
