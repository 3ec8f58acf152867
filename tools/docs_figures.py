"""The drawings of docs/concepts: as SVG, from the same code as the pictures where a number is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

import groundglass as gg
import numpy as np
from groundglass.bench.chart import Chart, Series, to_svg
from groundglass.lens import load_lens

PAPER, INK, FAINT, BLUE, ORANGE, GREEN = "#ffffff", "#202020", "#606060", "#1f5fa8", "#c8501e", "#2e8b57"
FOCUS_M = 1.2
WIDTH_PX = 1920
STOPS = 6


@dataclass
class Drawing:
    """An SVG of `width` x `height` units; y points down."""

    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def line(
        self, points: Iterable[tuple[float, float]], colour: str = INK, width: float = 1.5, dash: str = ""
    ) -> None:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>')

    def arrow(self, x: float, y: float, to_x: float, colour: str = INK) -> None:
        """A horizontal arrow."""
        head = -7 if to_x > x else 7
        self.line([(x, y), (to_x, y)], colour)
        self.line([(to_x + head, y - 4), (to_x, y), (to_x + head, y + 4)], colour)

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{colour}" fill-opacity="0.12" '
            f'stroke="{colour}" stroke-width="1.5"/>'
        )

    def text(self, x: float, y: float, text: str, *, size: int = 14, colour: str = INK, anchor: str = "middle") -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )

    def svg(self) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'font-family="sans-serif"><rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
        )
        return "\n".join([head, *self.parts, "</svg>"]) + "\n"


def life_of_a_frame() -> str:
    """The rooms in order, what passes from one to the next, and where each works."""
    drawing = Drawing(960, 230)
    rooms = (
        ("capture", "a frame arrives", BLUE),
        ("develop", "mosaic to light", GREEN),
        ("optics", "depth to defocus", GREEN),
        ("look", "light to picture", ORANGE),
        ("display", "picture to surface", ORANGE),
    )
    between = ("mosaic, depth", "scene light", "light behind", "display values")
    details = ("uint16, metres", "linear Rec.2020", "the lens", "sRGB, 8 or 10 bits")
    for number, (room, does, colour) in enumerate(rooms):
        x = 20 + 190 * number
        drawing.box(x, 62, 130, 62, colour)
        drawing.text(x + 65, 89, room, size=17)
        drawing.text(x + 65, 110, does, size=12, colour=FAINT)
    for number, (data, detail) in enumerate(zip(between, details, strict=True)):
        x = 150 + 190 * number
        drawing.arrow(x + 4, 93, x + 56)
        drawing.text(x + 30, 146, data, size=12)
        drawing.text(x + 30, 162, detail, size=12, colour=FAINT)
    places = (("a thread of the host", 20, 150, BLUE), ("the compute device: OpenCL or CUDA", 210, 530, GREEN))
    for place, left, right, colour in (*places, ("OpenGL", 590, 910, ORANGE)):
        drawing.line([(left, 194), (right, 194)], colour, 4)
        drawing.text((left + right) / 2, 215, place, size=13, colour=colour)
    drawing.text(
        20, 36, "Each stage takes arguments and returns a value. No stage depends on a later one.", anchor="start"
    )
    return drawing.svg()


def thin_lens() -> str:
    """Two points, one in focus and one behind it, and their pictures on the sensor."""
    drawing = Drawing(960, 330)
    axis_y, lens_x, pupil, focal = 165.0, 560.0, 70.0, 110.0
    focus_x, behind_x = 240.0, 60.0
    sensor_x = lens_x + _image(lens_x - focus_x, focal)
    behind_image_x = lens_x + _image(lens_x - behind_x, focal)
    drawing.line([(20, axis_y), (940, axis_y)], FAINT, 1, "6 4")
    drawing.line([(lens_x, axis_y - pupil), (lens_x, axis_y + pupil)], INK, 4)
    drawing.line([(sensor_x, 60), (sensor_x, 270)], INK, 3)
    for point_x, image_x, colour in ((focus_x, sensor_x, GREEN), (behind_x, behind_image_x, ORANGE)):
        for side in (-1, 1):
            slope = -side * pupil / (image_x - lens_x)
            edge = (sensor_x, axis_y + side * pupil + slope * (sensor_x - lens_x))
            drawing.line([(point_x, axis_y), (lens_x, axis_y + side * pupil), edge], colour)
        drawing.parts.append(f'<circle cx="{point_x}" cy="{axis_y}" r="5" fill="{colour}"/>')
    radius = pupil * (sensor_x - behind_image_x) / (behind_image_x - lens_x)
    drawing.line([(sensor_x, axis_y - radius), (sensor_x, axis_y + radius)], ORANGE, 6)
    drawing.text(sensor_x + 12, axis_y - radius - 8, "circle of", colour=ORANGE, anchor="start")
    drawing.text(sensor_x + 12, axis_y - radius + 9, "confusion c", colour=ORANGE, anchor="start")
    drawing.text(lens_x, axis_y - pupil - 28, "pupil f / N")
    drawing.text(lens_x, axis_y - pupil - 11, "of the lens", colour=FAINT, size=12)
    drawing.text(sensor_x, 50, "sensor")
    for x, y, name in ((focus_x, 275, "focus distance S"), (behind_x, 307, "distance D")):
        drawing.line([(x, axis_y + 10), (x, y + 8)], FAINT, 1, "3 3")
        drawing.arrow(lens_x - 4, y, x + 2, FAINT)
        drawing.text((lens_x + x) / 2, y - 6, name)
    return drawing.svg()


def _image(distance: float, focal: float) -> float:
    """The distance of the image of an object, by the thin-lens equation."""
    return focal * distance / (distance - focal)


def circles() -> str:
    """The diameter of the circle of confusion over distance, by the lens of the blur."""
    distances_m = FOCUS_M * np.geomspace(0.25, 80, 161)
    noct, phone = load_lens("noct-50"), load_lens("phone-1inch")
    series = []
    for lens in (noct.at(0.95), noct.at(2.8), noct.at(8), phone):
        sizes_px = np.maximum(lens.coc_px(distances_m, FOCUS_M, WIDTH_PX), 1.0)
        points = tuple(zip(distances_m.tolist(), sizes_px.tolist(), strict=True))
        series.append(Series(f"{lens.name} f/{lens.f_number:g}", points))
    title = f"Circle of confusion, focused at {FOCUS_M:g} m, in a picture {WIDTH_PX} pixels wide"
    return to_svg(Chart(title, "distance in metres", "pixels", tuple(series), log=True))


def curves() -> str:
    """The display value of a grey over its light in stops, in several looks."""
    stops = np.linspace(-STOPS, STOPS, 97)
    ramp = np.repeat((0.18 * 2.0**stops)[None, :, None], 3, axis=2).astype(np.float32)
    series = []
    for name in ("neutral", "classic", "natural", "monochrome-high-contrast"):
        percent = 100 * gg.grade(ramp, name, local=False)[0].mean(axis=1)
        series.append(Series(name, tuple(zip((stops + STOPS).tolist(), percent.tolist(), strict=True))))
    ticks = tuple((float(stop + STOPS), f"{stop:+d}" if stop else "0") for stop in range(-STOPS, STOPS + 1, 2))
    title = "Grey in four looks: from scene light to the display"
    return to_svg(Chart(title, "stops from 18 % grey", "display value in percent", tuple(series), ticks=ticks))


FIGURES = {
    "life-of-a-frame": life_of_a_frame,
    "thin-lens": thin_lens,
    "circles": circles,
    "curves": curves,
}
