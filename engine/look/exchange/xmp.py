"""Settings of Lightroom and Camera Raw in XMP: the fields that a look uses, as a text and back.

The fields are those of the namespace camera-raw-settings (Adobe, "XMP specification part 2", 2014, and the files of
Lightroom since process version 2012). A file is read as data only: a document type or an entity is refused.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from ...documents import DocumentError, read_text
from ...errors import LookError, check_name, check_regular_file
from ..hsl_mixer import BANDS

CRS = "http://ns.adobe.com/camera-raw-settings/1.0/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_X = "adobe:ns:meta/"
MAX_POINTS = 256
MAX_ELEMENTS = 20_000
Points = tuple[tuple[float, float], ...]
IDENTITY: Points = ((0.0, 0.0), (255.0, 255.0))
CHANNELS = ("", "Red", "Green", "Blue")
ADJUSTMENTS = {"turn": "HueAdjustment", "saturation": "SaturationAdjustment", "lightness": "LuminanceAdjustment"}
# Numbers beside the bands: their fields and ranges.
RANGES: Mapping[str, tuple[float, float]] = {
    **{"Exposure2012": (-5, 5), "Contrast2012": (-100, 100), "Saturation": (-100, 100), "GrainAmount": (0, 100)},
    **{"PostCropVignetteAmount": (-100, 100), "SplitToningShadowHue": (0, 360), "SplitToningHighlightHue": (0, 360)},
    **{"SplitToningShadowSaturation": (0, 100), "SplitToningHighlightSaturation": (0, 100)},
    "SplitToningBalance": (-100, 100),
}
# Fields that change a picture and have no counterpart; 0 is their neutral value.
_UNUSED = (
    *("Highlights2012", "Shadows2012", "Whites2012", "Blacks2012", "Texture", "Clarity2012", "Dehaze", "Vibrance"),
    *("ParametricShadows", "ParametricDarks", "ParametricLights", "ParametricHighlights", "ColorGradeMidtoneSat"),
    *("ColorGradeGlobalSat", "RedHue", "RedSaturation", "GreenHue", "GreenSaturation", "BlueHue", "BlueSaturation"),
    *("ShadowTint", "IncrementalTemperature", "IncrementalTint"),
)


@dataclass(frozen=True, slots=True)
class DevelopSettings:
    """`numbers` has the fields of RANGES; `bands` the adjustments, -100 to 100, by name as in the pass `hsl_mixer`,
    `red_turn`. `curves` has the tone curve by channel, "" for all: points 0..255. `grey_mixer` has a number for each
    band if the picture is black and white. `left_out` are fields of the file that are not used.
    """

    name: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    bands: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Points] = field(default_factory=dict)
    grey_mixer: Mapping[str, float] | None = None
    left_out: tuple[str, ...] = ()


def xmp_text(settings: DevelopSettings, notes: Sequence[str] = ()) -> str:
    """A preset of Lightroom and Camera Raw, process version 5."""
    attributes = {
        **{
            "PresetType": "Normal",
            "Cluster": "",
            "UUID": hashlib.sha256(settings.name.encode()).hexdigest()[:32].upper(),
        },
        **{"SupportsAmount": "True", "SupportsColor": "True", "SupportsMonochrome": "True", "Copyright": ""},
        **{"Version": "15.4", "ProcessVersion": "11.0", "HasSettings": "True", "ToneCurveName2012": "Custom"},
        "ConvertToGrayscale": str(settings.grey_mixer is not None),
    }
    attributes |= {name: _signed(name, number) for name, number in settings.numbers.items()}
    for kind, adjustment in ADJUSTMENTS.items():
        numbers = {band: settings.bands.get(f"{band}_{kind}", 0.0) for band in BANDS}
        attributes |= {f"{adjustment}{band.title()}": f"{number:+.0f}" for band, number in numbers.items()}
    attributes |= {f"GrayMixer{band.title()}": f"{n:+.0f}" for band, n in (settings.grey_mixer or {}).items()}
    lines = [f"   crs:{name}={quoteattr(text)}" for name, text in attributes.items()]
    body = [*_alternative("Name", settings.name), *_alternative("Description", "; ".join(notes))]
    for channel, points in settings.curves.items():
        listed = [f"      <rdf:li>{x:.0f}, {y:.0f}</rdf:li>" for x, y in points]
        name = f"crs:ToneCurvePV2012{channel}"
        body += [f"   <{name}>", "    <rdf:Seq>", *listed, "    </rdf:Seq>", f"   </{name}>"]
    head = [f'<x:xmpmeta xmlns:x="{_X}">', f' <rdf:RDF xmlns:rdf="{_RDF}">']
    head += [f'  <rdf:Description rdf:about="" xmlns:crs="{CRS}"', *lines]
    return "\n".join([*head, "  >", *body, "  </rdf:Description>", " </rdf:RDF>", "</x:xmpmeta>", ""])


def _signed(name: str, number: float) -> str:
    if name == "Exposure2012":
        return f"{number:+.2f}"
    return f"{number:.0f}" if RANGES[name][0] == 0 else f"{number:+.0f}"


def _alternative(name: str, text: str) -> list[str]:
    entry = f'<rdf:li xml:lang="x-default">{_escaped(text)}</rdf:li>'
    return [f"   <crs:{name}><rdf:Alt>{entry}</rdf:Alt></crs:{name}>"]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def read_xmp(path: Path) -> DevelopSettings:
    """The settings of an .xmp file, a preset or the file beside a raw file. Raises LookError."""
    check_name(path, LookError)
    if path.is_dir():
        raise LookError(f"{path}: is a folder; name an .xmp file in it")
    check_regular_file(path, LookError)
    try:
        text = read_text(path, is_xml=True)
    except (OSError, DocumentError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise LookError(f"{path}: cannot be read as XMP ({reason}); export the preset again") from None
    return parse_xmp(text, str(path), path.stem)


def parse_xmp(text: str, file: str, name: str) -> DevelopSettings:
    """The settings in a text; `file` appears in messages, `name` is used if the text has none. Raises LookError."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise LookError(f"{file}: declares a document type, which XMP does not have; export the preset again")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, RecursionError) as error:
        raise LookError(f"{file}: is not XML ({str(error)[:100]}); export the preset again") from None
    fields = _fields(root, file)
    if not fields:
        raise LookError(f"{file}: has no settings of Lightroom or Camera Raw; export a preset with settings")
    numbers = {key: _number(fields, key, *limits, file) for key, limits in RANGES.items() if key in fields}
    bands = {
        f"{band}_{kind}": _number(fields, f"{adjustment}{band.title()}", -100, 100, file)
        for kind, adjustment in ADJUSTMENTS.items()
        for band in BANDS
        if f"{adjustment}{band.title()}" in fields
    }
    is_grey = str(fields.get("ConvertToGrayscale", "")).lower() == "true" or fields.get("Treatment") == "Black & White"
    mixer = {band: _number(fields, f"GrayMixer{band.title()}", -100, 100, file) for band in BANDS} if is_grey else None
    curves = {
        channel: _points(fields[f"ToneCurvePV2012{channel}"], f"{file}: crs:ToneCurvePV2012{channel}")
        for channel in CHANNELS
        if f"ToneCurvePV2012{channel}" in fields
    }
    own = fields.get("Name")
    named = own[0] if isinstance(own, list) and own and own[0].isprintable() and own[0] else name
    return DevelopSettings(named[:100], numbers, bands, curves, mixer, tuple(_left_out(fields)))


def _fields(root: ElementTree.Element, file: str) -> dict[str, str | list[str]]:
    """The fields of crs: attributes, texts, and lists of rdf:Seq or rdf:Alt; the first of a name counts.

    Those of a profile within the settings are not theirs.
    """
    found: dict[str, str | list[str]] = {}
    count = 0
    for description in (each for rdf in root.iter(f"{{{_RDF}}}RDF") for each in rdf):
        for key, text in description.attrib.items():
            if key.startswith(f"{{{CRS}}}"):
                found.setdefault(key.removeprefix(f"{{{CRS}}}"), text.strip())
        for child in description:
            if child.tag.startswith(f"{{{CRS}}}"):
                items = [(item.text or "").strip() for item in child.iter(f"{{{_RDF}}}li")]
                count += len(items)
                if count > MAX_ELEMENTS:
                    raise LookError(f"{file}: has more than {MAX_ELEMENTS} entries; export the preset again")
                content = items if len(child) else (child.text or "").strip()
                found.setdefault(child.tag.removeprefix(f"{{{CRS}}}"), content)
    return found


def _number(fields: Mapping[str, str | list[str]], key: str, low: float, high: float, file: str) -> float:
    text = fields.get(key, "0")
    try:
        number = float(text) if isinstance(text, str) and "_" not in text else math.nan
    except ValueError:
        number = math.nan
    if not low <= number <= high:  # also not for NaN
        raise LookError(f"{file}: crs:{key} = '{str(text)[:30]}' is not a number from {low:g} to {high:g}; correct it")
    return number


def _points(entries: str | list[str], where: str) -> Points:
    points: list[tuple[float, float]] = []
    for entry in entries[: MAX_POINTS + 1] if isinstance(entries, list) else [entries]:
        try:
            x, y = (float(part) for part in entry.split(","))
        except ValueError:
            x = y = math.nan
        if not (0 <= x <= 255 and 0 <= y <= 255 and (not points or x > points[-1][0])):
            raise LookError(f"{where}: '{entry[:30]}' is not a point 'x, y' from 0 to 255 with rising x; correct it")
        points.append((x, y))
    if not 2 <= len(points) <= MAX_POINTS:
        raise LookError(f"{where}: has {len(points)} points, not 2 to {MAX_POINTS}; correct it")
    return tuple(points)


def _left_out(fields: Mapping[str, str | list[str]]) -> Iterator[str]:
    for key in _UNUSED:
        text = fields.get(key)
        if isinstance(text, str) and text not in ("", "0", "+0", "0.00", "+0.00"):
            yield key
    if "ToneCurve" in fields and "ToneCurvePV2012" not in fields:
        yield "the tone curve of a process version before 2012"
    if fields.get("MaskGroupBasedCorrections") or fields.get("PaintBasedCorrections"):
        yield "masks"
    if "Look" in fields:
        yield "the profile"
