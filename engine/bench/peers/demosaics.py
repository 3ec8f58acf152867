"""The demosaics of colour-demosaicing: NumPy and SciPy, on one thread."""

from __future__ import annotations

import warnings
from functools import partial
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from ...frame import Frame
from .peer import Job, Peer, Picture

COLOUR_DEMOSAICS = {
    "colour-demosaicing bilinear": "demosaic bilinear",
    "colour-demosaicing Malvar2004": "demosaic malvar",
    "colour-demosaicing Menon2007": "demosaic rcd",
}


def colour_demosaicing_peers(job: Job) -> list[Peer]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of features that need Matplotlib
        import colour_demosaicing
        from colour.utilities import set_default_float_dtype

    set_default_float_dtype(np.float32)  # faster than its default of 64 bits
    mosaic = job.frame.pixels.astype(np.float32) / np.float32(job.frame.profile.white)
    versions = {"colour-demosaicing": version("colour-demosaicing")}

    def run(name: str, _: Frame) -> Picture:
        demosaic = getattr(colour_demosaicing, f"demosaicing_CFA_Bayer_{name.split()[-1]}")
        rgb: NDArray[np.float32] = demosaic(mosaic, job.frame.cfa.pattern)
        return rgb

    return [Peer(name, against, versions, 1, partial(run, name)) for name, against in COLOUR_DEMOSAICS.items()]
