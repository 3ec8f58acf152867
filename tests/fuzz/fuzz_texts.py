"""Parsers of text: looks and other tables, shaders, kernels, remote lines, and the names of sources."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from groundglass.bench.schema import KINDS, load_result, schema_text
from groundglass.capture.base import BaseSource
from groundglass.capture.depth_source import Crop
from groundglass.capture.kinds import Request, find_kind
from groundglass.capture.live.network.address import parse_address, shown_address
from groundglass.capture.live.picamera import PicameraOptions
from groundglass.capture.live.v4l2.name import parse_name
from groundglass.capture.live.vision.options import VisionOptions
from groundglass.capture.live.vision.pfnc import parse_format
from groundglass.capture.live.webcam import Settings as WebcamSettings
from groundglass.capture.metadata import read_metadata
from groundglass.capture.open import open_source
from groundglass.capture.rgbd import find_rgbd
from groundglass.capture.stereo import parse_pair
from groundglass.capture.studio.source import SceneOptions
from groundglass.colour.output_space import open_output_space
from groundglass.compute.program import assemble
from groundglass.controls import Action, Choice, Controls, Number, Switch, Text
from groundglass.depth.onnx_model import open_model
from groundglass.depth.plane import parse_plane
from groundglass.depth.relative import DepthRange
from groundglass.display.input import InputQueue
from groundglass.formats.camera_profile import load_profile
from groundglass.formats.depth_files import Scaling, read_map
from groundglass.formats.headerless import Layout, parse_size
from groundglass.gl.passes import load_pass
from groundglass.gl.program import SHADERS, read_shader
from groundglass.lens import load_lens
from groundglass.live_edit.editing import Editing
from groundglass.look.exchange.xmp import DevelopSettings, xmp_text
from groundglass.look.hsl_mixer import BANDS
from groundglass.look.kernel_route.errors import UntranslatableError
from groundglass.look.kernel_route.translation import parse_look
from groundglass.look.look import load_look
from groundglass.look.lut_read import read_lut
from groundglass.program_text.library import readable
from groundglass.remote.protocol import Protocol, read_request
from groundglass.settings import Settings, SettingsHistory
from groundglass.tools.recent_sources import RecentSources

Read = Callable[[bytes], object]
Reader = Callable[[Path], Iterator[Read]]


def _built_in(package: str, *names: str) -> tuple[str, ...]:
    return tuple(resources.files(f"groundglass.{package}").joinpath(name).read_text(encoding="utf-8") for name in names)


LOOKS = _built_in("looks", "classic.toml", "vibrant.toml", "sepia.toml")
LENSES = _built_in("lenses", "noct-50.toml", "phone-1inch.toml")
PROFILES = (
    'name = "a"\nblack = 64\nwhite_balance = [2.0, 1.0, 1.5]\ndelta_e = 1.2\ndefects = [[3, 4], [5, 6]]\n'
    "camera_to_scene = [\n    [0.8, 0.1, 0.1],\n    [0.1, 0.8, 0.1],\n    [0.1, 0.1, 0.8],\n]\n",
)
SETTINGS = ('focus = 1.5\nzebra = true\nmetering = "spot"\nlook = "classic"\nexposure = -0.5\n',)
TOML_WORDS = (
    "[pass.lut]",
    'file = "/dev/zero"',
    "[[pass]]",
    "[pass.grain]",
    "name.a = 1",
    "1979-05-27T07:32:00",
    '"""',
)
NAME_WORDS = (
    "?",
    "&",
    "=",
    "size=",
    "fps=",
    "x",
    "..",
    ",",
    ":",
    "//",
    "[",
    "]",
    "@",
    "%00",
    "format=",
    "1e400",
    "inf",
)

SHADER = """#pragma pass pixel scene display
#pragma display_where mode second
#pragma parameter amount "Amount" 0.5 0 1 0.01 group=tone
#pragma parameter mode "Mode" 0 0 1 1 type=enum(first,second)
uniform float fuzzed_amount;
uniform int fuzzed_mode;
#define TWICE 2.0
vec3 fuzzed(vec3 rgb, PixelContext place) {
    float share = clamp(fuzzed_amount * TWICE, 0.0, 1.0);
    for (int step = 0; step < 3; step++) {
        rgb = fuzzed_mode == 1 ? mix(rgb, vec3(dot(rgb, vec3(0.3, 0.6, 0.1))), share) : rgb.bgr * mat3(1.0);
    }
    return rgb;
}
"""
SHADER_WORDS = (
    "#pragma parameter ",
    "#pragma table lut",
    "#pragma pass ",
    "#pragma neighbourhood halo amount",
    "type=",
)
SHADER_WORDS += (
    '#include "../a"',
    "for (;;) {",
    "#define A A",
    "step < 1000000000;",
    "((((",
    "mat3(",
    "vec4",
    "\\\n",
    "/*",
)
KERNEL = '#include "b.h"\nKERNEL void a(GLOBAL float *RESTRICT out, int pitch, float gain)\n{\n    out[0] = gain;\n}\n'
REMOTE = (
    *(
        '{"list": true}',
        '{"get": "zebra"}',
        '{"set": "focus", "to": 1.5, "id": 7}',
        '{"do": "still"}',
        '{"press": "C"}',
    ),
    *('{"set": "look.tone_curve.toe", "to": [0.7, 0.7, 0.7]}', '{"set": "metering", "to": "spot"}', '{"watch": true}'),
    *('{"set": "look.grain.amount", "to": 0.1}', '{"press": "C"}', '{"set": "name", "to": "a"}', '{"state": true}'),
)


def _smallest(schema: dict[str, Any], whole: dict[str, Any]) -> Any:
    """The smallest document of a schema, for the keywords that the published one uses."""
    if "$ref" in schema:
        return _smallest(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    kind = schema.get("type", "object")
    match kind if isinstance(kind, str) else kind[0]:
        case _ if "const" in schema or "enum" in schema:
            return schema.get("const", *schema.get("enum", [None])[:1])
        case "object":
            required = schema.get("required", [])
            return {key: _smallest(schema.get("properties", {}).get(key, {}), whole) for key in required}
        case "array":
            return [_smallest(schema.get("items", {}), whole)] * max(schema.get("minItems", 1), 1)
        case "string":
            return "a"
        case "boolean":
            return True
    return schema.get("minimum", 1)


def _results() -> tuple[str, ...]:
    schema = json.loads(schema_text())
    return tuple(json.dumps(_smallest(schema["$defs"][kind], schema)) for kind in KINDS)


_CURVE = ((0.0, 4.0), (128.0, 140.0), (255.0, 250.0))
DEVELOP_SETTINGS = (
    xmp_text(DevelopSettings("a", {"Exposure2012": 0.5, "GrainAmount": 20.0}, {"red_turn": 10.0}, {"": _CURVE})),
    xmp_text(DevelopSettings("b", grey_mixer=dict.fromkeys(BANDS, 10.0))),
)
XMP_WORDS = ("<!DOCTYPE a>", "&b;", "nan", "1e400", "<rdf:li>", "crs:", '"', ",", "True")


def in_memory() -> Iterator[tuple[str, tuple[str, ...], Reader, tuple[str, ...]]]:
    """Name, inputs, reader and words of each parser."""
    yield "shader", (SHADER,), _shader, SHADER_WORDS
    yield "kernel", (KERNEL,), _kernel, ('#include "a.cl"', "double x", "KERNEL void b()", "GLOBAL", "*", ",")
    yield "remote-line", REMOTE, _remote, ('"set"', '"to"', '"id"', "[", "{", "NaN", "Infinity", "look.", "1e400")
    yield "rgbd-list", ("1.0 a.png\n2.0 b.png\n# end\n3.5 a.png\n",), _rgbd, ("nan", "../", "/etc/passwd")
    yield "bench-result", _results(), _json_file(lambda path: load_result(path)), ("null", "NaN")
    yield "recent-sources", ('["/tmp", "a"]',), _json_file(lambda path: RecentSources(path).existing()), ("null",)


def names() -> Iterator[tuple[str, tuple[str, ...], Callable[[str], object]]]:
    """Name, inputs and function of each parser of a name or an option."""
    request = Request()
    yield "name-scene", ("scene:?size=1920x1080&fps=60&noise=1&seed=7&wait=1",), SceneOptions.parse
    yield "name-v4l2", ("v4l2:0?format=SRGGB10&size=1280x720&fps=30&black=64", "/dev/video0"), parse_name
    yield "name-webcam", ("avfoundation:0?size=1280x720&fps=30", "dshow:Camera?fps=30"), WebcamSettings.parse
    yield "name-picamera", ("picamera:0?size=640x480&fps=30",), lambda name: PicameraOptions.parse(name, None)
    vision = (
        "pylon:0?format=BayerRG12&size=1024x1040&fps=60&exposure=10ms&gain=6",
        "genicam:a.cti?camera=1&exposure=1/60",
    )
    yield "name-vision", vision, lambda name: VisionOptions.parse(name, request)
    yield "pixel-format", ("BayerRG12", "BayerGB10p", "Mono12Packed", "YCbCr422_8"), parse_format
    addresses = ("rtsp://me:secret@cam:554/live?transport=udp", "http://[::1]:8080/video.mjpg?token=a", "udp://@:5000")
    yield "address", addresses, lambda name: (parse_address(name), shown_address(name))
    yield "kind", ("rtsp://a", "v4l2:0", "other:1", "a.sdp", "scene:"), find_kind
    pair = ("stereo:b.png?focal_px=1000&baseline_m=0.1&max_disparity=96",)
    yield "depth-stereo", pair, lambda name: parse_pair(name, Scaling())
    yield "depth-plane", ("plane:0.8..6@30", "plane:1..1"), parse_plane
    yield "depth-range", ("0.8..6", "6..0.8,linear", "inf..1"), DepthRange.parse
    yield "depth-crop", ("0.1,0.2,0.8,0.6",), Crop.parse
    yield "raw-format", ("rggb12", "quad-bggr10p", "mono8", "SRGGB10_CSI2P"), lambda text: Layout.parse(text, (64, 48))
    yield "raw-size", ("1920x1080",), parse_size
    yield "path-of-look", ("look.toml", "classic", "a/b.toml"), lambda name: load_look(name)
    yield "path-of-lens", ("lens.toml", "noct-50"), load_lens
    yield "path-of-lut", ("a.cube", "a.clf", "a/b.png"), read_lut
    yield "path-of-space", ("srgb", "display-p3", "a.icc"), open_output_space
    yield "path-of-profile", ("camera.toml",), lambda name: load_profile(Path(name))
    yield "path-of-depth", ("a.npy", "b/c.png"), lambda name: read_map(Path(name), Scaling())
    yield "path-of-model", ("model.onnx", "a/model.onnx"), lambda name: open_model(name, (1.0, 2.0))
    yield "path-of-source", ("photo.dng", "a/b", "clip.mp4"), lambda name: _without_scheme(name, open_source)
    yield "path-of-info", ("photo.dng", "clip.mp4"), lambda name: _without_scheme(name, read_metadata)
    yield "path-of-result", ("a.json",), lambda name: load_result(Path(name))


def _without_scheme(name: str, read: Callable[[str], object]) -> object:
    """Opens no camera, no network stream and no standard input."""
    opened = read(f"a{name}".replace(":", ""))
    if isinstance(opened, BaseSource):
        opened.close()
    return opened


def _shader(folder: Path) -> Iterator[Read]:
    """A user's pass: its pragmas, and its translation into a kernel."""

    def run(content: bytes) -> object:
        path = folder / "fuzzed.glsl"
        path.write_bytes(content)
        SHADERS.set_search_path(folder)
        try:
            loaded = load_pass("fuzzed", read_shader)
            return parse_look((loaded,), blend=True)
        except UntranslatableError:
            return None  # GL draws the look
        finally:
            SHADERS.set_search_path()

    yield run


def _kernel(folder: Path) -> Iterator[Read]:
    def run(content: bytes) -> object:
        texts = {"a.cl": content.decode("utf-8", "replace"), "b.h": "#define A 1\n"}
        return assemble("a.cl?B=1", lambda name: readable(texts.get(name))).entry_points()

    yield run


def _remote(folder: Path) -> Iterator[Read]:
    values: dict[str, object] = {"zebra": False, "focus": 1.0, "metering": "spot", "name": ""}

    def get(name: str) -> Callable[[], object]:
        return lambda: values[name]

    def put(name: str) -> Callable[[object], None]:
        return lambda value: values.update({name: value})

    controls = Controls()
    controls.add(
        [
            Switch("zebra", "Zebra", "aids", "C", get=get("zebra"), set=put("zebra")),
            Number("focus", "Focus", "focus", minimum=0.1, maximum=100.0, step=0.1, get=get("focus"), set=put("focus")),
            Choice("metering", "Metering", "a", choices=("spot", "average"), get=get("metering"), set=put("metering")),
            Text("name", "Name", "a", get=get("name"), set=put("name")),
            Action("still", "Still", "keep", "S", do=lambda: None),
        ]
    )
    surface = SimpleNamespace(size=(96, 64), input=InputQueue((96, 64)))
    protocol = Protocol(controls, Editing(SettingsHistory(Settings())), surface, lambda: {"fps": 60.0})

    def run(content: bytes) -> object:
        answers = [protocol.answer(read_request(line)) for line in content.split(b"\n")[:8]]
        return [json.dumps(answer, allow_nan=False) for answer in answers]

    yield run


def _rgbd(folder: Path) -> Iterator[Read]:
    from PIL import Image

    for name in ("a.png", "b.png"):
        Image.new("L", (4, 3), 9).save(folder / name)

    def run(content: bytes) -> object:
        (folder / "rgb.txt").write_bytes(content)
        (folder / "depth.txt").write_bytes(content)
        return find_rgbd(folder)

    yield run


def _json_file(read: Callable[[Path], object]) -> Reader:
    def reader(folder: Path) -> Iterator[Read]:
        path = folder / "input.json"

        def run(content: bytes) -> object:
            path.write_bytes(content)
            return read(path)

        yield run

    return reader
