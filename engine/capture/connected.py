"""The connected cameras of every kind. A kind that fails or hangs does not stop the others."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from ..errors import GroundglassError, MissingExtraError, cause
from .kinds import ConnectedCamera, listing_kind, schemes

SEARCH_S = 8.0  # GigE Vision and network cameras answer within some seconds


class Found(NamedTuple):
    """The result of one kind: its cameras, or why there are none."""

    scheme: str  # such as `v4l2:`
    cameras: tuple[ConnectedCamera, ...] = ()
    problem: str = ""  # empty if the search succeeded
    extra: str = ""  # the extra of the missing library, if that is the problem


def find_cameras(timeout_s: float = SEARCH_S) -> list[Found]:
    """Searches all kinds that list cameras, at the same time, for at most `timeout_s` seconds.

    A kind that has not ended by then is reported, and its search ends later in a daemon thread.
    """
    searches = [_Search(scheme) for scheme in schemes()]
    until_s = time.perf_counter() + timeout_s
    for search in searches:
        search.thread.join(max(until_s - time.perf_counter(), 0.0))
    hanging = f"no answer after {timeout_s:g} s; unplug the camera and plug it in again"
    found: list[Found] = []
    for search in searches:
        result = search.result
        found += [Found(search.scheme, problem=hanging)] if result is None else result
    return found


class _Search:
    """The search of one kind in its own thread. `result` is empty without a list of cameras, and None until the end."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        self.result: list[Found] | None = None
        self.thread = threading.Thread(target=self._run, name=f"groundglass-find-{scheme}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.result = self._found()

    def _found(self) -> list[Found]:
        try:
            kind = listing_kind(self.scheme)
            return [] if kind is None else [Found(self.scheme, tuple(kind.list_cameras()))]
        except MissingExtraError as error:
            return [Found(self.scheme, problem=str(error), extra=error.extra)]
        except GroundglassError as error:
            return [Found(self.scheme, problem=str(error))]
        except Exception as error:  # a driver's own error
            return [Found(self.scheme, problem=f"{self.scheme} {type(error).__name__}: {cause(error)}")]
