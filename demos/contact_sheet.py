"""One source at several apertures and in several looks, as one labelled sheet.

python demos/contact_sheet.py
python demos/contact_sheet.py photo.jpg --depth depth.png --f-numbers 0.95 2.8 8 --looks classic natural
"""

from __future__ import annotations

import argparse
import sys

import groundglass as gg
from PIL import Image, ImageDraw, ImageFont

PAPER, INK = (18, 18, 18), (205, 205, 200)


def contact_sheet(frame: gg.Frame, f_numbers: list[float], looks: list[str], focus_m: float, width: int) -> Image.Image:
    """A row for each f-number, a column for each look; each picture is `width` pixels wide."""
    margin = width // 10
    settings = gg.Settings(lens="noct-50", focus_m=focus_m, quality="best", development=gg.Development(metering="auto"))
    with gg.Engine() as engine:
        height = width * frame.upright().height // frame.upright().width
        size = margin + len(looks) * (width + 2), margin // 2 + len(f_numbers) * (height + 2)
        sheet = Image.new("RGB", size, PAPER)
        pen = ImageDraw.Draw(sheet)
        font = ImageFont.load_default(max(margin // 4, 6))
        for column, look in enumerate(looks):
            pen.text((margin + column * (width + 2), margin // 4), look, INK, font, anchor="lm")
        for row, f_number in enumerate(f_numbers):
            y = margin // 2 + row * (height + 2)
            pen.text((margin // 8, y + height // 2), f"f/{f_number:g}", INK, font, anchor="lm")
            for column, look in enumerate(looks):
                picture = Image.fromarray(engine.render(frame, settings.with_(f_number=f_number, look=look)))
                x = margin + column * (width + 2)
                sheet.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, y))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="?", default="scene:?size=1280x720")
    parser.add_argument("--depth", help="depth for a source without depth: a file, or plane:NEAR..FAR")
    parser.add_argument("--f-numbers", type=float, nargs="+", default=[0.95, 2.8, 8.0])
    parser.add_argument("--looks", nargs="+", default=["neutral", "natural", "classic"])
    parser.add_argument("--focus", type=float, default=1.2, help="metres")
    parser.add_argument("--width", type=int, default=640, help="width of each picture in pixels")
    parser.add_argument("-o", "--output", default="contact-sheet.jpg")
    wanted = parser.parse_args()
    with gg.open(wanted.source, depth=wanted.depth) as source:
        sheet = contact_sheet(next(iter(source)), wanted.f_numbers, wanted.looks, wanted.focus, wanted.width)
    sheet.save(wanted.output)
    print(f"wrote {wanted.output}")


if __name__ == "__main__":
    try:
        main()
    except gg.GroundglassError as error:
        sys.exit(str(error))
