"""The tool for remote control over a local socket."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from ..display.tool import ToolContext
from ..documents import parse_json, read_text
from ..errors import OutputError, print_line
from ..files import whole_file
from .exchange import Exchange
from .server import Server

if TYPE_CHECKING:
    from ..live_edit.editing import Editing

TOKEN_VARIABLE = "GROUNDGLASS_TOKEN"  # environment variable; by default the token is random


def control_file() -> Path:
    """The file with the port and the token of a run: `~/.local/state/groundglass/control.json` on Linux."""
    from platformdirs import user_state_path

    return user_state_path("groundglass", appauthor=False) / "control.json"


class Remote(Exchange):
    """Listens on the local `port`, and writes port and token to `file`, which only this user can read."""

    def __init__(self, tool_context: ToolContext, editing: Editing, port: int, file: Path) -> None:
        self._file = file
        token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(18)
        server = Server(port, token, tool_context.surface.wake)
        try:
            write_private(file, {"port": server.port, "token": token, "pid": os.getpid()})
        except OutputError:
            server.close()
            raise
        super().__init__(tool_context, editing, server)
        print_line(f"control on 127.0.0.1:{server.port}, token in {file}")

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            if parse_json(read_text(self._file))["pid"] == os.getpid():  # a later run may have replaced the file
                self._file.unlink()


def write_private(file: Path, document: dict[str, object]) -> None:
    """Writes a JSON file atomically, readable by this user only. OutputError if it cannot be written."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole_file(file, mode=0o600) as part:
            part.write_text(json.dumps(document), encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{file}: cannot be written ({error.strerror}); make its folder writable") from error
