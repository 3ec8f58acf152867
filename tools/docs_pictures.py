#!/usr/bin/env python3
"""Renders every picture of the README and of docs/ again: make pictures, or tools/docs_pictures.py looks lenses"""

from __future__ import annotations

import argparse
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import groundglass as gg
import numpy as np
from docs_figures import FIGURES
from docs_gallery import GALLERY_NAMES, gallery_picture
from groundglass.lens import list_lenses, load_lens
from groundglass.look.look import list_looks, load_look
from groundglass.look.sheet import GAP_PX, Labelled, label_height_px, sheet_of
from PIL import Image

REPOSITORY = Path(__file__).resolve().parent.parent
QUALITY = 88
SETTINGS = gg.Settings(
    lens="noct-50", focus_m=1.2, quality="best", development=gg.Development(demosaic="best", metering="auto")
)
LENS_LOOK = "natural"
# Left, top, width and height of a detail in a frame of 1920 x 1080 pixels, and its enlargement.
FRAME_SIZE = (1920, 1080)
DETAILS = (((760, 60, 400, 225), 1), ((1060, 120, 100, 56), 4))


@dataclass(frozen=True)
class Sheet:
    """A labelled sheet: `cells` renders the pictures with these names, `width` x `height` pixels."""

    columns: int
    width: int
    height: int
    names: Callable[[], Sequence[str]]
    cells: Callable[[Sequence[str], int], Iterable[Labelled]]

    def picture(self) -> Image.Image:
        cells = list(self.cells(self.names(), self.width))
        rows = [cells[first : first + self.columns] for first in range(0, len(cells), self.columns)]
        return Image.fromarray(sheet_of(rows))

    def box(self, index: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of a cell in the sheet."""
        row, column = divmod(index, self.columns)
        label = label_height_px(self.width)
        left, top = column * (self.width + GAP_PX), row * (label + self.height + GAP_PX) + label
        return left, top, left + self.width, top + self.height


def looks(names: Sequence[str], width: int) -> Iterable[Labelled]:
    """The default picture in each look."""
    for name, picture in rendered(
        names, [SETTINGS.with_(look=name) for name in names], (4 * width, 4 * width * 9 // 16)
    ):
        yield Labelled(reduced(picture, width), name, load_look(name).intent)


def lenses(names: Sequence[str], width: int) -> Iterable[Labelled]:
    """The default picture through each lens, wide open."""
    settings = [through(name) for name in names]
    for name, picture in rendered(names, settings, (3 * width, 3 * width * 9 // 16)):
        lens = load_lens(name)
        yield Labelled(reduced(picture, width), name, f"f/{lens.f_number:g}")


def look_details(names: Sequence[str], width: int) -> Iterable[Labelled]:
    for name, picture in rendered(names, [SETTINGS.with_(look=name) for name in names], FRAME_SIZE):
        yield Labelled(detail(picture, width), name, "100 and 400 %")


def lens_details(names: Sequence[str], width: int) -> Iterable[Labelled]:
    for name, picture in rendered(names, [through(name) for name in names], FRAME_SIZE):
        yield Labelled(detail(picture, width), name, "100 and 400 %")


def through(name: str) -> gg.Settings:
    lens = load_lens(name)
    return SETTINGS.with_(lens=lens, focus_m=lens.clamp_focus_m(SETTINGS.focus_m), look=LENS_LOOK)


def rendered(
    names: Sequence[str], settings: list[gg.Settings], size: tuple[int, int]
) -> Iterable[tuple[str, np.ndarray]]:
    """The first frame of the scene with each of the settings."""
    with gg.open(f"scene:?size={size[0]}x{size[1]}&fps=30") as source, gg.Engine() as engine:
        frame = next(iter(source))
        for name, wanted in zip(names, settings, strict=True):
            yield name, engine.render(frame, wanted)


def reduced(picture: np.ndarray, width: int) -> np.ndarray:
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def detail(picture: np.ndarray, width: int) -> np.ndarray:
    """The details of DETAILS side by side, cut to `width`."""
    parts = []
    for (left, top, columns, rows), enlargement in DETAILS:
        part = picture[top : top + rows, left : left + columns]
        parts.append(part.repeat(enlargement, axis=0).repeat(enlargement, axis=1))
    height = min(len(part) for part in parts)
    return np.concatenate([part[:height] for part in parts], axis=1)[:, :width]


def exposures(names: Sequence[str], width: int) -> Iterable[Labelled]:
    """The default picture in a look at an exposure in stops: the highlights roll off."""
    settings = []
    for look, stops in (name.split() for name in names):
        development = replace(SETTINGS.development, exposure_ev=float(stops))
        settings.append(SETTINGS.with_(look=look, development=development))
    for name, picture in rendered(names, settings, (2 * width, 2 * width * 9 // 16)):
        yield Labelled(reduced(picture, width), f"{name} EV")


def passes_of_a_look(names: Sequence[str], width: int) -> Iterable[Labelled]:
    """The default picture after each pass of the look `classic`, from scene light on."""
    look = load_look("classic")
    applied = [replace(look, passes=look.passes[: STAGES.index(name)]) for name in names]
    settings = [SETTINGS.with_(look=part) for part in applied]
    for name, picture in rendered(names, settings, (2 * width, 2 * width * 9 // 16)):
        yield Labelled(reduced(picture, width), name)


def apertures(names: Sequence[str], width: int) -> Iterable[Labelled]:
    """The default picture at several apertures."""
    settings = [SETTINGS.with_(look=LENS_LOOK, f_number=float(name)) for name in names]
    for name, picture in rendered(names, settings, (2 * width, 2 * width * 9 // 16)):
        near_m, far_m = gg.depth_of_field_m(load_lens("noct-50").at(float(name)), SETTINGS.focus_m)
        yield Labelled(reduced(picture, width), f"f/{name}", f"sharp from {near_m:.2f} to {far_m:.2f} m")


def first_light() -> Image.Image:
    return runpy.run_path(str(REPOSITORY / "demos" / "first_light.py"))["first_light"](1920)


EXPOSURES = tuple(f"{look} {stops}" for look in ("neutral", "natural") for stops in ("-2", "0", "+2"))
# What the passes of `classic` have made of the light, from the neutral rendering on.
STAGES = ("neutral", *(settings.name for settings in load_look("classic").passes))

SHEETS = {
    "looks": Sheet(4, 320, 180, list_looks, looks),
    "lenses": Sheet(3, 480, 270, list_lenses, lenses),
    "looks-detail": Sheet(2, 800, 224, list_looks, look_details),
    "lenses-detail": Sheet(2, 800, 224, list_lenses, lens_details),
    "concepts/exposure": Sheet(3, 400, 225, lambda: EXPOSURES, exposures),
    "concepts/passes": Sheet(4, 320, 180, lambda: STAGES, passes_of_a_look),
    "concepts/apertures": Sheet(3, 400, 225, lambda: ("0.95", "2.8", "8"), apertures),
}


def screenshots(folder: Path) -> None:
    """Takes the pictures of docs/viewfinder.md in a real window; without a display in one off screen."""
    command = [sys.executable, str(REPOSITORY / "tools" / "screenshots.py"), "-o", str(folder)]
    if not os.environ.get("DISPLAY"):
        command = ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", *command]
    subprocess.run(command, check=True)


def picture_of(name: str) -> Image.Image:
    if name in GALLERY_NAMES:
        return gallery_picture(GALLERY_NAMES[name])
    return first_light() if name == "first-light" else SHEETS[name].picture()


def main() -> None:
    names = ("first-light", *SHEETS, *(f"concepts/{name}" for name in FIGURES), *GALLERY_NAMES, "viewfinder")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: {' '.join(names)}")
    parser.add_argument("-o", "--output", type=Path, default=REPOSITORY / "docs", help="folder (%(default)s)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(names):
        parser.error(f"no picture {', '.join(sorted(unknown))}; the names are {', '.join(names)}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or names:
        began_s = time.monotonic()
        path = arguments.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "viewfinder":
            screenshots(path)
        elif path.name in FIGURES:
            path.with_suffix(".svg").write_text(FIGURES[path.name](), encoding="utf-8")
        else:
            picture_of(name).save(path.with_suffix(".jpg"), quality=QUALITY, optimize=True)
        print(f"{name}: {time.monotonic() - began_s:.0f} s")


if __name__ == "__main__":
    main()
