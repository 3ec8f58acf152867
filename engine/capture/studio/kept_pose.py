"""The first pose of a live scene, kept on disk: the next view shows it at once, and not after a second.

The rendering would take a core that the kernels and the window need at the start.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...files import whole_file

FOLDER = "scene"  # in the user's folder for caches
FILES_KEPT = 3  # each 17 MB at 1920x1080 and 60 frames per second


def read_pose(key: object, exposures: NDArray[np.uint16], depth_m: NDArray[np.float32]) -> bool:
    """Fills the exposures (n, h, w) and the depth in metres (h, w) with the pose that was kept for `key`.

    Returns whether there is one; if not, the arrays are undefined.
    """
    with suppress(OSError), _file_of(key).open("rb") as file:
        parts = [array.data.cast("B") for array in (exposures, depth_m)]
        return [file.readinto(part) for part in parts] == [part.nbytes for part in parts] and not file.read(1)
    return False


def write_pose(key: object, exposures: NDArray[np.uint16], depth_m: NDArray[np.float32]) -> None:
    """Keeps a pose for `key`, and removes the oldest others. Does nothing where it cannot be written."""
    file = _file_of(key)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as part, part.open("wb") as stream:
            stream.write(exposures.data)
            stream.write(depth_m.data)
        for other in sorted(file.parent.iterdir(), key=lambda other: other.stat().st_mtime)[:-FILES_KEPT]:
            other.unlink(missing_ok=True)


def _file_of(key: object) -> Path:
    import platformdirs

    name = sha256(repr((_version(), key)).encode()).hexdigest()
    return platformdirs.user_cache_path("groundglass") / FOLDER / name


@cache
def _version() -> str:
    """Changes with the scene: with the texts of its modules, and with NumPy, whose noise it has."""
    texts = sorted(file.read_bytes() for file in files(__package__).iterdir() if file.name.endswith(".py"))
    return sha256(b"".join(texts)).hexdigest() + np.__version__
