"""A stand-in of picamera2 with the part of its interface that a source uses: 10-bit frames that hold their number."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np

WIDTH, HEIGHT, STRIDE = 16, 8, 32
MODES = [
    {"format": "SBGGR10_CSI2P", "unpacked": "SBGGR10", "bit_depth": 10, "size": (WIDTH, HEIGHT), "fps": 120.0},
    {"format": "BGGR16_PISP_COMP1", "unpacked": "SBGGR16", "bit_depth": 12, "size": (64, 48), "fps": 10.0},
]


class MappedArray:
    def __init__(self, request: Any, stream: str, reshape: bool = True, write: bool = True) -> None:
        assert (stream, reshape, write) == ("raw", False, False)
        self._request = request

    def __enter__(self) -> MappedArray:
        self.array = self._request.buffer
        return self

    def __exit__(self, *_: object) -> None:
        self._request.unmapped += 1


class Request:
    def __init__(self, camera: Picamera2, number: int) -> None:
        self._camera, self._number = camera, number
        self.buffer = np.full(STRIDE * HEIGHT + 64, number, np.uint8)
        self.unmapped = self.released = 0
        camera.requests.append(self)

    def get_metadata(self) -> dict[str, Any]:
        return {
            "SensorTimestamp": time.monotonic_ns() - 5_000_000,
            "ExposureTime": self._camera.controls.get("ExposureTime", 8000),
            "AnalogueGain": self._camera.controls.get("AnalogueGain", 2.0),
            "ColourGains": (2.0, 1.5),
            "ColourCorrectionMatrix": (1.5, -0.3, -0.2, -0.2, 1.4, -0.2, 0.0, -0.5, 1.5),
            "SensorBlackLevels": (4096, 4160, 4224, 4288),
        }

    def release(self) -> None:
        self.released += 1


class Picamera2:
    instances: list[Picamera2] = []  # noqa: RUF012
    frames = 1000  # then the camera is silent

    def __init__(self, number: int) -> None:
        self.controls: dict[str, Any] = {}
        self.requests: list[Request] = []
        self.events: list[str] = []
        self.camera_controls = {
            "ExposureTime": (100, 1_000_000, 20000),
            "AnalogueGain": (1.0, 16.0, 1.0),
            "AeEnable": (False, True, True),
            "AwbEnable": (False, True, True),
        }
        self.sensor_modes = MODES
        Picamera2.instances.append(self)

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        return [{"Model": "imx219", "Num": 0, "Id": "/base/soc/i2c0mux", "Location": 2, "Rotation": 180}]

    def create_video_configuration(self, **options: Any) -> dict[str, Any]:
        return options

    def configure(self, configuration: dict[str, Any]) -> None:
        self._raw = configuration["raw"] | {"stride": 2 * configuration["raw"]["size"][0]}
        self.controls |= configuration["controls"]

    def camera_configuration(self) -> dict[str, Any]:
        return {"raw": self._raw}

    def start(self) -> None:
        self.events.append("start")

    def stop(self) -> None:
        self.events.append("stop")

    def close(self) -> None:
        self.events.append("close")

    def set_controls(self, controls: dict[str, Any]) -> None:
        self.controls |= controls

    def capture_request(self, signal_function: Any) -> None:
        if len(self.requests) < self.frames:
            job = SimpleNamespace(result=Request(self, len(self.requests)))
            threading.Timer(0.001, signal_function, (job,)).start()

    def wait(self, job: Any) -> Request:
        return job.result
