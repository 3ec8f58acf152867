"""`groundglass tune` in a process of its own, on files that a test saves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from window_support import Live, Screen, until

PLAIN = """#pragma pass pixel
#pragma parameter level "Level" 0.5 0.0 1.0 0.01
#include "colour.glsl"
uniform float plain_level;
vec3 plain(vec3 rgb, PixelContext place) {
    return plain_level * colour() + 0.001 * rgb;
}
"""
COLOUR = "vec3 colour() { return vec3(1.0, 0.0, 0.0); }\n"
LOOK = 'name = "flat"\n\n[pass.plain]\nlevel = 1.0\n'
CUBE = "LUT_3D_SIZE 2\n" + "0.0 0.0 1.0\n" * 8
RED, GREEN, BLUE = range(3)


class Bench:
    """`groundglass tune` on a folder of its own, and what the screen shows of it."""

    def __init__(self, screen: Screen, folder: Path) -> None:
        self.folder = folder
        for name, text in (("plain.glsl", PLAIN), ("colour.glsl", COLOUR), ("flat.toml", LOOK), ("blue.cube", CUBE)):
            self.save(name, text)
        self.live = Live(screen, folder, "--shaders", ".", "--look", "flat.toml", "--look-route", "gl", command="tune")
        until(lambda: self.shows(RED), "the look is red")

    def save(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    @property
    def middle(self) -> np.ndarray:
        """The colour of the screen where neither a plate nor text is."""
        left, top, width, height = self.live.place
        return self.live.screen.grab()[top + height * 3 // 4, left + width * 7 // 8].astype(int)

    def shows(self, channel: int) -> bool:
        """Whether the middle is bright, and mostly of that channel."""
        others = np.delete(self.middle, channel)
        return bool(self.middle[channel] > 150 and (others < self.middle[channel] - 60).all())

    @property
    def tells(self) -> bool:
        """Whether a source line is marked: a bar of a red that is nowhere else."""
        left, top, width, height = self.live.place
        upper = self.live.screen.grab()[top : top + height // 2, left : left + width].astype(int)
        return int(np.abs(upper - (130, 40, 30)).max(axis=-1).__lt__(32).sum()) > 500

    def breaks(self, name: str, text: str, channel: int) -> None:
        """Saves something broken: it is told, and the picture stays."""
        self.save(name, text)
        until(lambda: self.tells, f"what is wrong with {name} is told")
        assert self.shows(channel)
        assert self.live.process.poll() is None
