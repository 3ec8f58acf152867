"""The poses of a live scene, kept on disk: the next view shows the first one at once, and renders none.

The rendering takes four seconds of a core at 1920x1080, which the kernels and the window need at the start.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files import SUM_BYTES, checksum, whole_file

FOLDER = "scene"  # in the user's folder for caches
KEPT_BYTES = 300e6  # two scenes


class KeptPoses:
    """The files of a scene's poses. `key` identifies the scene.

    A pose is its exposures (n, h, w) uint16 and its depth in metres (h, w) float32.
    """

    def __init__(self, key: object) -> None:
        import platformdirs

        self._name = sha256(repr((_version(), key)).encode()).hexdigest()
        self._folder = platformdirs.user_cache_path("groundglass") / FOLDER

    def read(self, pose: int, exposures: NDArray[np.uint16], depth_m: NDArray[np.float32]) -> bool:
        """Fills the arrays with a pose. Returns whether it was kept; if not, the arrays are undefined."""
        file, parts = self._file(pose), [array.data.cast("B") for array in (exposures, depth_m)]
        with suppress(OSError), file.open("rb") as stream:
            is_whole = [stream.readinto(part) for part in parts] == [part.nbytes for part in parts]
            if is_whole and stream.read() == checksum(*parts):
                os.utime(file)
                return True
        return False

    def write(self, pose: int, exposures: NDArray[np.uint16], depth_m: NDArray[np.float32]) -> None:
        """Keeps a pose, and removes those that were not used for longest. Does nothing where it cannot be written, or
        if the poses so far are too large.
        """
        nbytes = exposures.nbytes + depth_m.nbytes + SUM_BYTES
        if (pose + 1) * nbytes > KEPT_BYTES:
            return
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            with whole_file(self._file(pose), flush=False) as part, part.open("wb") as stream:
                stream.write(exposures.data)
                stream.write(depth_m.data)
                stream.write(checksum(exposures.data, depth_m.data))
            self._prune()

    def _prune(self) -> None:
        found = sorted(((file.stat(), file) for file in self._folder.iterdir()), key=lambda of: -of[0].st_mtime_ns)
        kept = 0
        for status, file in found:
            kept += status.st_size
            if kept > KEPT_BYTES:
                file.unlink(missing_ok=True)

    def _file(self, pose: int) -> Path:
        return self._folder / f"{self._name}-{pose}"


@cache
def _version() -> str:
    """Changes with the scene: with the texts of its modules, and with NumPy, whose noise it has."""
    texts = sorted(file.read_bytes() for file in files(__package__).iterdir() if file.name.endswith(".py"))
    return sha256(b"".join(texts)).hexdigest() + np.__version__
