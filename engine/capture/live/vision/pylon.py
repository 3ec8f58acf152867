"""The source `pylon:`: cameras of Basler over USB3 Vision and GigE Vision, and pylon's camera emulation, by pypylon."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np

from ....errors import MissingExtraError, SourceError
from ...kinds import ConnectedCamera, Request
from .features import Features, Spelling, short
from .machine_vision import Grab, VisionSource
from .options import VisionOptions

PREFIX = "pylon:"
CHECK_S = 0.5
BUFFERS = 8  # one or two are being filled, up to three are leased by the viewer
NANOSECONDS = 1e9  # the clock of USB3 cameras, and of GigE cameras that do not report another
IN_USE = ("controlled by another", "exclusively opened", "access denied", "already open", "in use")


def open_source(name: str, request: Request) -> VisionSource:
    """Opens `pylon:0`, `pylon:SERIAL` or `pylon:USER-NAME`, with options as `VisionOptions` has them.

    A number below 1000 counts the connected cameras. Raises SourceError, or MissingExtraError without pypylon.
    """
    return VisionSource(name, options := VisionOptions.parse(name, request), _Connector(name, options.camera))


def list_cameras() -> Iterable[ConnectedCamera]:
    """The connected cameras, by serial number. They are not opened, so that their formats are unknown.

    Raises MissingExtraError without pypylon, SourceError if pylon cannot search.
    """
    pylon, error = _library(PREFIX)
    try:
        infos = pylon.TlFactory.GetInstance().EnumerateDevices()
    except error as found:
        raise SourceError(f"{PREFIX} pylon cannot search for cameras ({short(found)})") from found
    for info in infos:
        yield ConnectedCamera(f"{PREFIX}{info.GetSerialNumber()}", f"{info.GetVendorName()} {info.GetModelName()}")


def _library(name: str) -> tuple[Any, type[Exception]]:
    """pypylon, and the base of its errors."""
    try:
        from pypylon import genicam, pylon
    except ImportError as error:
        raise MissingExtraError(name, "pypylon", "pylon") from error
    return pylon, genicam.GenericException


class _Connector:
    """Opens the camera; again the one with the same serial number when it was gone."""

    def __init__(self, name: str, camera: str) -> None:
        self._name = name
        self._wanted = camera
        self._pylon, self._error = _library(name)

    def __call__(self) -> PylonCamera:
        factory = self._pylon.TlFactory.GetInstance()
        try:
            info = self._find(factory.EnumerateDevices())
            camera = PylonCamera(self._pylon, self._error, self._pylon.InstantCamera(factory.CreateDevice(info)))
        except self._error as error:
            reason = short(error)
            if any(words in str(error).lower() for words in IN_USE):
                raise SourceError(f"{self._name}: another program uses the camera; close it ({reason})") from error
            raise SourceError(f"{self._name}: the camera cannot be opened ({reason}); plug it in again") from error
        self._wanted = info.GetSerialNumber() or self._wanted
        return camera

    def _find(self, infos: Iterable[Any]) -> Any:
        connected = list(infos)
        for info in connected:
            if self._wanted in (info.GetSerialNumber(), info.GetUserDefinedName() or None):
                return info
        wanted = self._wanted or "0"
        if wanted.isdecimal() and len(wanted) < 4 and int(wanted) < len(connected):
            return connected[int(wanted)]
        if not connected:
            raise SourceError(f"{self._name}: no camera is connected; PYLON_CAMEMU=1 in the environment emulates one")
        names = ", ".join(f"{PREFIX}{info.GetSerialNumber()} ({info.GetModelName()})" for info in connected)
        raise SourceError(f"{self._name}: no such camera; connected: {names}")


class PylonCamera:
    """An open camera of pylon; see `VisionCamera`. Its images are grab results, whose memory outlives the camera."""

    def __init__(self, pylon: Any, error: type[Exception], camera: Any) -> None:
        self._pylon = pylon
        self._error = error
        self._camera = camera
        self.failed = 0
        self._check_due_s = 0.0
        try:
            camera.Open()
            nodes = camera.GetNodeMap()
            self.features = Features(nodes.GetNode, Spelling.PYLON, error)
            frequency = "GevTimestampTickFrequency"
            self.ticks_per_s = self.features.number(frequency) if self.features.has(frequency) else NANOSECONDS
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        try:
            self._camera.MaxNumBuffer.SetValue(BUFFERS)
            self._camera.StartGrabbing(self._pylon.GrabStrategy_OneByOne, self._pylon.GrabLoop_ProvidedByUser)
        except self._error as error:
            raise SourceError(f"the camera does not start ({short(error)})") from error

    def grab(self, timeout_s: float) -> Grab | None:
        try:
            result = self._camera.RetrieveResult(round(1000 * timeout_s), self._pylon.TimeoutHandling_Return)
            self._check_connection(waited_in_vain=not result.IsValid())
            if not result.IsValid():
                return None
            if not result.GrabSucceeded():
                self.failed += 1
                result.Release()
                return None
            return Grab(
                np.frombuffer(result.GetImageMemoryView(), np.uint8),
                (result.GetWidth(), result.GetHeight()),
                result.GetPaddingX(),
                result.GetBlockID(),
                result.GetTimeStamp(),
                result.Release,
            )
        except self._error as error:
            raise SourceError(f"the camera does not answer ({short(error)})") from error

    def _check_connection(self, waited_in_vain: bool) -> None:
        """Raises SourceError if the camera was unplugged. The question takes a millisecond, and is asked seldom."""
        now_s = perf_counter()
        if waited_in_vain or now_s >= self._check_due_s:
            self._check_due_s = now_s + CHECK_S
            if self._camera.IsCameraDeviceRemoved():
                raise SourceError("the camera was unplugged; plug it in again")

    def close(self) -> None:
        for step in (self._camera.StopGrabbing, self._camera.Close, self._camera.DestroyDevice):
            with suppress(self._error):
                step()
