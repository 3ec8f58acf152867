"""The first view of an installation: sharp pictures at once, while a process compiles the other kernels."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compute.pocl import has_compiled
from ..errors import GroundglassError

if TYPE_CHECKING:
    from ..settings import Settings

UNFINISHED = "first-start"  # a file in the user's folder for state: a first start has not compiled everything
NOTICE = "compiling for this processor, once; depth of field follows in half a minute"


class FirstStart:
    """Compiles in a thread, while modules are imported, what sharp pictures of mosaics of `size` need.

    `wait` waits for it. The programs of a processor are kept for all its devices.
    """

    @staticmethod
    def of(spec: str, size: tuple[int, int]) -> FirstStart | None:
        """For the device `spec`, if PoCL has compiled nothing yet, or if an earlier first start was not completed."""
        return None if has_compiled() and not _unfinished_file().exists() else FirstStart(spec, size)

    def __init__(self, spec: str, size: tuple[int, int]) -> None:
        self._spec, self._size = spec, size
        self._opened = threading.Event()
        self._applies = False
        self._thread = threading.Thread(target=self._work, name="groundglass-first-start", daemon=True)
        self._thread.start()

    @staticmethod
    def _note_unfinished() -> None:
        with suppress(OSError):
            _unfinished_file().parent.mkdir(parents=True, exist_ok=True)
            _unfinished_file().touch()

    def complete(self) -> None:
        """Everything is compiled: the next start is not the first one."""
        with suppress(OSError):
            _unfinished_file().unlink(missing_ok=True)

    def wait(self) -> None:
        self._thread.join()

    def applies(self) -> bool:
        """Whether PoCL compiles for the device. Waits until the device is open: a context is made once."""
        self._opened.wait()
        return self._applies

    def _work(self) -> None:
        try:
            with suppress(GroundglassError):  # the engine reports it
                self._compile()
        finally:
            self._opened.set()

    def _compile(self) -> None:
        from ..compute.registry import list_devices, open_device

        fitting = [
            candidate for candidate in list_devices()[0] if self._spec in ("auto", candidate.kind, candidate.spec)
        ]
        if not fitting or not fitting[0].is_cpu:
            return
        device = open_device(self._spec)
        self._applies = device.compiled.cache is not None
        self._opened.set()
        try:
            if not self._applies:
                return
            self._note_unfinished()
            from ..develop.developer import Developer
            from ..display.live_scale import start_scale
            from ..settings import Settings
            from ..warm_up import black_frame

            settings = quick_settings(Settings())
            developer = Developer(device)
            developer.develop(
                replace(black_frame(self._size, settings.focus_m), depth_m=None),
                settings.development,
                start_scale(self._size, device.is_cpu),
            )
            device.finish()
            developer.release()
        finally:
            device.close()


def _unfinished_file() -> Path:
    import platformdirs

    return platformdirs.user_state_path("groundglass") / UNFINISHED


def quick_settings(settings: Settings) -> Settings:
    """The settings of a picture without depth of field that needs few kernels."""
    from ..lens import Lens

    changes: dict[str, Any] = {"highlights": "clip", "denoise": 0.0, "temporal": 0.0, "sharpen": 0.0}
    return settings.with_(lens=Lens(), development=replace(settings.development, **changes), quality="live")
