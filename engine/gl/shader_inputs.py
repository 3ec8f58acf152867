"""Built-in inputs of a pass beside its pixel: images, and the names of ShaderToy for all of them.

`seconds`, `frame_index`, `frame_px` and `pointer` are uniforms of `common.glsl`. `texture(image0, uv)` to `image3` read
images that a look names: `[pass.NAME] image0 = "noise.png"`. They repeat, with linear interpolation, and (0, 0) is the
top left corner. A pass may use the names of ShaderToy instead (iTime, iFrame, iResolution, iMouse, iChannel0 to 3), or
have its function `mainImage`: there (0, 0) is the bottom left corner, and colours are sRGB.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .program import Source, source_of
from .table import Number, Table

IMAGES = ("image0", "image1", "image2", "image3")
NO_POINTER = (0.0, 0.0, -1.0, -1.0)  # the uniform `pointer` before the pointer moves
# The uniform `pointer`, in fractions of the picture from its top left corner, in ShaderToy's pixels.
_MOUSE = (
    "vec4(vec2(pointer.x, 1.0 - pointer.y) * frame_px, "
    "pointer.z < 0.0 ? vec2(-1.0) : vec2(pointer.z, 1.0 - pointer.w) * frame_px)"
)
_SHADERTOY = {
    "iTime": "seconds",
    "iGlobalTime": "seconds",
    "iFrame": "frame_index",
    "iResolution": "vec3(frame_px, 1.0)",
    "iMouse": _MOUSE,
    "iTimeDelta": "(1.0 / 60.0)",
    "iFrameRate": "60.0",
}
_MAIN_IMAGE = re.compile(r"^\s*void\s+mainImage\s*\(", re.MULTILINE)
_HEAD = "#pragma pass place display"
_CALL = """
vec3 {name}(vec3 rgb, PixelContext place) {{
    vec4 colour = vec4(srgb_encode(rec709_from_rec2020(rgb)), 1.0);
    {name}_image(colour, vec2(place.middle_px.x, frame_px.y - place.middle_px.y));
    vec3 s = clamp(colour.rgb, 0.0, 1.0);
    return REC2020_FROM_REC709 * mix(s * (1.0 / 12.92), pow((s + 0.055) * (1.0 / 1.055), vec3(2.4)),
                                     greaterThan(s, vec3(0.04045)));
}}"""


class Moment(TypedDict):
    """The numbers of a frame that passes may use: the uniforms of these names."""

    frame_index: int
    seconds: float
    pointer: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class ShaderImage(Table):
    """An image that a pass reads: `pixels` (H, W, 4) float32, row 0 on top. `file` is where it was read."""

    name: str
    pixels: NDArray[np.float32]
    file: Path | None = None
    is_filtered = True

    def __str__(self) -> str:
        return self.name

    @property
    def textures(self) -> Mapping[str, NDArray[np.float32]]:
        return {"down": self.pixels, "up": self.pixels[::-1]}

    @property
    def numbers(self) -> Mapping[str, Number]:
        return {}


NO_IMAGE = ShaderImage("", np.zeros((1, 1, 4), np.float32))


def with_main_image(name: str, source: Source) -> Source:
    """A pass of ShaderToy's form, with the declarations of a pass around its `mainImage`; others as they are."""
    if not _MAIN_IMAGE.search(source.text):
        return source
    lines = tuple(re.sub(r"\bmainImage\b", f"{name}_image", line) for line in source.lines)
    source = Source(lines, source.origins, source.again)
    if not re.search(r"^\s*#pragma\s+pass\b", source.text, re.MULTILINE):
        source = source_of(f"{name}'s head", _HEAD) + source
    return source + source_of(f"{name}'s mainImage", _CALL.format(name=name))


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)


def image_names(text: str) -> tuple[str, ...]:
    """The images that a pass reads, by the names of IMAGES."""
    text = without_comments(text)
    return tuple(image for image in IMAGES if re.search(rf"\b(tex\w+\s*\(\s*{image}|iChannel{image[-1]})\b", text))


def inputs_head(name: str, text: str) -> Source:
    """The declarations of the inputs that the text of a pass uses: macros, and the samplers of its images."""
    text = without_comments(text)
    lines = [f"#define {alias} {meaning}" for alias, meaning in _SHADERTOY.items() if re.search(rf"\b{alias}\b", text)]
    for image in image_names(text):
        for alias, way in ((image, "down"), (f"iChannel{image[-1]}", "up")):
            if re.search(rf"\b{alias}\b", text):
                lines += [f"uniform sampler2D {name}_{image}_{way};", f"#undef {alias}"]
                lines += [f"#define {alias} {name}_{image}_{way}"]
    return source_of(f"{name}'s inputs", "\n".join(lines))
