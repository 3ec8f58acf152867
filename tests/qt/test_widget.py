"""The widget of Qt, in a program that shows it on a separate X server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import groundglass as gg
import numpy as np
import pytest
from window_support import ERROR_DELAY_S, Screen

PROGRAM = """
import json, sys, threading, time
import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
import groundglass as gg
from groundglass.qt import GroundglassWidget

app = QApplication(sys.argv)
picture, depth_m = np.load(sys.argv[1]), np.load(sys.argv[2])
start = {"depth_m": depth_m, "look": "natural", "focus_m": 2.0, "f_number": 4.0}
widget = GroundglassWidget(picture, **start, scale=1.0, shows_text=False)
widget.resize(96, 64)
failures, results = [], {"hint": widget.sizeHint().toTuple()}
widget.failed.connect(failures.append)

def until(condition):
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline and not failures, failures
        app.processEvents()
        time.sleep(0.005)

def shown():
    image = widget.grabFramebuffer().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()

widget.show()
until(lambda: shown().max() > 0 and widget.status)
np.save(sys.argv[3], shown())
results["status"] = widget.status

from PySide6.QtTest import QTest
QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(10, 32))
until(lambda: widget.settings.focus_m < 1.35)  # it racks to the distance at the click
results["focus_m"] = round(widget.settings.focus_m, 2)
at = QPointF(48, 32)
app.sendEvent(widget, QWheelEvent(at, widget.mapToGlobal(at), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
                                  Qt.KeyboardModifier.ControlModifier, Qt.ScrollPhase.NoScrollPhase, False))
QTest.keyClick(widget, Qt.Key.Key_L)
until(lambda: widget.settings.look.name != "natural")
widget.set("f_number", 8.0)
until(lambda: widget.settings.f_number == 8.0)
widget.resize(48, 32)
until(lambda: shown().shape == (32, 48, 3) and shown().max() > 0)

finished = []
widget.finished.connect(lambda: finished.append(True))
QTest.keyClick(widget, Qt.Key.Key_Q)
until(lambda: finished)
results["visible"] = widget.isVisible()
alive = [thread.name for thread in threading.enumerate() if not thread.daemon]
results["threads"] = [name for name in alive if name != "MainThread"]
results["failures"] = failures

other = GroundglassWidget("scene:?size=96x64")
other.show()
app.processEvents()
other.close()  # while it compiles
nested = QWidget()
QVBoxLayout(nested).addWidget(GroundglassWidget("scene:?size=96x64"))
nested.show()
QTimer.singleShot(200, app.quit)
app.exec()  # its end ends the view
print(json.dumps(results))
"""


def run(screen: Screen, program: str, *words: object) -> subprocess.CompletedProcess[str]:
    environment = screen.environment | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        env=environment, capture_output=True, text=True, timeout=2 * ERROR_DELAY_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def results(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """What the program reports, its first picture, and the picture of `render`."""
    pytest.importorskip("PySide6.QtOpenGLWidgets", reason="PySide6 is not installed", exc_type=ImportError)
    folder: Path = tmp_path_factory.mktemp("qt")
    picture = np.random.default_rng(5).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    depth_m = np.linspace(1.0, 4.0, 96, dtype=np.float32)[None].repeat(64, axis=0)
    np.save(folder / "picture.npy", picture)
    np.save(folder / "depth.npy", depth_m)
    done = run(screen, PROGRAM, folder / "picture.npy", folder / "depth.npy", folder / "shown.npy")
    expected = gg.render(
        picture, depth_m=depth_m, look="natural", focus_m=2.0, f_number=4.0, quality="live",
        development=gg.Development(metering="auto"),
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1]), np.load(folder / "shown.npy"), expected


def test_the_widget_shows_the_pixels_of_render(results: Any) -> None:
    _, shown, expected = results
    assert np.array_equal(shown, expected)


def test_input_reaches_the_view(results: Any) -> None:
    report = results[0]
    assert report["hint"] == [96, 64]
    assert "natural" in report["status"]
    assert report["focus_m"] == pytest.approx(1.32, abs=0.05)


def test_the_end_of_the_view_closes_the_window_and_leaves_no_thread(results: Any) -> None:
    report = results[0]
    assert (report["visible"], report["threads"], report["failures"]) == (False, [], [])


def test_a_missing_pyside_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("groundglass.qt") or name.startswith("PySide6")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "PySide6", None)
    with pytest.raises(gg.GroundglassError, match=r"groundglass.qt: needs PySide6; pip install groundglass\[qt\]"):
        __import__("groundglass.qt")


WITHOUT_OPENGL = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from groundglass.qt import GroundglassWidget

app = QApplication(sys.argv)
widget = GroundglassWidget("scene:?size=96x64")
widget.failed.connect(lambda message: QTimer.singleShot(0, app.quit))
QTimer.singleShot(20000, app.quit)
widget.show()
app.exec()
print(not widget._reason.isHidden(), widget._reason.text())
widget.close()
"""


def test_a_widget_without_opengl_shows_the_reason(screen: Screen) -> None:
    pytest.importorskip("PySide6.QtOpenGLWidgets", reason="PySide6 is not installed", exc_type=ImportError)
    environment = {name: value for name, value in screen.environment.items() if name not in ("DISPLAY", "XAUTHORITY")}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_OPENGL],
        env=environment | {"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, text=True, timeout=2 * ERROR_DELAY_S,
    )  # fmt: skip
    assert done.stdout.startswith("True groundglass.qt: Qt has no OpenGL 3.3 here; install"), done
