"""The status line: its content and its legibility."""

from __future__ import annotations

import numpy as np
from groundglass.display.status_line import distance, f_stop, render_text, status_line


def test_values_are_formatted_as_on_a_lens() -> None:
    assert status_line("scene:", "classic", "noct-50", 0.95, 1.2, "58.9 fps") == (
        "scene:   classic   noct-50   f/0.95   1.20 m   58.9 fps"
    )
    assert [f_stop(n) for n in (0.95, 1.414, 8.0, 11.31, 22.63)] == ["f/0.95", "f/1.41", "f/8", "f/11", "f/23"]
    assert [distance(m) for m in (0.5, 12.3, 5000.0)] == ["0.50 m", "12 m", "infinity"]
    long_name = status_line("a" * 60 + ".dng", "classic", "noct-50", 2, 2, "")
    assert len(long_name) < 80
    assert ".dng   classic" in long_name


def test_the_letters_fit_and_are_legible_on_black_and_white() -> None:
    line = status_line("scene:", "classic", "noct-50", 1.4, 1.2, "58.9 fps")
    for width_px in (1000, 300, 200):
        rgba = render_text([line], 26, width_px).astype(float) / 255
        assert rgba.shape[1] <= width_px
        assert (rgba[..., :3] <= rgba[..., 3:]).all()  # premultiplied
        on_white = rgba[..., 0] + 1 - rgba[..., 3]
        assert on_white.max() - np.median(on_white) > 0.3  # light letters on a darker background
    assert render_text(["saved", line], 26, 1000).shape[0] > render_text([line], 26, 1000).shape[0]
