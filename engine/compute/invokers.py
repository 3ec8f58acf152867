"""Keeps in memory the functions that pyopencl generates for each kernel, to queue it and to set its arguments.

pyopencl reads them from its database for every kernel object: 0.4 to 0.8 ms each, 50 times at a new scale of the live
picture. From memory it is 0.05 to 0.1 ms (measured).
"""

from __future__ import annotations

from typing import Any


class KeptInvokers:
    """pyopencl's store of generated functions, with a dictionary before it."""

    def __init__(self, stored: Any) -> None:
        self._stored = stored
        self._kept: dict[Any, Any] = {}

    def __getitem__(self, key: Any) -> Any:
        """Raises KeyError for a kernel whose functions were never generated."""
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = self._stored[key]
        return found

    def store_if_not_present(self, key: Any, generated: Any) -> None:
        self._stored.store_if_not_present(key, generated)


def keep_invokers() -> None:
    """Makes pyopencl keep them. Does nothing the second time, or for a version without such a store."""
    import pyopencl.invoker as invoker

    stored = getattr(invoker, "invoker_cache", None)
    if stored is not None and not isinstance(stored, KeptInvokers):
        setattr(invoker, "invoker_cache", KeptInvokers(stored))  # noqa: B010
