"""Stills that the user takes while the picture runs: numbered files, written beside the loop."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import OutputError
from .output_space import OutputSpace
from .snapshot import next_name, save


class Stills:
    """Writes `groundglass-0001.png` and on into `folder`, one after the other, in a thread of its own."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._writer = ThreadPoolExecutor(1, "groundglass-stills")
        self._pending: list[Future[Path]] = []

    def take(self, display_rgb: NDArray[np.uint8], space: OutputSpace | None = None) -> None:
        """Queues (H, W, 3) uint8 display sRGB, or numbers for the screen `space`; the caller leaves the array alone
        from here on.
        """
        self._pending.append(self._writer.submit(lambda: save(next_name(self._folder), display_rgb, space=space)))

    def reports(self) -> list[str]:
        """A line for each still done since the last call: that it is there, or why not."""
        done = [still for still in self._pending if still.done()]
        self._pending = [still for still in self._pending if still not in done]
        return [_report(still) for still in done]

    def close(self) -> None:
        """Waits until all are written. Raises OutputError for one that failed and was not reported yet."""
        self._writer.shutdown(wait=True)
        pending, self._pending = self._pending, []
        for still in pending:
            still.result()


def _report(still: Future[Path]) -> str:
    try:
        return f"saved {still.result().name}"
    except OutputError as error:
        return str(error)
