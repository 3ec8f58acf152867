"""`groundglass tune` in a separate process, with files that a test saves."""

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
    """`groundglass tune` on its own folder, and its picture on the screen."""

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
        """The colour of the screen in an area without text and text background."""
        left, top, width, height = self.live.place
        return self.live.screen.grab()[top + height * 3 // 4, left + width * 7 // 8].astype(int)

    def shows(self, channel: int) -> bool:
        """Whether `middle` is bright and `channel` dominates."""
        others = np.delete(self.middle, channel)
        return bool(self.middle[channel] > 150 and (others < self.middle[channel] - 60).all())

    @property
    def shows_error(self) -> bool:
        """Whether a source line is marked by a bar of a unique red."""
        left, top, width, height = self.live.place
        upper = self.live.screen.grab()[top : top + height // 2, left : left + width].astype(int)
        return int(np.abs(upper - (130, 40, 30)).max(axis=-1).__lt__(32).sum()) > 500

    def breaks(self, name: str, text: str, channel: int) -> None:
        """Saves a broken text; asserts that the error is shown and the picture stays."""
        self.save(name, text)
        until(lambda: self.shows_error, f"the error in {name} is shown")
        assert self.shows(channel)
        assert self.live.process.poll() is None
