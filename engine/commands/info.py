"""`groundglass info`: the metadata of a file, a camera or a stream, as text and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .output import json_target

ORIENTATIONS = {
    1: "as stored",
    2: "mirrored",
    3: "rotated by 180 degrees",
    4: "upside down, mirrored",
    5: "rotated left, mirrored",
    6: "rotated right by 90 degrees",
    7: "rotated right, mirrored",
    8: "rotated left by 90 degrees",
}


def run_info(source: str, json: str | None) -> None:
    from ..capture.metadata import read_metadata

    with json_target(json) as write_json:
        metadata = read_metadata(source)
        write_json(metadata)
        print_metadata(metadata)


def print_metadata(metadata: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, text in lines(metadata):
        table.add_row(name, escape(text))
    for control in metadata.get("controls", ()):
        table.add_row(control["name"], escape(_control(control)))
    Console().print(table)


def lines(metadata: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, text) of each line, from the file to the photosites."""
    sections = {
        "file": _file(metadata),
        "kind": ", ".join(str(metadata[key]) for key in ("kind", "format", "light") if key in metadata),
        "camera": ", ".join(metadata[key] for key in ("camera", "lens", "software") if key in metadata),
        "taken": ", ".join(_capture(metadata)),
        "picture": ", ".join(_geometry(metadata)),
        "modes": "\n".join(metadata.get("modes", ())),
        "plays": ", ".join(_plays(metadata)),
        "colour": _colour(metadata),
        "sensor": ", ".join(_sensor(metadata)),
        "levels": _levels(metadata),
        "balance": _balance(metadata),
        "matrices": ", ".join(metadata.get("matrices", ())),
        "exposure": f"{metadata['exposure_ev']:+.2f} stops (baseline)" if "exposure_ev" in metadata else "",
        "noise": _noise(metadata),
        "opcodes": "; ".join(_opcodes(metadata)),
        "shading": _shading(metadata),
        "defects": _defects(metadata),
        "previews": ", ".join(_size(size) for size in metadata.get("previews", ())),
        "problem": metadata.get("problem", ""),
    }
    return ((name, text) for name, text in sections.items() if text)


def _control(control: dict[str, Any]) -> str:
    """The value of a camera's control, and what it can be set to."""
    if "minimum" in control:
        return f"{control['value']:.4g} {control['unit']}".rstrip() + (
            f", {control['minimum']:.4g} to {control['maximum']:.4g}"
        )
    names: dict[Any, str] = {True: "on", False: "off"}
    choices = ", ".join(names.get(choice, str(choice)) for choice in control.get("choices", ()))
    value = names.get(control.get("value"), str(control.get("value", "")))
    return f"{value}, of {choices}" if choices else value


def _size(size: list[int]) -> str:
    return f"{size[0]}x{size[1]}"


def _numbers(numbers: list[float]) -> str:
    """All of two to four numbers that differ; otherwise their range."""
    different = sorted(set(numbers))
    is_short = 1 < len(different) <= 4 >= len(numbers)
    return " ".join(f"{number:g}" for number in numbers) if is_short else _range(different)


def _range(numbers: list[float]) -> str:
    return f"{numbers[0]:g}" if len(numbers) == 1 else f"{numbers[0]:g} to {numbers[-1]:g}"


def _file(metadata: dict[str, Any]) -> str:
    return f"{metadata['file']}, {metadata['bytes']} bytes" if "file" in metadata else ""


def _capture(metadata: dict[str, Any]) -> Iterator[str]:
    if "taken" in metadata:
        yield metadata["taken"]
    if "exposure_s" in metadata:
        seconds = metadata["exposure_s"]
        yield f"{seconds:g} s" if seconds >= 0.3 else f"1/{1 / seconds:.0f} s"
    for key, text in (("f_number", "f/{:g}"), ("iso", "ISO {:g}"), ("focal_mm", "{:g} mm")):
        if key in metadata:
            yield text.format(metadata[key])


def _geometry(metadata: dict[str, Any]) -> Iterator[str]:
    stored, crop, active = (metadata.get(key, ()) for key in ("stored_size", "crop", "active_area"))
    if crop and crop[2:] != stored:
        yield f"{_size(crop[2:])} at {crop[0]},{crop[1]} of {_size(stored)}"
        if active[2:] != stored:
            yield f"active {_size(active[2:])} at {active[0]},{active[1]}"
    elif "size" in metadata:
        yield _size(metadata["size"])
    if "orientation" in metadata:
        yield ORIENTATIONS[metadata["orientation"]]
    if "depth_m" in metadata:
        near_m, far_m = metadata["depth_m"]
        yield f"depth {near_m:.3g} to {far_m:.3g} m"


def _plays(metadata: dict[str, Any]) -> Iterator[str]:
    if "frames" in metadata:
        yield f"{metadata['frames']} frames"
    if "fps" in metadata:
        yield f"{metadata['fps']:g} frames per second"


def _sensor(metadata: dict[str, Any]) -> Iterator[str]:
    if "cfa" in metadata:
        yield f"CFA {metadata['cfa']}"
    if "bits" in metadata:
        yield f"{metadata['bits']} bits"
    if "compression" in metadata:
        yield f"compression {metadata['compression']}"


def _colour(metadata: dict[str, Any]) -> str:
    if "colour" not in metadata:
        return ""
    primaries, transfer = metadata["colour"]
    return f"primaries {primaries}, transfer {transfer}"


def _levels(metadata: dict[str, Any]) -> str:
    if "black" not in metadata or "white" not in metadata:
        return ""
    black_map = ", a black level for each photosite" if "black_map" in metadata else ""
    return f"black {_numbers(metadata['black'])}, white {metadata['white']:g}{black_map}"


def _balance(metadata: dict[str, Any]) -> str:
    if "white_balance" not in metadata:
        return ""
    balance = ", ".join(f"{multiplier:.4g}" for multiplier in metadata["white_balance"])
    if "temperature_k" not in metadata:
        return balance
    return f"{balance}: {metadata['temperature_k']:.0f} K, tint {metadata['tint']:+.1f}"


def _noise(metadata: dict[str, Any]) -> str:
    noise = metadata.get("noise")
    return f"variance {noise['shot']:.3g} * light + {noise['read']:.3g}" if noise else ""


def _opcodes(metadata: dict[str, Any]) -> Iterator[str]:
    """Yields each different opcode with its count."""
    counted = Counter(_opcode(opcode) for opcode in metadata.get("opcodes", ()))
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
    return f"{text}, not applied" + ("" if opcode["optional"] else " although the file requires it")


def _shading(metadata: dict[str, Any]) -> str:
    shading = metadata.get("shading")
    return f"{_size(shading['size'])} gains, up to {shading['largest']:.2f}" if shading else ""


def _defects(metadata: dict[str, Any]) -> str:
    count = metadata.get("defects", 0)
    return f"{count} listed" if count else ""
