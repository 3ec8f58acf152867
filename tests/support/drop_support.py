"""Drops a file on a window of an X server, as a file manager does: the XDND protocol, version 5."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

WAIT_S = 20.0


def drop(display_name: str, window_id: int, path: Path) -> None:
    """Drops `path` on the middle of the window. Returns when the window has taken it."""
    pytest.importorskip("Xlib", reason="python-xlib is not installed")
    from Xlib import X, display
    from Xlib.protocol import event

    server = display.Display(display_name)
    screen = server.screen()
    source = screen.root.create_window(0, 0, 1, 1, 0, screen.root_depth)
    target = server.create_resource_object("window", window_id)
    atom = server.intern_atom
    uri_list, selection = atom("text/uri-list"), atom("XdndSelection")
    source.set_selection_owner(selection, X.CurrentTime)

    def send(name: str, *words: int) -> None:
        data = (32, [source.id, *words, *[0] * (4 - len(words))])
        target.send_event(event.ClientMessage(window=target, client_type=atom(name), data=data))
        server.flush()

    send("XdndEnter", 5 << 24, uri_list)
    place = target.query_pointer()
    send("XdndPosition", 0, place.root_x << 16 | place.root_y, X.CurrentTime, atom("XdndActionCopy"))
    send("XdndDrop", 0, X.CurrentTime)
    deadline_s = time.monotonic() + WAIT_S
    while time.monotonic() < deadline_s:
        while server.pending_events():
            got = server.next_event()
            if got.type == X.SelectionRequest:
                uris = f"{path.as_uri()}\r\n".encode()
                got.requestor.change_property(got.property, got.target, 8, uris)
                answer = event.SelectionNotify(
                    time=got.time,
                    requestor=got.requestor,
                    selection=got.selection,
                    target=got.target,
                    property=got.property,
                )
                got.requestor.send_event(answer)
                server.flush()
            elif got.type == X.ClientMessage and got.client_type == atom("XdndFinished"):
                server.close()
                return
        time.sleep(0.01)
    raise AssertionError("the window did not take the file")
