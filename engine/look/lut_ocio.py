"""LUT files that OpenColorIO reads: .3dl, .csp, .clf and more."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import LookError, MissingExtraError
from .lut import MAX_SIDE, UNIT, Domain, Lut
from .lut_bake import baked

SUFFIXES = (".3dl", ".csp", ".clf", ".ctf", ".spi1d", ".spi3d", ".vf", ".lut", ".1dl", ".mga", ".m3d", ".itx", ".look")


def read_ocio(path: Path) -> Lut:
    """The LUT in a file: its own tables if it is curves and a cube; otherwise sampled curves and a sampled cube (see
    `lut_bake`) over numbers up to 16.

    Raises LookError, and MissingExtraError without OpenColorIO.
    """
    try:
        import PyOpenColorIO as ocio  # noqa: N813
    except ImportError as error:
        raise MissingExtraError(str(path), "OpenColorIO", "lut") from error
    _check_sides(path)
    ocio.SetLoggingLevel(ocio.LOGGING_LEVEL_NONE)  # errors are raised
    ocio.ClearAllCaches()  # the file may have changed since it was read
    transform = ocio.FileTransform(src=str(path.resolve()), interpolation=ocio.INTERP_TETRAHEDRAL)
    try:
        processor = ocio.Config.CreateRaw().getProcessor(transform)
        steps = list(processor.createGroupTransform())
    except UnicodeDecodeError:  # a description or a message of the library
        raise LookError(f"{path}: cannot be read as a LUT (its text is not UTF-8); export it again") from None
    except ocio.Exception as error:
        raise LookError(f"{path}: cannot be read as a LUT ({_reason(str(error))}); export it again") from None
    return _tables(path.name, steps, ocio) or baked(path.name, steps, ocio)


def _check_sides(path: Path) -> None:
    """Rejects a size that would exhaust memory, before OpenColorIO reads the file."""
    for number, line in enumerate(path.read_bytes().decode("latin-1").splitlines(), 1):
        match = re.search(r"^\s*(\d+)\s+\1\s+\1\s*$|\bdim\s*=\s*[\"'](\d+)\s+\2\s+\2\s+3", line)
        side = int((match[1] or match[2])[:9]) if match else 0
        if side > MAX_SIDE and (match is None or match[2] or path.suffix.lower() == ".csp"):
            raise LookError(f"{path}:{number}: a cube of {side} nodes along each edge; the maximum is {MAX_SIDE}")


def _reason(message: str) -> str:
    reason = message.rpartition("failed with:")[2] if "failed with:" in message else message.splitlines()[0]
    return " ".join(reason.replace("'", "").split()).rstrip(". ")[:160] or "no known format"


def _tables(name: str, steps: list[Any], ocio: Any) -> Lut | None:
    """The LUT from the steps' own tables if they are [scale], [curves], [scale], [cube]; else None."""
    shaper: NDArray[np.float32] | None = None
    domains: list[Domain] = [UNIT, UNIT]  # shaper, cube
    cube: NDArray[np.float32] | None = None
    at = 0
    for step in steps:
        if cube is not None:
            return None
        if isinstance(step, ocio.MatrixTransform) and at < 2:
            domain = _domain(step)
            if domain is None or domains[at] is not UNIT:
                return None
            domains[at] = domain
        elif isinstance(step, ocio.Lut1DTransform) and shaper is None:
            if step.getInputHalfDomain() or step.getHueAdjust() != ocio.HUE_NONE:
                return None
            shaper, at = np.array(step.getData(), np.float32).reshape(-1, 3), 1
        elif isinstance(step, ocio.Lut3DTransform):
            side = step.getGridSize()
            cube = np.array(step.getData(), np.float32).reshape(side, side, side, 3)
        else:
            return None
    if shaper is None:  # the only scale belongs to the cube
        domains = [UNIT, domains[0]]
    if (shaper is None and cube is None) or (cube is None and domains[1] is not UNIT):
        return None
    return Lut(name, shaper, cube, domains[0], domains[1])


def _domain(step: Any) -> Domain | None:
    """The domain that a matrix maps to 0..1; None if it has cross terms or a scale <= 0."""
    matrix = np.array(step.getMatrix(), np.float64).reshape(4, 4)
    scale, offset = np.diag(matrix)[:3], np.array(step.getOffset(), np.float64)[:3]
    if np.any(matrix != np.diag(np.diag(matrix))) or np.any(scale <= 0):
        return None
    minimum, maximum = -offset / scale, (1.0 - offset) / scale
    return (float(minimum[0]), float(minimum[1]), float(minimum[2])), (
        float(maximum[0]),
        float(maximum[1]),
        float(maximum[2]),
    )
