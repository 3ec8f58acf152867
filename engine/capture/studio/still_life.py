"""The objects in the studio: position, size and material of each."""

from __future__ import annotations

import math

import numpy as np

from ...camera import REC709_TO_REC2020
from .backdrop import Backdrop
from .canvas import PIVOT_M, TAN_WIDTH, Canvas, Painter, Plane, Planes, Sprite, Stem, View
from .charts import between, paint_colour_chart, paint_resolution_card
from .shapes import Material, Pattern, glass_ball, mirrored, smoothstep, soft_noise, sphere, turned

TWIG_SAMPLES = 6  # lines of a row: leaves are nearly horizontal

Box = tuple[float, float, float, float]  # left, bottom, right, top in metres, heights from the floor

COLOUR_CHART_M, COLOUR_CHART_BOX = 1.5, (-0.455, 0.090, -0.255, 0.385)
CARD_M, CARD_BOX = 2.0, (0.305, 0.085, 0.665, 0.385)
VASE_X, VASE_RADIUS_M = 0.066, 0.071
RING_M, SPECK_M = 0.003, 0.0016  # size of a throwing ring and of an iron speck in the glaze
VASE = (
    (0.0, 0.034), (0.006, 0.036), (0.030, 0.050), (0.070, 0.068), (0.105, 0.071), (0.140, 0.059),
    (0.165, 0.037), (0.182, 0.0255), (0.198, 0.024), (0.210, 0.029), (0.214, 0.031),
)  # fmt: skip
COLUMN = (
    (0.0, 0.185), (0.03, 0.185), (0.045, 0.16), (0.06, 0.150), (0.15, 0.148), (0.25, 0.147), (0.35, 0.148),
    (0.43, 0.150), (0.445, 0.16), (0.46, 0.185), (0.49, 0.185),
)  # fmt: skip


def dye(colour: str) -> tuple[float, float, float]:
    """Linear Rec.2020 reflectance of an sRGB colour written as six hexadecimal digits."""
    encoded = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    red, green, blue = REC709_TO_REC2020 @ linear
    return float(red), float(green), float(blue)


def sprites(view: View, backdrop: Backdrop) -> list[Sprite]:
    """All rigid objects, reflections first. They are drawn from far to near, at equal distance in list order."""
    column = turned(-0.12, COLUMN, 4.2, Material(dye("8f887b"), pattern=_plaster))
    glaze = Material(dye("a9ab98"), sheen=0.03, gloss=0.50, pattern=_stoneware(PIVOT_M / view.focal_px))
    vase = turned(VASE_X, VASE, PIVOT_M, glaze)
    return [
        Sprite(7.0, (-2.80, 0.0, -1.72, 2.4), _drape),
        Sprite(5.5, (0.78, 0.0, 1.52, 1.35), _linen_screen),
        Sprite(4.2, (-0.32, -0.25, 0.08, 0.0), mirrored(column, 0.16, 0.25)),
        Sprite(4.2, (-0.32, -0.02, 0.08, 0.51), column),
        *_ball(-0.12, 4.19, 0.105, Material(dye("8c4630"), sheen=0.03, pattern=_clay), floor_m=0.49),
        *_ball(-0.275, 3.0, 0.150, Material(dye("1d4f5c"), gloss=0.55)),
        Sprite(CARD_M, CARD_BOX, _resolution_card),
        Sprite(COLOUR_CHART_M, COLOUR_CHART_BOX, _colour_chart),
        *_ball(0.168, 1.33, 0.030, Material(dye("a8321f"), sheen=0.05, gloss=0.4)),
        Sprite(PIVOT_M, (VASE_X - 0.08, -0.15, VASE_X + 0.08, 0.0), mirrored(vase, 0.20, 0.13)),
        Sprite(PIVOT_M, (-0.14, 0.16, 0.27, 0.36), _twigs(view)),
        Sprite(PIVOT_M, (VASE_X - 0.08, -0.01, VASE_X + 0.08, 0.22), vase),
        *_ball(-0.048, 1.05, 0.055, Material(dye("c8957a"), sheen=0.05, wrap=0.30, warmth=0.30, pattern=_skin)),
        Sprite(0.95, (-0.245, -0.005, -0.135, 0.105), glass_ball(-0.190, 0.050, 0.95, backdrop.behind)),
        *_ball(0.158, 0.85, 0.050, Material(dye("6a3c24"), sheen=0.07, pattern=_leather)),
    ]


def _ball(x_m: float, distance_m: float, radius_m: float, material: Material, floor_m: float = 0.0) -> list[Sprite]:
    """A ball that rests at the height `floor_m`, with its reflection if this is the floor."""
    left, right, middle = x_m - radius_m, x_m + radius_m, floor_m + radius_m
    paint = sphere(x_m, middle, radius_m, distance_m, material)
    ball = Sprite(distance_m, (left, floor_m, right, middle + radius_m), paint)
    if floor_m > 0:
        return [ball]
    return [Sprite(distance_m, (left, -2 * radius_m, right, 0.0), mirrored(paint, 0.20, 1.6 * radius_m)), ball]


def _skin(u: Plane, v: Plane) -> Plane:
    return 1 + 0.025 * soft_noise(u * 38, v * 38, 31) + 0.03 * soft_noise(u * 5, v * 5, 32)


def _clay(u: Plane, v: Plane) -> Plane:
    return 1 + 0.07 * soft_noise(u * 9, v * 22, 33) + 0.06 * soft_noise(u * 50, v * 50, 34)


def _plaster(u: Plane, v: Plane) -> Plane:
    return 1 + 0.05 * soft_noise(u * 3, v * 12, 35) + 0.05 * soft_noise(u * 16, v * 60, 36)


def _leather(u: Plane, v: Plane) -> Plane:
    """Pebbled grain: bright cells between dark creases, and one stitched seam."""
    grain = np.minimum(np.abs(soft_noise(u * 30, v * 30, 37)), np.abs(soft_noise(u * 34 + 7, v * 34, 38)))
    crease = smoothstep(0.0, 0.16, grain)
    seam = np.abs(u - 0.28 - 0.16 * v * v)
    stitch = smoothstep(0.012, 0.022, np.abs(seam - 0.045)) + (np.sin(v * 55) < 0.1)
    return (0.62 + 0.42 * crease) * (0.35 + 0.65 * smoothstep(0.0, 0.02, seam)) + 0.9 * (1 - np.minimum(stitch, 1))


def _stoneware(pixel_m: float) -> Pattern:
    """Glaze over throwing rings and iron specks. The foot is bare clay. Detail finer than a pixel fades out."""
    fine, coarse = (min(max(size_m / pixel_m - 1, 0.0), 1.0) for size_m in (RING_M, SPECK_M))

    def pattern(u: Plane, v: Plane) -> Plane:
        rings = 1 + 0.035 * fine * soft_noise(v * 0 + 0.5, v / RING_M, 39) + 0.05 * soft_noise(u * 2, v * 45, 40)
        specks = smoothstep(0.52, 0.92, soft_noise(u * (VASE_RADIUS_M / SPECK_M), v / SPECK_M, 41))
        glazed = smoothstep(0.018, 0.022, v + 0.002 * soft_noise(u * 4, v * 0, 42))
        return rings * (1 - 0.6 * coarse * specks * glazed) * (0.42 + 0.58 * glazed)

    return pattern


def _panel(box: Box, distance_m: float, rgb: Planes, x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
    """A flat panel: `rgb` within `box`, with antialiased edges."""
    cover = between(x, box[0], box[2], pixel) * between(y, box[1], box[3], pixel)
    return rgb, cover, np.broadcast_to(np.float32(distance_m), cover.shape)


def _colour_chart(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
    left, bottom, right, top = COLOUR_CHART_BOX
    width, height = right - left, top - bottom
    rgb = paint_colour_chart((x - left) / width, (y - bottom) / height, pixel / width, pixel / height)
    return _panel(COLOUR_CHART_BOX, COLOUR_CHART_M, rgb, x, y, pixel)


def _resolution_card(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
    left, bottom, right, top = CARD_BOX
    width = right - left
    rgb = paint_resolution_card((x - left) / width, (y - bottom) / width, pixel / width, (top - bottom) / width)
    return _panel(CARD_BOX, CARD_M, rgb * np.float32(0.92), x, y, pixel)


def _linen_screen(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
    """A stretched cloth in a thin frame, lit from the left."""
    box = (0.80, 0.03, 1.50, 1.30)
    weave = 1 + 0.10 * soft_noise(x * 160, y * 14, 51) + 0.10 * soft_noise(x * 12, y * 170, 52)
    weave += 0.10 * soft_noise(x * 2.2, y * 1.7, 53)
    inner = between(x, box[0] + 0.025, box[2] - 0.025, pixel) * between(y, box[1] + 0.025, box[3] - 0.025, pixel)
    light = 0.40 * np.exp(-(((x - 0.75) / 0.75) ** 2) - ((y - 0.55) / 0.75) ** 2) + 0.07
    cloth, wood = np.array(dye("a89a83"), np.float32), np.array(dye("4a3526"), np.float32)
    mixed = inner * weave * cloth[:, None, None] + (1 - inner) * wood[:, None, None]
    return _panel(box, 5.5, (mixed * light).astype(np.float32), x, y, pixel)


def _drape(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
    """Heavy pleated cloth, wider towards the floor."""
    bend = x * (1 + 0.03 * (1.2 - y)) + 0.012 * soft_noise(x * 3, y * 1.4, 54)
    fold = np.sin(bend * 47) + 0.45 * np.sin(bend * 101 + 1.3)
    light = (0.42 + 0.30 * fold) * (0.05 + 0.22 * np.exp(-(((y - 0.5) / 0.8) ** 2)))
    light = np.maximum(light, 0.015) * (1 + 0.08 * soft_noise(x * 90, y * 60, 55))
    rgb = np.array(dye("5d6a50"), np.float32)[:, None, None] * light
    return _panel((-2.80, 0.0, -1.76, 2.4), 7.0, rgb.astype(np.float32), x, y, pixel)


def _twigs(view: View) -> Painter:
    """Olive twigs in the vase: painted as stems and leaves, then used as one sprite."""
    stems = _olive()

    def paint(x: Plane, y: Plane, pixel: float) -> tuple[Planes, Plane, Plane]:
        top = round(view.row(float(y[0, 0]), PIVOT_M) - 0.5)
        left = round(view.column(float(x[0, 0]), PIVOT_M) - 0.5)
        canvas = Canvas.empty(y.shape[0], x.shape[1])
        for stem in stems:
            stem.draw(canvas, view, 0.0, origin=(top, left), samples=TWIG_SAMPLES, is_diffused=False)
        rgb = canvas.rgb / np.maximum(canvas.cover, 1e-6)
        return rgb, canvas.cover, np.broadcast_to(np.float32(PIVOT_M), canvas.cover.shape)

    return paint


def _olive() -> list[Stem]:
    rng = np.random.default_rng(5)
    bark, leaf, pale = dye("5b4a38"), dye("5f6b47"), dye("98a184")
    stems = []
    mouth = (VASE_X, 0.195)
    for dx, dy, bow in (
        (-0.15, 0.085, 0.012),
        (-0.075, 0.135, 0.016),
        (0.0, 0.150, -0.006),
        (0.060, 0.125, -0.012),
        (0.095, 0.075, -0.01),
    ):
        root = (mouth[0] + dx * 0.08, mouth[1])
        tip = (mouth[0] + dx, mouth[1] + dy)
        stems.append(Stem(PIVOT_M, root, tip, (0.0026, 0.0020, 0.0012, 0.0005), bark, bow))
        for t in np.linspace(0.28, 0.97, 8):
            at = (root[0] + (tip[0] - root[0]) * t + bow * 4 * t * (1 - t), root[1] + (tip[1] - root[1]) * t)
            for side in (-1, 1):
                angle = np.arctan2(dx, dy) * 0.8 + side * rng.uniform(0.55, 0.95)
                angle = float(np.clip(angle, -1.15, 1.15))
                length = rng.uniform(0.024, 0.036) * (1.15 - 0.5 * t)
                end = (at[0] + float(np.sin(angle)) * length, at[1] + float(np.cos(angle)) * length)
                wide = rng.uniform(0.0050, 0.0075)
                widths = tuple(wide * w for w in (0.12, 0.62, 0.95, 1.0, 0.82, 0.45, 0.05))
                colour = pale if rng.random() < 0.35 else leaf
                stems.append(Stem(PIVOT_M, at, end, widths, colour, float(rng.normal(0, 0.0015))))
    return stems


def foreground(view: View) -> list[Stem]:
    """Poles and easel of the charts, and grasses and strands at 0.5-0.7 m at the left and right edges."""
    metal, wood = dye("2b2b2c"), dye("5a4230")
    stems = [
        Stem(COLOUR_CHART_M + 0.005, (-0.355, 0.0), (-0.355, 0.1), (0.010, 0.010), metal),
        Stem(CARD_M + 0.01, (0.375, 0.0), (0.43, 0.41), (0.014, 0.012), wood),
        Stem(CARD_M + 0.01, (0.595, 0.0), (0.54, 0.41), (0.014, 0.012), wood),
    ]
    rng = np.random.default_rng(17)
    straw, green, dark = dye("b39a68"), dye("6d7446"), dye("4c5436")
    cut = (TAN_WIDTH - view.width / view.focal_px) / 2  # the edges of a narrow picture are closer to the axis

    def at(x: float, z: float) -> float:
        """Position at `z` metres of a stem that a 16:9 picture shows `x` metres from the axis at 0.55 m."""
        return x / 0.55 * z - math.copysign(cut * z, x)

    for x in (0.206, 0.190, 0.216, -0.200, -0.213):
        z = rng.uniform(0.5, 0.6) if x != 0.190 else 0.5
        lean = math.copysign(rng.uniform(-0.02, 0.02), x)
        wide = rng.uniform(0.0030, 0.0048)
        tip = (at(x, z) + lean, rng.uniform(0.14, 0.22))
        colour = green if rng.random() < 0.6 else dark
        stems.append(
            Stem(z, (at(x, z), -0.02), tip, (wide, wide, wide * 0.8, wide * 0.45, 0), colour, -lean * 0.4, 0.004)
        )
    for x in (*rng.uniform(0.180, 0.212, 7), *rng.uniform(-0.210, -0.186, 5)):
        z, lean = rng.uniform(0.52, 0.70), rng.uniform(-0.03, 0.025)
        widths = (0.0008,) * 9 + (0.0016, 0.0030, 0.0036, 0.0034, 0.0028, 0.0019, 0.0006)
        tip = (at(x, z) + lean, rng.uniform(0.17, 0.27))
        stems.append(Stem(z, (at(x, z), -0.02), tip, widths, straw, rng.normal(0, 0.006), 0.006))
    for x in (*rng.uniform(0.12, 0.215, 12), *rng.uniform(-0.205, -0.192, 10)):
        z, thin = rng.uniform(0.5, 0.7), rng.uniform(0.00006, 0.00022)
        tip = (at(x, z) + rng.normal(0, 0.02 if x > 0 else 0.006), rng.uniform(0.12, 0.26))
        stems.append(Stem(z, (at(x, z), -0.02), tip, (thin, thin, thin * 0.6), straw, rng.normal(0, 0.006), 0.004))
    return stems
