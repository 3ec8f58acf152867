"""Processes that run a module of this program, and the priority of threads."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress


def module_environment() -> dict[str, str]:
    """The environment for `python -m MODULE`: it finds the modules that this process finds."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def lower_priority(niceness: int) -> None:
    """Lets the live view go before this thread and those that it starts. Other systems than Linux have no priority of
    a thread, and this has no effect there.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
