"""R records what is seen: a red mark, the time, and a film that a crash leaves playable."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..controls import Choice, Control, Switch
from ..display.status_line import letter
from ..display.tool import Canvas, Desk, Tool, Wish
from ..errors import GroundglassError
from ..gl.readback import Readback
from .reserved_paths import claimed
from .video import CODECS, Film, even

if TYPE_CHECKING:
    from ..drawn import Drawn

RED = (220, 30, 30)


class Recording(Tool):
    """Records into the folder, or from the first frame on into `file`, whose suffix must be the codec's."""

    def __init__(self, desk: Desk, folder: str | Path = ".", file: Path | None = None, codec: str = "h264") -> None:
        self._desk, self._folder, self._codec = desk, Path(folder), codec
        self._first_file = file
        self._readback = Readback(desk.engine.gl)
        self._film: Film | None = None
        self._ending: list[Film] = []
        self._claim = ExitStack()
        self._began_s = 0.0
        self._asked_to_begin = file is not None
        self._second = -1

    def controls(self) -> Iterable[Control]:
        yield Switch("record", "Record a film", "keep", "R", get=lambda: self._film is not None, set=self._turn)
        codecs = tuple(CODECS)
        yield Choice("codec", "Codec of films", "keep", choices=codecs, get=lambda: self._codec, set=self._choose)

    def tick(self, now_s: float) -> Wish:
        if self._film is not None and self._film.is_over:  # the disk is full, or the encoder failed
            self._end()
        for film in [one for one in self._ending if one.is_over]:
            self._ending.remove(film)
            self._desk.say(told(film))
        second = -1 if self._film is None else int(now_s - self._began_s)
        changed, self._second = second != self._second, second
        return Wish.REPAINT if changed else Wish.NOTHING

    def drawn(self, drawn: Drawn) -> None:
        if self._asked_to_begin:
            self._asked_to_begin = False
            self._begin(even(drawn.texture.size))
        film = self._film
        if film is None:
            return
        if even(drawn.texture.size) != film.size:
            self._desk.say("the picture has another size now: the film has ended")
            self._end()
            return
        taken = self._readback.ask(drawn.texture, perf_counter() - self._began_s)
        if taken is not None:
            film.add(taken[1], taken[0])

    @property
    def busy(self) -> bool:
        return bool(self._ending)

    def draw(self, canvas: Canvas) -> None:
        if self._film is None:
            return
        text = f"{self._second // 60}:{self._second % 60:02d}"
        if self._film.dropped:
            text += f"   {self._film.dropped} dropped"
        size = canvas.plates.prepare("rec", (text, canvas.text_px), partial(mark, text, canvas.text_px))
        margin = canvas.text_px // 2
        canvas.plates.draw("rec", margin, canvas.size[1] - margin - size[1])

    def close(self) -> None:
        """Waits until all is written. Raises OutputError for what was lost and not reported yet."""
        self._end()
        self._readback.release()
        with ExitStack() as stack:  # all of them, whatever one of them has to say
            for film in self._ending:
                stack.callback(film.close)

    def _turn(self, on: bool) -> None:
        if on and self._film is None:
            self._asked_to_begin = True
        elif not on:
            self._end()

    def _choose(self, codec: str) -> None:
        self._codec = codec

    def _begin(self, size: tuple[int, int]) -> None:
        try:
            file, self._first_file = self._first_file, None
            if file is None:
                stem = self._claim.enter_context(claimed(self._folder))
                file = stem.with_suffix(CODECS[self._codec].suffix)
            space = self._desk.settings.now.output_space
            self._film = Film(file, size, self._codec, "srgb" if space is None else space.name)
        except GroundglassError as error:
            self._claim.close()
            self._desk.say(str(error))
            return
        self._began_s = perf_counter()
        self._desk.say(f"recording {file.name}")

    def _end(self) -> None:
        self._asked_to_begin = False
        film, self._film = self._film, None
        if film is None:
            return
        taken = self._readback.take()
        if taken is not None:
            film.add(taken[1], taken[0])
        self._readback.release()
        film.end()
        self._ending.append(film)
        self._claim.close()  # the file is there by now


def told(film: Film) -> str:
    """What became of a film that is over."""
    if film.error is not None:
        return str(film.error)
    dropped = f", {film.dropped} dropped" if film.dropped else ""
    return f"recorded {film.path.name}: {film.written} pictures{dropped}"


def mark(text: str, height_px: int) -> NDArray[np.uint8]:
    """(H, W, 4) uint8, premultiplied RGBA: a red disc, and the time that it runs."""
    plate = letter([f"     {text}"], height_px, 100 * height_px)
    y, x = np.mgrid[: plate.shape[0], : plate.shape[1]] + 0.5
    radius = 0.36 * height_px
    inside = np.clip(radius + 0.5 - np.hypot(x - 1.2 * height_px, y - plate.shape[0] / 2), 0, 1)[..., None]
    disc = np.array([*RED, 255], np.float64)
    return np.asarray(plate * (1 - inside) + disc * inside + 0.5, np.uint8)
