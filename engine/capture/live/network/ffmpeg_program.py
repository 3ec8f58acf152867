"""Protocols that PyAV is built without, through the program `ffmpeg`: it passes the packets on, and decodes nothing."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

from ....errors import SourceError, cause
from .address import Address

# The table of the streams is enough: the reader of the packets looks into them. A search would cost 0.3 s.
_PROBE = {"probesize": "10000", "analyzeduration": "0"}
_COPY = ("-map", "0:v:0", "-c", "copy", "-f", "mpegts", "-flush_packets", "1", "-muxdelay", "0", "-muxpreload", "0")
END_S = 0.5  # a killed program ends within this time


class FfmpegProgram:
    """Runs `ffmpeg` on an address. `file` is the MPEG-TS that it writes; its reads end after `close`.

    Raises SourceError without the program.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        program = shutil.which("ffmpeg")
        scheme = address.url.partition("://")[0]
        if program is None:
            raise SourceError(
                f"{address.shown}: this PyAV is built without {scheme}; install the program ffmpeg, which passes it on"
            )
        options = [word for name, value in (address.options | _PROBE).items() for word in (f"-{name}", value)]
        command = [program, "-nostdin", "-loglevel", "error", *options, "-i", address.url, *_COPY, "pipe:1"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)

    @property
    def file(self) -> Any:
        return self._process.stdout

    def error(self) -> SourceError:
        """Why the program has ended, from its last line."""
        self.close()
        lines = self._process.stderr.read().decode(errors="replace").splitlines() if self._process.stderr else []
        reason = lines[-1].replace(self._address.url, "").strip(" :") if lines else "it sends nothing"
        return SourceError(
            f"{self._address.shown}: no stream ({cause(ValueError(reason))}); check the address, and that it sends"
        )

    def close(self) -> None:
        """May be called by any thread, repeatedly."""
        self._process.kill()
        self._process.wait(END_S)
