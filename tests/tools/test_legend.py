"""The palettes of false colour."""

from __future__ import annotations

import numpy as np
import pytest
from groundglass.look.reference import srgb_decode
from groundglass.tools.legend import IRE_COLOURS

# Colour blindness: matrices for linear light of G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A
# Physiologically-based Model for Simulation of Color Vision Deficiency", IEEE TVCG 15, 2009; severity 1.
EYES = {
    "all": np.eye(3),
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopes": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@pytest.mark.parametrize("eyes", list(EYES))
def test_the_colours_for_the_colour_blind_differ_for_all_eyes(eyes: str) -> None:
    greys = [(0.15 + 0.6 * ire / 100,) * 3 for ire in (20, 45, 70, 90)]
    colours = np.array([*IRE_COLOURS["colour-blind"], *greys])
    seen = np.clip(srgb_decode(colours) @ np.array(EYES[eyes]).T, 0, 1)
    xyz = seen @ np.array([[0.4339, 0.3762, 0.1899], [0.2126, 0.7152, 0.0722], [0.0177, 0.1095, 0.8729]]).T
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)  # CIE Lab under D65
    lab = np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
    apart = [np.linalg.norm(lab[a] - lab[b]) for a in range(6) for b in range(a)]
    assert min(apart) > 18
    assert min(np.linalg.norm(lab[a] - lab[b]) for a in range(6) for b in range(6, len(lab))) > 11
