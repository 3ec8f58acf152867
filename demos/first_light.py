"""The picture of the README: the built-in scene with the vase in focus, and three variants of the same frame.

python demos/first_light.py -o docs/first-light.jpg
"""

from __future__ import annotations

import argparse

import groundglass as gg
from PIL import Image

PAPER = (18, 18, 18)
# Focus in metres, f-number and look of the small pictures: the glass ball, everything, the resolution card.
INSETS = ((0.9, 0.95, "classic"), (1.2, 16.0, "natural"), (2.0, 0.95, "natural"))


def first_light(width: int) -> Image.Image:
    """The sheet, `width` pixels wide: a 16:9 picture over a row of three."""
    height = width * 9 // 16
    gap = max(width // 320, 1)
    inset_width = (width - 2 * gap) // 3
    inset_height = inset_width * 9 // 16
    sheet = Image.new("RGB", (width, height + gap + inset_height), PAPER)
    settings = gg.Settings(
        lens="noct-50",
        focus_m=1.2,
        look="classic",
        development=gg.Development(metering="auto"),
        quality="best",
    )
    with gg.open(f"scene:?size={width}x{height}") as source, gg.Engine() as engine:
        frame = next(iter(source))
        sheet.paste(Image.fromarray(engine.render(frame, settings)), (0, 0))
        for column, (focus_m, f_number, look) in enumerate(INSETS):
            small = settings.with_(focus_m=focus_m, f_number=f_number, look=look)
            inset = Image.fromarray(engine.render(frame, small))
            inset = inset.resize((inset_width, inset_height), Image.Resampling.LANCZOS)
            sheet.paste(inset, (column * (inset_width + gap), height + gap))
    return sheet


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("-o", "--output", default="first-light.jpg")
    wanted = parser.parse_args()
    first_light(wanted.width).save(wanted.output, quality=88, optimize=True)
    print(f"wrote {wanted.output}")
