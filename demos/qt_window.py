#!/usr/bin/env python3
"""The viewfinder in a Qt program, with a slider of its own. pip install groundglass[qt]; demos/qt_window.py [SOURCE]"""

import sys

from groundglass.qt import GroundglassWidget
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QSlider, QVBoxLayout, QWidget

if __name__ == "__main__":
    app = QApplication(sys.argv)
    window = QWidget()
    picture = GroundglassWidget(sys.argv[1] if len(sys.argv) > 1 else "scene:?size=960x540", focus_m=1.25)
    aperture = QSlider(Qt.Orientation.Horizontal, minimum=95, maximum=1600, value=95)
    aperture.valueChanged.connect(lambda hundredths: picture.set("f_number", hundredths / 100))
    layout = QVBoxLayout(window)
    layout.addWidget(picture, 1)
    layout.addWidget(aperture)
    picture.statusChanged.connect(window.setWindowTitle)
    picture.finished.connect(window.close)
    window.show()
    picture.setFocus()
    sys.exit(app.exec())
