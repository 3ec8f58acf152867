"""Writes a LUT as a Common LUT Format file (Academy S-2014-006, CLF 3)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from ..lut import UNIT, Domain, Lut

_DEPTHS = 'inBitDepth="32f" outBitDepth="32f"'


def clf_text(lut: Lut, title: str, notes: Sequence[str] = (), input: str = "", output: str = "") -> str:
    """The file: a matrix from a domain to 0..1 before each table, the curves, and the cube.

    `notes`, and descriptions of `input` and `output`, are for people.
    """
    nodes = [f"<Description>{escape(note)}</Description>" for note in notes]
    nodes += [f"<{name}>{escape(text)}</{name}>" for name, text in _descriptors(input, output) if text]
    if lut.shaper is not None:
        nodes += _to_unit(lut.shaper_domain)
        curve = lut.shaper[:, :1] if np.ptp(lut.shaper, axis=1).max() == 0 else lut.shaper
        nodes += [f"<LUT1D {_DEPTHS}>", _array(curve, f"{len(curve)} {curve.shape[1]}"), "</LUT1D>"]
    if lut.cube is not None:
        nodes += _to_unit(lut.cube_domain)
        side = len(lut.cube)
        array = _array(lut.cube.reshape(-1, 3), f"{side} {side} {side} 3")  # blue varies fastest
        nodes += [f'<LUT3D {_DEPTHS} interpolation="tetrahedral">', array, "</LUT3D>"]
    head = f'<ProcessList id={quoteattr(title)} name={quoteattr(title)} compCLFversion="3.0">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *nodes, "</ProcessList>", ""])


def _descriptors(input: str, output: str) -> tuple[tuple[str, str], ...]:
    return ("InputDescriptor", input), ("OutputDescriptor", output)


def _to_unit(domain: Domain) -> list[str]:
    """The step that maps a domain to 0..1, which the tables of the format cover."""
    if domain == UNIT:
        return []
    minimum, maximum = (np.asarray(edge, np.float64) for edge in domain)
    scale = 1.0 / (maximum - minimum)
    rows = np.concatenate([np.diag(scale), (-minimum * scale)[:, None]], axis=1)
    columns = 4 if minimum.any() else 3
    return [f"<Matrix {_DEPTHS}>", _array(rows[:, :columns], f"3 {columns}"), "</Matrix>"]


def _array(numbers: NDArray[np.floating], dim: str) -> str:
    rows = "\n".join(" ".join(f"{number:.7g}" for number in row) for row in numbers.tolist())
    return f'<Array dim="{dim}">\n{rows}\n</Array>'
