"""Connections of the remote control: without a token they make room, and replies are sent before the end."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import Future

import pytest
from groundglass.remote import server as serving
from remote_support import Harness
from window_support import until


def test_the_oldest_connection_without_a_token_makes_room(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once, and not only when its token is late: a flood of connections would take every descriptor."""
    monkeypatch.setattr(serving, "MAX_UNKNOWN", 3)
    waiting = [socket.create_connection(("127.0.0.1", harness.port)) for _ in range(3)]
    harness.client()  # which is accepted after them, and no longer unknown
    waiting.append(socket.create_connection(("127.0.0.1", harness.port)))
    for each in waiting:
        each.settimeout(2.0)
    assert waiting[0].recv(1) == b""
    waiting[1].settimeout(0.2)
    with pytest.raises(TimeoutError):
        waiting[1].recv(1)
    for each in waiting:
        each.close()


def test_a_reply_is_unsaved_until_it_is_sent(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a signal another thread ends the process as soon as nothing is unsaved: the client would wait in vain."""
    client, work = harness.client(), Future[str]()
    monkeypatch.setattr(harness.controls, "do", lambda name: work)
    assert not harness.remote.has_unsaved
    client.send({"do": "still"})
    until(lambda: harness.remote.tick(0.0) and harness.remote.has_unsaved, "the request has arrived")
    work.set_result("saved a.jpg")
    assert harness.remote.has_unsaved
    assert harness.receive(client)["message"] == "saved a.jpg"
    until(lambda: not harness.remote.has_unsaved, "the reply is sent")
    client.send({"do": "still"})
    until(lambda: harness.remote.tick(0.0) and not harness.remote._replies, "it is answered")
    until(lambda: not harness.remote.has_unsaved, "the reply is sent to a client that does not read it")


def test_connections_that_come_at_once_wait_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as may be without a token: TCP repeats a connection beyond the system's queue after 1 s."""
    is_free = threading.Event()
    accept = serving.Server._accept
    monkeypatch.setattr(serving.Server, "_accept", lambda server: is_free.wait() and accept(server))
    server = serving.Server(0, "token", lambda: None)
    clients = []
    try:
        for _ in range(serving.MAX_UNKNOWN):
            clients.append(socket.create_connection(("127.0.0.1", server.port), timeout=0.9))
    finally:
        is_free.set()
        for client in clients:
            client.close()
        server.close()
