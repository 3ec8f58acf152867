"""The list of connected V4L2 cameras, and finding one again that was unplugged."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress

from ...kinds import ConnectedCamera
from .device import Device, cameras
from .formats import NAMES, format_name

MAX_SIZES = 8  # listed sizes of a format


def list_connected() -> Iterable[ConnectedCamera]:
    """One camera for each node that captures pictures. A metadata node of a webcam is none."""
    return [ConnectedCamera(device.path, device.card, tuple(mode_lines(device))) for device in cameras()]


def mode_lines(device: Device) -> list[str]:
    """A line for each format of the camera that can be shown: its sizes, each with its rates."""
    return [f"{format_name(code)}  {', '.join(sizes_of(device, code))}" for code in device.formats() if is_shown(code)]


def is_shown(code: int) -> bool:
    """Whether frames of this format can be shown."""
    return code in NAMES


def sizes_of(device: Device, code: int) -> list[str]:
    """The sizes of a format with their rates, such as `1280x720 30, 15 fps`; `64x64..1920x1080` is a range."""
    sizes = device.sizes(code)
    if device.is_stepwise(code):
        return [f"{_size(sizes[0])}..{_size(sizes[1])}{_rates(device, code, sizes[1])}"]
    lines = [f"{_size(size)}{_rates(device, code, size)}" for size in sizes[:MAX_SIZES]]
    return [*lines, f"{len(sizes) - MAX_SIZES} more sizes"] if len(sizes) > MAX_SIZES else lines


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _rates(device: Device, code: int, size: tuple[int, int]) -> str:
    rates = [f"{rate:.4g}" for rate in device.rates(code, size)]
    return f" {', '.join(rates)} fps" if rates else ""


Identity = tuple[str, str]  # name and bus of a camera


def identities() -> set[Identity]:
    """The connected cameras."""
    with suppress(OSError):
        return {(device.card, device.bus) for device in cameras()}
    return set()


def find_again(path: str, identity: Identity, others: set[Identity]) -> str:
    """The path of a camera that was plugged in again, perhaps with another number or at another port.

    A USB camera gets a new number while a program still holds the old one. `others` are further cameras: the search
    passes over them.
    """
    found = []
    with suppress(OSError):
        for device in cameras():
            present = device.card, device.bus
            if device.card != identity[0] or present in others:
                continue
            if device.path == os.path.realpath(path):
                return path
            found.append((present != identity, device.path))
    return min(found)[1] if found else path
