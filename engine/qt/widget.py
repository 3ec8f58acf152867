"""The widget: a live view in a thread, shown and controlled by Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import moderngl
from PySide6.QtCore import QEvent, QObject, QSize, Qt, QThread, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
    QOffscreenSurface,
    QOpenGLContext,
    QResizeEvent,
    QShowEvent,
    QSurfaceFormat,
    QWheelEvent,
)
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from ..capture.in_memory import Input
from ..display import events
from ..display.letterbox import Size
from ..errors import DeviceError, GroundglassError, print_line
from ..viewfinder.session import LiveOptions, Session, SessionControls
from .keys import button_name, key_name, modifiers_of
from .surface import QtContext, QtSurface, SwapChain

NO_OPENGL = (
    "groundglass.qt: Qt has no OpenGL 3.3 here; install a driver of the graphics card, or Mesa (libgl1-mesa-dri, "
    "libegl1), or use another QT_QPA_PLATFORM"
)
WHEEL_STEP = 120.0  # eighths of a degree, by Qt's convention


def surface_format() -> QSurfaceFormat:
    """OpenGL 3.3 core. Make it the default before the first widget: on macOS it has to be."""
    form = QSurfaceFormat()
    form.setVersion(3, 3)
    form.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    return form


class _Thread(QThread):
    """Runs `work`. An error is kept; it is raised in no thread."""

    def __init__(self, parent: QObject, work: Callable[[], None]) -> None:
        super().__init__(parent)
        self._work = work
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._work()
        except Exception as error:  # the widget reports it
            self.error = error


class GroundglassWidget(QOpenGLWidget, SessionControls):
    """The viewfinder with all its tools, keys and pointer, as a widget of Qt.

    `source` and the keyword arguments are those of `groundglass.view`, without its window. The view runs in a thread of
    its own from the moment that the widget is shown, so that no frame delays the program. It ends with the widget:
    `close`, or `shut_down`. `scale` is the size of the live picture relative to the frame; None holds the frame rate.
    Without `shows_text` the picture has no status line; `statusChanged` has it.

    A click focuses, the wheel zooms, with Alt it turns the aperture, keys are those of docs/keys.md, files can be
    dropped. `set` and `do` use the controls by their names. Raises SourceError and LookError.
    """

    statusChanged = Signal(str)  # noqa: N815 - Qt's convention
    failed = Signal(str)  # the view has ended with this error
    finished = Signal()  # the view has ended: by Q, Escape, an error, the end of the program
    _presented = Signal(str)
    _fullscreen = Signal()

    def __init__(self, source: Input = "scene:", *, parent: QWidget | None = None, **keywords: Any) -> None:
        super().__init__(parent)
        self._options = LiveOptions.of("GroundglassWidget", **keywords)
        self._given = source
        self._session = Session(source, self._options)
        self._swap_chain = SwapChain()
        self._geometry: tuple[Size, float] = ((1, 1), 1.0)
        self._thread: _Thread | None = None
        self._status = ""
        self._shown_gl: moderngl.Context | None = None
        self._context: QOpenGLContext | None = None
        self._off_screen: QOffscreenSurface | None = None
        self._reason = QLabel(self)  # why there is no picture
        self._reason.setWordWrap(True)
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._reason.setStyleSheet("background: #202020; color: #e0e0e0; padding: 16px;")
        self._reason.hide()
        self.setFormat(surface_format())
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._presented.connect(self._show_frame, Qt.ConnectionType.QueuedConnection)
        self._fullscreen.connect(self._toggle_fullscreen, Qt.ConnectionType.QueuedConnection)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.shut_down)

    @property
    def status(self) -> str:
        """The status line of the picture."""
        return self._status

    def sizeHint(self) -> QSize:  # noqa: N802
        width, height = self._session.source.size
        part = min(1.0, 1280 / width, 800 / height)
        return QSize(round(width * part), round(height * part))

    def shut_down(self) -> None:
        """Ends the view and waits for its thread: output is written, the source is closed. Harmless when repeated."""
        thread, self._thread = self._thread, None
        self._session.close()
        if thread is not None:
            thread.finished.disconnect(self._on_thread_end)
            thread.wait()

    # Drawing

    def initializeGL(self) -> None:  # noqa: N802
        shared = self.context()
        shared.aboutToBeDestroyed.connect(self._forget_context)
        current: Any = QtContext(shared)
        try:
            self._shown_gl = moderngl.create_context(require=330, context=current)
            if self._thread is None:
                self._start(shared)
        except Exception as error:  # the driver is older than OpenGL 3.3; the widget shows it
            self._report(error)

    def _start(self, shared: QOpenGLContext) -> None:
        if not QOpenGLContext.supportsThreadedOpenGL():
            raise DeviceError(
                "groundglass.qt: this platform of Qt has no OpenGL in threads; use another QT_QPA_PLATFORM"
            )
        off_screen = QOffscreenSurface()
        off_screen.setFormat(shared.format())
        off_screen.create()  # in the thread of the program, as Qt requires
        context = QOpenGLContext()
        context.setFormat(shared.format())
        context.setShareContext(shared)
        if not context.create():
            raise DeviceError("groundglass.qt: the driver shares no OpenGL context with the widget; update it")
        self._context, self._off_screen = context, off_screen
        screen, window = self.screen(), self.isWindow()
        session, refresh_hz, own_thread = self._session, None if screen is None else screen.refreshRate(), self.thread()

        def make_surface() -> QtSurface:
            return QtSurface(
                QtContext(context, off_screen),
                self._swap_chain,
                lambda: self._geometry,
                refresh_hz,
                self._presented.emit,
                self._fullscreen.emit if window else None,
            )

        def work() -> None:
            try:
                session.run(make_surface)
            finally:
                context.doneCurrent()
                context.moveToThread(own_thread)  # which destroys it

        thread = self._thread = _Thread(self, work)
        context.moveToThread(thread)
        self._measure()
        thread.finished.connect(self._on_thread_end)
        thread.start()

    def resizeGL(self, width: int, height: int) -> None:  # noqa: N802
        del width, height  # in units of the window system
        self._measure()

    def _measure(self) -> None:
        ratio = self.devicePixelRatioF()
        size = max(round(self.width() * ratio), 1), max(round(self.height() * ratio), 1)
        self._geometry = size, ratio
        self._session.send(lambda queue: queue.post(events.Signal.REPAINT))

    def paintGL(self) -> None:  # noqa: N802
        gl = self._shown_gl
        if gl is None:
            return
        screen = gl.detect_framebuffer(self.defaultFramebufferObject())
        screen.clear(0.0, 0.0, 0.0, 1.0)
        with self._swap_chain.shown() as texture:
            if texture is None:
                return
            picture = gl.external_texture(texture.glo, texture.size, 4, 0, "f1")
            framebuffer = gl.framebuffer([picture])
            gl.copy_framebuffer(screen, framebuffer)
            framebuffer.release()

    def _show_frame(self, status: str) -> None:
        if status != self._status:
            self._status = status
            self.statusChanged.emit(status)
            if self.isWindow():
                self.setWindowTitle(status)
        self.update()

    def _forget_context(self) -> None:
        """The widget moves to another window, which has another context: the view begins again there."""
        settings = self.settings
        self.shut_down()
        self._shown_gl = None
        self._swap_chain = SwapChain()
        self._session = Session(self._given, self._options.with_settings(settings))

    def _on_thread_end(self) -> None:
        thread, self._thread = self._thread, None
        if thread is not None and thread.error is not None:
            self._report(thread.error)
        self.finished.emit()
        if self.isWindow():
            self.close()

    def _report(self, error: Exception) -> None:
        message = str(error) if isinstance(error, GroundglassError) else repr(error)
        print_line(message)
        self._reason.setText(message)
        self._reason.setGeometry(self.rect())
        self._reason.show()
        self.failed.emit(message)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        QTimer.singleShot(0, self._check_opengl)

    def _check_opengl(self) -> None:
        """Without OpenGL, Qt neither begins nor paints the widget."""
        if self.isVisible() and not self.isValid() and self._reason.isHidden():
            self._report(DeviceError(NO_OPENGL))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._reason.setGeometry(self.rect())

    def _toggle_fullscreen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    # Input

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        self._key(event, pressed=True)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        self._key(event, pressed=False)

    def _key(self, event: QKeyEvent, *, pressed: bool) -> None:
        name, held, text = key_name(event), modifiers_of(event.modifiers()), event.text()
        repeated = event.isAutoRepeat()
        self._session.send(lambda queue: queue.key(name, pressed, held, repeated))
        if pressed and text.isprintable() and text:
            self._session.send(lambda queue: queue.text(text))

    def focusNextPrevChild(self, following: bool) -> bool:  # noqa: N802
        """Tab is a key of the viewfinder."""
        return False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        x, y = self._pixels(event)
        self._session.send(lambda queue: queue.move(x, y))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._button(event, pressed=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._button(event, pressed=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self._button(event, pressed=True)

    def _button(self, event: QMouseEvent, *, pressed: bool) -> None:
        name, (x, y) = button_name(event.button()), self._pixels(event)
        if name is not None:
            self._session.send(lambda queue: queue.move(x, y))
            held = modifiers_of(event.modifiers())
            self._session.send(lambda queue: queue.button(name, pressed, x, y, held))

    def _pixels(self, event: QMouseEvent) -> tuple[float, float]:
        ratio, at = self.devicePixelRatioF(), event.position()
        return at.x() * ratio, at.y() * ratio

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        turned, held = event.angleDelta(), modifiers_of(event.modifiers())
        steps = (turned.y() or turned.x()) / WHEEL_STEP  # with Alt Qt exchanges the axes
        self._session.send(lambda queue: queue.scroll(steps, held))
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        paths = tuple(url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile())
        if paths:
            self._session.send(lambda queue: queue.post(events.Drop(paths)))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._measure()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        self.shut_down()
        super().closeEvent(event)
