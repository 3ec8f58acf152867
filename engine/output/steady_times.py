"""The times of recorded pictures: as even as the frames, although pictures are drawn earlier and later."""

from __future__ import annotations

MAX_LATE_S = 0.5  # a larger difference is another clock: that of another source, or of a camera that is back


class SteadyTimes:
    """A picture of a new frame has the time of the frame; that of a frame drawn again has the time since the last."""

    def __init__(self, now_s: float) -> None:
        """The recording begins at `now_s`, in seconds on the clock of `perf_counter`."""
        self._last_s, self._last_now_s = 0.0, now_s
        self._frame_s: float | None = None
        self._offset_s: float | None = None  # from the times of frames to those of the recording

    def of(self, frame_s: float, now_s: float) -> float:
        """The time in seconds of a picture drawn at `now_s` of a frame captured at `frame_s`. It never decreases."""
        drawn_s = self._last_s + now_s - self._last_now_s
        time_s = drawn_s
        is_new = frame_s != self._frame_s if self._frame_s is not None else now_s - frame_s < MAX_LATE_S
        if is_new:
            if self._offset_s is None or abs(frame_s + self._offset_s - drawn_s) > MAX_LATE_S:
                self._offset_s = drawn_s - frame_s
            time_s = frame_s + self._offset_s
        self._frame_s, self._last_now_s = frame_s, now_s
        self._last_s = max(time_s, self._last_s)
        return self._last_s
