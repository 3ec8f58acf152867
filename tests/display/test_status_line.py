"""The status line: its content and its legibility."""

from __future__ import annotations

import numpy as np
from groundglass.display.status_line import distance, f_stop, render_text, status_line, wrapped


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


def test_a_long_message_continues_in_the_next_line() -> None:
    words = "no virtual camera (a very long reason of the driver); on Linux load the module v4l2loopback " * 3
    lines = wrapped([words, "scene:   classic   f/1.4"], 13, 400)
    assert " ".join(lines[:-1]).split() == words.split()
    assert lines[-1] == "scene:   classic   f/1.4", "spaces between the parts stay"
    rgba = render_text([words], 13, 400, wraps=True)
    assert rgba.shape[1] <= 400
    assert rgba.shape[0] > 3 * render_text(["x"], 13, 400).shape[0]


def test_text_has_contrast_over_every_picture() -> None:
    """WCAG 2.1, 1.4.3: at least 4.5."""
    rgba = render_text(["H" * 40], 40, 2000).astype(float) / 255
    letters, background = rgba[..., :3].max(), rgba[30, 200:-200, 3].min()

    def luminance(level: float) -> float:
        return ((level + 0.055) / 1.055) ** 2.4 if level > 0.04045 else level / 12.92

    darkest = min(luminance(under * (1 - background)) for under in (0.0, 0.5, 1.0))
    brightest = max(luminance(under * (1 - background)) for under in (0.0, 0.5, 1.0))
    assert darkest < brightest
    assert (luminance(letters) + 0.05) / (brightest + 0.05) >= 4.5
