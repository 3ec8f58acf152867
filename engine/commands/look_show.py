"""`groundglass look show`, and the page docs/looks.md: traits, passes, tone curves."""

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

NO_BREAK_SPACE = "\u00a0"  # keeps a name and its number on one line

PAGE_HEAD = """\
# Measured traits of the built-in looks

`groundglass look list --markdown > docs/looks.md` wrote this page, and a test compares it.
[looks-guide.md](looks-guide.md) explains looks and their commands. The files are in [engine/looks](../engine/looks).

![The built-in scene in all looks.](looks.jpg)

![Details of it at 100 and 400 %.](looks-detail.jpg)

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
    """Print the purpose, passes, traits and tone curve of a look. With `png` draw the tone curve and the colours."""
    from ..formats.picture_write import save
    from ..look.look import load_look
    from ..look.plot import curve_text, draw_plot
    from ..look.traits import measure

    if png is not None:
        check_picture(png)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a name may contain characters that the terminal cannot show
    look = load_look(name)
    print(f"{look.name}: {look.intent}\n" if look.intent else f"{look.name}\n")
    print("\n".join(_passes(look)))
    print("\n" + "\n".join(_trait_lines(measure(look))))
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
    """Lines for each pass, with the parameters that differ from their defaults."""
    indent = 4 + max(len(settings.name) for settings in look.passes)
    width = min(max(shutil.get_terminal_size().columns, 60), 120)
    lines = []
    for settings in look.passes:
        text = (
            f"  {settings.name}".ljust(indent)
            + ("" if settings.enabled else f"off{NO_BREAK_SPACE} ")
            + _changed(settings)
        )
        wrapped = textwrap.wrap(text, width, subsequent_indent=indent * " ", break_on_hyphens=False)
        lines += [line.replace(NO_BREAK_SPACE, " ") for line in wrapped]
    return lines


def _changed(settings: PassSettings) -> str:
    from ..gl.passes import load_pass

    defaults = {parameter.name: parameter.default for parameter in load_pass(settings.name).parameters}
    changed = {name: value for name, value in settings.values.items() if value != defaults[name]}
    return ", ".join(f"{name}{NO_BREAK_SPACE}{_value_text(value)}" for name, value in changed.items())


def _value_text(value: object) -> str:
    """A number to four digits; equal numbers of a tuple once; "a table" for a LUT."""
    match value:
        case tuple():
            return _value_text(value[0]) if len(set(value)) == 1 else "/".join(map(_value_text, value))
        case bool() | str() | int():
            return str(value)
        case float():
            return f"{value:.4g}"
    return "a table"


def _trait_lines(traits: Traits) -> list[str]:
    saturations = [f"{name} {hue.saturation:.2f}{_shift_in_brackets(hue)}" for name, hue in traits.hues.items()]
    return [
        f"  mid contrast    {traits.contrast:.2f} (neutral: 1); 18 % grey is at L* {traits.grey:.0f}",
        f"  black to white  {traits.black:.1f} to {traits.white:.1f} of 255; headroom {traits.headroom_ev:.1f} stops",
        f"  tint of greys   shadows {_tint(traits.shadow_tint)}, highlights {_tint(traits.highlight_tint)} (a*, b*)",
        f"  skin            saturation {traits.skin.saturation:.2f}, hue shift {_shift(traits.skin)} degrees",
        f"  saturation      {', '.join(saturations[:4])}",
        f"  (hue shift)     {', '.join(saturations[4:])}",
    ]


def _shift_in_brackets(hue: HueTrait) -> str:
    return "" if math.isnan(hue.turn) or abs(hue.turn) < 1 else f" ({hue.turn:+.0f})"


def _shift(hue: HueTrait) -> str:
    return "-" if math.isnan(hue.turn) else _signed(hue.turn)


def _tint(tint: tuple[float, float]) -> str:
    return ", ".join(map(_signed, tint))


def _signed(number: float) -> str:
    """The number to one decimal; "0" for numbers that round to zero."""
    return f"{number:+.1f}" if abs(number) >= 0.05 else "0"


def markdown() -> str:
    """The page docs/looks.md: measured traits of the built-in looks."""
    from ..look.look import list_looks, load_look
    from ..look.traits import measure

    looks = [load_look(name) for name in list_looks()]
    measured = [measure(look) for look in looks]
    intents = [[f"`{look.name}`", look.intent, ", ".join(settings.name for settings in look.passes)] for look in looks]
    tones, colours = [], []
    for look, traits in zip(looks, measured, strict=True):
        ends = f"{traits.black:.1f}", f"{traits.white:.0f}", f"{traits.headroom_ev:.1f}"
        tints = _tint(traits.shadow_tint), _tint(traits.highlight_tint)
        tones.append([f"`{look.name}`", f"{traits.contrast:.2f}", f"{traits.grey:.0f}", *ends, *tints])
        if traits.saturation >= 0.005:
            by_hue = [f"{hue.saturation:.2f}{_shift_in_brackets(hue)}" for hue in traits.hues.values()]
            skin = f"{traits.skin.saturation:.2f}, {_shift(traits.skin)}"
            colours.append([f"`{look.name}`", f"{traits.saturation:.2f}", *by_hue, skin])
    heads = (
        ["look", "purpose", "passes"],
        ["look", "mid contrast", "L* of grey", "black", "white", "headroom", "shadow tint", "highlight tint"],
        ["look", "saturation", *measured[0].hues, "skin"],
    )
    tables = [_table(head, rows) for head, rows in zip(heads, (intents, tones, colours), strict=True)]
    return "\n".join([PAGE_HEAD, tables[0], "## Tones\n", tables[1], "## Colours\n", tables[2]]).rstrip() + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
