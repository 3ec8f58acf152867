"""The chains of other libraries: written plainly, and optimised."""

from __future__ import annotations

import numpy as np

from ..stages import CHAIN
from .opencv import Kernel, OpenCvChain
from .peer import Job, Peer
from .plain import PlainChain

BOX_CHAIN, DISC_CHAIN = "chain, box blur, half size", "chain, disc blur, full size"
PLAIN_BOX_CHAIN, PLAIN_DISC_CHAIN = "plain chain, box blur, half size", "plain chain, disc blur, full size"
CHAINS: dict[str, tuple[type[OpenCvChain | PlainChain], Kernel, float]] = {
    PLAIN_BOX_CHAIN: (PlainChain, "box", 0.5),
    BOX_CHAIN: (OpenCvChain, "box", 0.5),
    PLAIN_DISC_CHAIN: (PlainChain, "disc", 1.0),
    DISC_CHAIN: (OpenCvChain, "disc", 1.0),
}


def chain_peers(job: Job) -> list[Peer]:
    import cv2
    import PyOpenColorIO as ocio  # noqa: N813

    versions = {"OpenCV": cv2.__version__, "NumPy": np.__version__, "OpenColorIO": ocio.__version__}
    return [
        Peer(name, CHAIN, versions, job.threads, make(job, kernel, scale).run)
        for name, (make, kernel, scale) in CHAINS.items()
    ]
