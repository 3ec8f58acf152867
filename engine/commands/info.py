"""`groundglass info`: what a file says of itself, for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .output import json_target

ORIENTATIONS = {
    1: "as stored",
    2: "mirrored",
    3: "turned by half",
    4: "upside down, mirrored",
    5: "turned left, mirrored",
    6: "turned right by a quarter",
    7: "turned right, mirrored",
    8: "turned left by a quarter",
}


def run_info(source: str, json: str | None) -> None:
    from ..capture.metadata import read_metadata

    with json_target(json) as write_json:
        found = read_metadata(source)
        write_json(found)
        print_metadata(found)


def print_metadata(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, text in lines(found):
        table.add_row(name, escape(text))
    Console().print(table)


def lines(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, text) of each line, in the order of the walk: file, picture, levels, colour, sites."""
    sections = {
        "file": _file(found),
        "kind": ", ".join(str(found[key]) for key in ("kind", "format", "light") if key in found),
        "camera": ", ".join(found[key] for key in ("camera", "lens", "software") if key in found),
        "taken": ", ".join(_shot(found)),
        "picture": ", ".join(_geometry(found)),
        "plays": ", ".join(_plays(found)),
        "sensor": ", ".join(_sensor(found)),
        "levels": _levels(found),
        "balance": _balance(found),
        "matrices": ", ".join(found.get("matrices", ())),
        "exposure": f"{found['exposure_ev']:+.2f} stops (baseline)" if "exposure_ev" in found else "",
        "noise": _noise(found),
        "opcodes": "; ".join(_opcodes(found)),
        "shading": _shading(found),
        "defects": _defects(found),
        "previews": ", ".join(_size(size) for size in found.get("previews", ())),
        "problem": found.get("problem", ""),
    }
    return ((name, text) for name, text in sections.items() if text)


def _size(size: list[int]) -> str:
    return f"{size[0]}x{size[1]}"


def _numbers(numbers: list[float]) -> str:
    """Each that differs, once; the range of many."""
    different = sorted(set(numbers))
    return " ".join(f"{one:g}" for one in numbers) if 1 < len(different) <= 4 >= len(numbers) else _range(different)


def _range(numbers: list[float]) -> str:
    return f"{numbers[0]:g}" if len(numbers) == 1 else f"{numbers[0]:g} to {numbers[-1]:g}"


def _file(found: dict[str, Any]) -> str:
    return f"{found['file']}, {found['bytes']} bytes" if "file" in found else ""


def _shot(found: dict[str, Any]) -> Iterator[str]:
    if "taken" in found:
        yield found["taken"]
    if "exposure_s" in found:
        seconds = found["exposure_s"]
        yield f"{seconds:g} s" if seconds >= 0.3 else f"1/{1 / seconds:.0f} s"
    for key, text in (("f_number", "f/{:g}"), ("iso", "ISO {:g}"), ("focal_mm", "{:g} mm")):
        if key in found:
            yield text.format(found[key])


def _geometry(found: dict[str, Any]) -> Iterator[str]:
    stored, crop, active = (found.get(key, ()) for key in ("stored_size", "crop", "active_area"))
    if crop and crop[2:] != stored:
        yield f"{_size(crop[2:])} at {crop[0]},{crop[1]} of {_size(stored)}"
        if active[2:] != stored:
            yield f"active {_size(active[2:])} at {active[0]},{active[1]}"
    elif "size" in found:
        yield _size(found["size"])
    if "orientation" in found:
        yield ORIENTATIONS[found["orientation"]]
    if "depth_m" in found:
        near_m, far_m = found["depth_m"]
        yield f"depth {near_m:.3g} to {far_m:.3g} m"


def _plays(found: dict[str, Any]) -> Iterator[str]:
    if "frames" in found:
        yield f"{found['frames']} frames"
    if "fps" in found:
        yield f"{found['fps']:g} frames a second"


def _sensor(found: dict[str, Any]) -> Iterator[str]:
    if "cfa" in found:
        yield f"filters {found['cfa']}"
    if "bits" in found:
        yield f"{found['bits']} bits"
    if "compression" in found:
        yield f"compression {found['compression']}"


def _levels(found: dict[str, Any]) -> str:
    if "black" not in found or "white" not in found:
        return ""
    by_site = ", a black level for each site" if "black_map" in found else ""
    return f"black {_numbers(found['black'])}, white {found['white']:g}{by_site}"


def _balance(found: dict[str, Any]) -> str:
    if "white_balance" not in found:
        return ""
    balance = ", ".join(f"{one:.4g}" for one in found["white_balance"])
    if "temperature_k" not in found:
        return balance
    return f"{balance}: {found['temperature_k']:.0f} K, tint {found['tint']:+.1f}"


def _noise(found: dict[str, Any]) -> str:
    noise = found.get("noise")
    return f"variance {noise['shot']:.3g} * light + {noise['read']:.3g}" if noise else ""


def _opcodes(found: dict[str, Any]) -> Iterator[str]:
    """Those that are the same are counted."""
    counted = Counter(_opcode(opcode) for opcode in found.get("opcodes", ()))
    for text, count in counted.items():
        yield text if count == 1 else f"{count} of {text}"


def _opcode(opcode: dict[str, Any]) -> str:
    text = f"{opcode['name']} (list {opcode['list']})"
    if opcode.get("broken"):
        return f"{text}, broken"
    if "lateral_thousandths" in opcode:
        red, blue = opcode["lateral_thousandths"]
        text += f", lateral colour {red:+.2f} and {blue:+.2f} thousandths"
    if opcode["used"]:
        return text
    return f"{text}, not applied" + ("" if opcode["optional"] else " though the file asks for it")


def _shading(found: dict[str, Any]) -> str:
    shading = found.get("shading")
    return f"{_size(shading['size'])} gains, up to {shading['largest']:.2f}" if shading else ""


def _defects(found: dict[str, Any]) -> str:
    count = found.get("defects", 0)
    return f"{count} listed" if count else ""
