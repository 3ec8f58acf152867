"""The files of a soak test: sources of several kinds and sizes, looks, and damaged copies of them."""

from __future__ import annotations

import random
import time
from importlib import resources
from pathlib import Path

import numpy as np
from PIL import Image

from ..formats.dng_write import write_dng
from ..frame import Frame
from ..look.look import list_looks
from ..output.video import VideoWriter

SCENE = "scene:?size=320x240&fps=30&wait=0"
PICTURE_SIZES = ((300, 200), (161, 241), (640, 360))
SEQUENCE_FRAMES, VIDEO_FRAMES = 6, 24
CUBE = "LUT_3D_SIZE 2\n" + "".join(f"{r} {g} {b}\n" for b in (0, 1) for g in (0, 1) for r in (0, 1))


class Materials:
    """`sources` can be opened, `damaged` mostly not. `looks` are names and files; `own_look` is edited in the run."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Writes the files. Raises OutputError, or MissingExtraError without PyAV."""
        self._rng = random.Random(f"materials/{seed}")
        self._pixels = np.random.default_rng(seed)
        self.folder = folder
        folder.mkdir()
        self.sources = [SCENE, SCENE.replace("320x240", "400x300"), *self._pictures(), self._mosaic(), self._sequence()]
        self.sources.append(self._video())
        self.own_look = folder / "own.toml"
        (folder / "plain.cube").write_text(CUBE, encoding="utf-8")
        classic = resources.files("groundglass.looks").joinpath("classic.toml").read_text(encoding="utf-8")
        self.own_look.write_text(f'{classic}\n[pass.lut]\nfile = "plain.cube"\n', encoding="utf-8")
        self.looks = [*list_looks(), str(self.own_look)]
        self.damaged = [self._damaged(Path(name)) for name in self.sources if Path(name).is_file()]
        self.damaged += [str(folder / "missing.png"), str(self._damaged(self.own_look)), "a" * 300, "nothing:\0"]

    def _pictures(self) -> list[str]:
        names = []
        for number, (width, height) in enumerate(PICTURE_SIZES):
            path = self.folder / f"picture-{number}.{('png', 'jpg', 'png')[number]}"
            Image.fromarray(self._pixels.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(path)
            names.append(str(path))
        return names

    def _mosaic(self) -> str:
        samples = self._pixels.integers(0, 65535, (200, 300), dtype=np.uint16)
        return str(write_dng(self.folder / "mosaic.dng", Frame(samples, name="mosaic")))

    def _sequence(self) -> str:
        folder = self.folder / "sequence"
        folder.mkdir()
        for number in range(SEQUENCE_FRAMES):
            Image.fromarray(np.full((180, 320, 3), 40 * number, np.uint8)).save(folder / f"{number}.png")
        return str(folder)

    def _video(self) -> str:
        path = self.folder / "video.mp4"
        video = VideoWriter(path, (320, 180))
        for number in range(VIDEO_FRAMES):
            video.add(np.full((180, 320, 4), 10 * number, np.uint8), number / 24)
            while video.written < number and not video.is_over:  # none is dropped
                time.sleep(0.001)
        video.close()
        return str(path)

    def _damaged(self, path: Path) -> str:
        """A copy that is cut off and has changed bytes."""
        content = bytearray(path.read_bytes())
        del content[self._rng.randrange(len(content) // 2, len(content)) :]
        for _ in range(8):
            content[self._rng.randrange(len(content))] ^= 1 << self._rng.randrange(8)
        copy = path.with_name(f"damaged-{path.name}")
        copy.write_bytes(content)
        return str(copy)
