"""`groundglass look show`, and the list of looks as a page: traits, passes, curves."""

from __future__ import annotations

import io
import math
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from .look_sheet import check_picture

if TYPE_CHECKING:
    from ..look.look import Look, PassSettings
    from ..look.traits import HueTrait, Traits

KEPT = "\u00a0"  # a space at which no line breaks, between a name and its number

PAGE_HEAD = """\
# Measured traits of the built-in looks

`groundglass look list --markdown > docs/looks.md` wrote this page, and a test compares it.
[looks-guide.md](looks-guide.md) explains looks and their commands. The files are in [engine/looks](../engine/looks).

![The built-in scene in all looks.](looks.jpg)

The values describe only the colour of a look, without vignette, halation, bloom, micro-contrast and grain. They are
relative to the neutral rendering of the same light:

- Mid contrast: the slope of the tone curve at 18 % grey. 1.1 is 10 % steeper than neutral.
- Saturation: Lab chroma relative to neutral.
- Black and white: display values from 0 to 255, without light and for six stops above grey.
- Headroom: the number of stops above grey up to which highlights still differ.
- Tints: a* and b* of grey, three stops below 18 % and two and a half stops above it.
- In brackets, and after the comma: the hue shift in degrees of Lab. Positive is from red towards yellow.
"""


def run_show(name: str, png: Path | None) -> None:
    """Print a look: what it is for, its passes, its traits and its curve; with `png` draw the curve and colours."""
    from ..formats.picture_write import save
    from ..look.look import load_look
    from ..look.plot import curve_text, draw_plot
    from ..look.traits import measure

    if png is not None:
        check_picture(png)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may hold what the terminal cannot show
    look = load_look(name)
    print(f"{look.name}: {look.intent}\n" if look.intent else f"{look.name}\n")
    print("\n".join(_passes(look)))
    print("\n" + "\n".join(_figures(measure(look))))
    print("\n" + "\n".join(curve_text(look, plain=not _shows_braille())))
    if png is not None:
        save(png, draw_plot(look))
        print(f"\ngroundglass: wrote {png}")


def _shows_braille() -> bool:
    try:
        "⣿".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _passes(look: Look) -> list[str]:
    """Lines for each pass with the parameters that are not at their defaults."""
    indent = 4 + max(len(one.name) for one in look.passes)
    width = min(max(shutil.get_terminal_size().columns, 60), 120)
    lines = []
    for one in look.passes:
        start = f"  {one.name}".ljust(indent)
        wrapped = textwrap.wrap(start + _changed(one), width, subsequent_indent=indent * " ", break_on_hyphens=False)
        lines += [line.replace(KEPT, " ") for line in wrapped]
    return lines


def _changed(settings: PassSettings) -> str:
    from ..gl.passes import load_pass

    defaults = {one.name: one.default for one in load_pass(settings.name).parameters}
    words = [f"{name}{KEPT}{_told(value)}" for name, value in settings.values.items() if value != defaults[name]]
    return ", ".join(words)


def _told(value: object) -> str:
    """A number to four digits, three as one where they are equal; of a table only that it is one."""
    match value:
        case tuple():
            return _told(value[0]) if len(set(value)) == 1 else "/".join(map(_told, value))
        case bool() | str() | int():
            return str(value)
        case float():
            return f"{value:.4g}"
    return "a table"


def _figures(traits: Traits) -> list[str]:
    hues = [f"{name} {hue.saturation:.2f}{_turned(hue)}" for name, hue in traits.hues.items()]
    return [
        f"  mid contrast    {traits.contrast:.2f} (neutral: 1); 18 % grey lies at L* {traits.grey:.0f}",
        f"  black to white  {traits.black:.1f} to {traits.white:.1f} of 255; headroom {traits.headroom_ev:.1f} stops",
        f"  tint of greys   shadows {_tint(traits.shadow_tint)}, highlights {_tint(traits.highlight_tint)} (a*, b*)",
        f"  skin            saturation {traits.skin.saturation:.2f}, hue turned by {_turn(traits.skin)} degrees",
        f"  saturation      {', '.join(hues[:4])}",
        f"  (hue turned)    {', '.join(hues[4:])}",
    ]


def _turned(hue: HueTrait) -> str:
    return "" if math.isnan(hue.turn) or abs(hue.turn) < 1 else f" ({hue.turn:+.0f})"


def _turn(hue: HueTrait) -> str:
    return "-" if math.isnan(hue.turn) else _signed(hue.turn)


def _tint(tint: tuple[float, float]) -> str:
    return ", ".join(_signed(one) for one in tint)


def _signed(number: float) -> str:
    """To one decimal, without a zero's sign, which rounding makes."""
    return f"{number:+.1f}" if abs(number) >= 0.05 else "0"


def markdown() -> str:
    """The page docs/looks.md: every look that ships, in figures."""
    from ..look.look import list_looks, load_look
    from ..look.traits import measure

    looks = [load_look(name) for name in list_looks()]
    measured = [measure(look) for look in looks]
    intents = [[f"`{look.name}`", look.intent, ", ".join(one.name for one in look.passes)] for look in looks]
    tones, colours = [], []
    for look, one in zip(looks, measured, strict=True):
        ends = f"{one.black:.1f}", f"{one.white:.0f}", f"{one.headroom_ev:.1f}"
        tints = _tint(one.shadow_tint), _tint(one.highlight_tint)
        tones.append([f"`{look.name}`", f"{one.contrast:.2f}", f"{one.grey:.0f}", *ends, *tints])
        if one.saturation >= 0.005:
            by_hue = [f"{hue.saturation:.2f}{_turned(hue)}" for hue in one.hues.values()]
            skin = f"{one.skin.saturation:.2f}, {_turn(one.skin)}"
            colours.append([f"`{look.name}`", f"{one.saturation:.2f}", *by_hue, skin])
    heads = (
        ["look", "what it is for", "passes"],
        ["look", "mid contrast", "L* of grey", "black", "white", "headroom", "tint of shadows", "of highlights"],
        ["look", "saturation", *measured[0].hues, "skin"],
    )
    tables = [_table(head, rows) for head, rows in zip(heads, (intents, tones, colours), strict=True)]
    return "\n".join([PAGE_HEAD, tables[0], "## Tones\n", tables[1], "## Colours\n", tables[2]]).rstrip() + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
