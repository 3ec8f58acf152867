"""The process that `WarmUpProcess` starts: it draws what it is sent, so that drivers keep what they compile on disk."""

from __future__ import annotations

import os
import pickle
import sys
from contextlib import suppress
from typing import IO

from ..compute.program import KERNELS
from ..compute.registry import open_device
from ..engine import Engine
from ..errors import GroundglassError
from ..gl.constant_folding import FOLDED_AFTER
from ..gl.context import headless_context, is_software
from ..gl.program import SHADERS
from ..look.grade import look_picture
from ..look.kernel_route.route import KernelLooks

NICENESS = 3  # the live picture has priority, but the governor waits for the next scale
DRAWS = FOLDED_AFTER  # the last one compiles a program with constants


def serve(spec: str, run_length: int, requests: IO[bytes], replies: IO[bytes]) -> None:
    """Draws each request until there are no more. The reply is the built kernels that were not in an earlier reply."""
    with suppress(AttributeError, OSError):  # Windows has no such priority
        os.nice(NICENESS)
    gl = headless_context()
    device = open_device(spec, gl)
    device.run_length = run_length
    known: set[tuple[str, str]] = set()
    looks = KernelLooks(device, "auto", is_software(gl))
    # An engine that draws looks by kernels would itself start a process to compile them ahead.
    with Engine(device, gl=gl, look_route="gl") as engine, suppress(EOFError):
        while True:
            texts, frame, settings = pickle.load(requests)
            if texts is not None:
                KERNELS.restore(texts[0])
                SHADERS.restore(texts[1])
            with suppress(GroundglassError):
                for _ in range(DRAWS):
                    size = engine.draw(frame, settings).texture.size
                gl.finish()
                if settings.bits == 8 and settings.output_space is None:
                    looks.make(look_picture(settings.look, size, strength=settings.strength), size)
            new = [name for name in device.kernels.names() if name not in known]
            known.update(new)
            pickle.dump(new, replies)
            replies.flush()


def main() -> None:
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing else that is printed is a reply
    serve(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer, replies)


if __name__ == "__main__":
    main()
