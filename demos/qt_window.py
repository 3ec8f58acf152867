#!/usr/bin/env python3
"""The viewfinder in a Qt program: a QOpenGLWidget and its surface. pip install PySide6; demos/qt_window.py [SOURCE]"""

import sys

import groundglass as gg
import moderngl
from groundglass.display.events import Signal
from groundglass.display.offscreen import OffscreenSurface
from groundglass.display.viewer import Viewer
from groundglass.settings import SettingsHistory
from groundglass.tools.focus import FocusTool
from PySide6.QtCore import QEvent, QEventLoop, Qt, QTimer
from PySide6.QtGui import QKeySequence, QSurfaceFormat
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QApplication

NAMES = {"Return": "Enter", "Del": "Delete", "PgUp": "PageUp", "PgDown": "PageDown"}
MODIFIERS = {"Ctrl": Qt.ControlModifier, "Alt": Qt.AltModifier, "Shift": Qt.ShiftModifier}
BUTTONS = {Qt.LeftButton: "left", Qt.RightButton: "right", Qt.MiddleButton: "middle"}


class View(QOpenGLWidget):
    """Shows the framebuffer of `surface`, and sends it keys and the pointer."""

    def __init__(self, size):
        super().__init__()
        self.size_px = size
        self.setFixedSize(*(round(side / self.devicePixelRatio()) for side in size))
        self.setMouseTracking(True)
        self.show()

    def initializeGL(self):  # noqa: N802
        self.surface = QtSurface(self.size_px, self)

    def paintGL(self):  # noqa: N802
        gl = self.surface.gl
        gl.copy_framebuffer(gl.detect_framebuffer(self.defaultFramebufferObject()), self.surface.framebuffer)

    def event(self, event):
        match event.type():
            case QEvent.KeyPress | QEvent.KeyRelease as kind:
                name = QKeySequence(event.key()).toString()
                held = frozenset(word for word, flag in MODIFIERS.items() if event.modifiers() & flag)
                self.surface.input.key(NAMES.get(name, name), kind == QEvent.KeyPress, held, event.isAutoRepeat())
            case QEvent.MouseMove | QEvent.MouseButtonPress | QEvent.MouseButtonRelease as kind:
                at = [part * self.devicePixelRatio() for part in event.position().toTuple()]
                self.surface.input.move(*at)
                if event.button() in BUTTONS:
                    self.surface.input.button(BUTTONS[event.button()], kind == QEvent.MouseButtonPress, *at)
            case QEvent.Wheel:
                held = frozenset(word for word, flag in MODIFIERS.items() if event.modifiers() & flag)
                self.surface.input.scroll((event.angleDelta().y() or event.angleDelta().x()) / 120, held)
            case QEvent.Close:
                self.surface.input.post(Signal.QUIT)
            case _:
                return super().event(event)
        return True


class QtSurface(OffscreenSurface):
    """A framebuffer in the view's context; Qt's event loop runs while the viewer polls and waits."""

    is_interactive = True

    def __init__(self, size, view):
        super().__init__(size, gl=moderngl.create_context(require=330))
        self.view = view

    def poll(self):
        QApplication.processEvents()
        self.view.makeCurrent()
        return super().poll()

    def wait(self, timeout_s):
        QTimer.singleShot(round(1000 * timeout_s), lambda: None)
        QApplication.processEvents(QEventLoop.WaitForMoreEvents)
        return self.poll()

    def wake(self):
        self.view.thread().eventDispatcher().wakeUp()

    def present(self, title):
        self.view.setWindowTitle(title)
        self.view.update()


if __name__ == "__main__":
    form = QSurfaceFormat()
    form.setVersion(3, 3)
    form.setProfile(QSurfaceFormat.CoreProfile)
    QSurfaceFormat.setDefaultFormat(form)
    app = QApplication(sys.argv)
    with gg.open(sys.argv[1] if len(sys.argv) > 1 else "scene:?size=960x540") as source:
        surface = View(source.size).surface
        with surface, gg.Engine(gl=surface.gl) as engine:
            Viewer(engine, source, SettingsHistory(gg.Settings(focus_m=1.25)), surface=surface, tools=[FocusTool]).run()
