"""The socket: lines of JSON from this machine alone, from who knows the token, in a thread of its own."""

from __future__ import annotations

import contextlib
import hmac
import json
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import ControlError
from .protocol import Answer, Request, read_request

HOST = "127.0.0.1"
MAX_CLIENTS = 16
MAX_LINE_BYTES = 1 << 16  # bytes
MAX_WAITING = 64  # requests of a client that are not answered: so long nothing more is read from it
MAX_UNREAD_BYTES = 1 << 20  # bytes that a client may leave unread before it is given up
READ = 1 << 14


class Client:
    """A connection. `watches` is the loop's to set."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.watches = False
        self.is_authenticated = False  # it told the token
        self.is_refused = False  # to be closed when it was told why
        self.has_ended = False  # to be closed when all is answered
        self.inbox, self.outbox = bytearray(), bytearray()
        self.waiting = 0


class Server:
    """Listens on `port` of this machine, 0 for any that is free. `wake` is called for each request, in the server's
    thread; the requests are taken and answered in the caller's.

    Raises ControlError where the port cannot be had.
    """

    def __init__(self, port: int, token: str, wake: Callable[[], None]) -> None:
        self._token, self._wake = token.encode(), wake
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, port))
            self._socket.listen(MAX_CLIENTS)
        except (OSError, OverflowError) as error:
            self._socket.close()
            reason = getattr(error, "strerror", None) or "is no port"
            raise ControlError(f"--control {port}: {reason}; use 0 for a port that is free") from error
        self.port: int = self._socket.getsockname()[1]
        self._requests: SimpleQueue[tuple[Client, Request]] = SimpleQueue()
        self._answers: deque[tuple[Client, bytes, bool]] = deque()  # and whether it is one that a client waits for
        self._wake_socket, self._listening_socket = socket.socketpair()
        for each in (self._socket, self._wake_socket, self._listening_socket):
            each.setblocking(False)
        self._clients: dict[socket.socket, Client] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._listening_socket, selectors.EVENT_READ)
        self._ends = False
        self._thread = threading.Thread(target=self._serve, name="groundglass-control", daemon=True)
        self._thread.start()

    def take(self) -> tuple[Client, Request] | None:
        """The next request; None where there is none."""
        try:
            return self._requests.get_nowait()
        except Empty:
            return None

    def answer(self, client: Client, answer: Answer) -> None:
        """To the request that was taken first of those which `client` waits for."""
        self._enqueue(client, answer, True)

    def push(self, client: Client, event: Answer) -> None:
        """What `client` did not ask for just now."""
        self._enqueue(client, event, False)

    def watchers(self) -> list[Client]:
        return [client for client in list(self._clients.values()) if client.watches]

    def close(self) -> None:
        """Ends all connections; what was answered before is still sent where the client reads it at once."""
        self._ends = True
        self._wake_thread()
        self._thread.join()

    def _enqueue(self, client: Client, reply: Answer, waited_for: bool) -> None:
        self._answers.append((client, json.dumps(reply).encode() + b"\n", waited_for))
        self._wake_thread()

    def _wake_thread(self) -> None:
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody listens
            self._wake_socket.send(b"!")

    def _serve(self) -> None:
        while not self._ends:
            for key, events in self._selector.select():
                found: Any = key.fileobj
                if found is self._socket:
                    self._accept()
                elif found is self._listening_socket:
                    self._receive_all()
                elif found in self._clients:
                    self._serve_client(self._clients[found], events)
        self._receive_all()
        for client in list(self._clients.values()):
            self._send(client)
            self._disconnect(client)
        self._selector.close()
        for each in (self._socket, self._wake_socket, self._listening_socket):
            each.close()

    def _accept(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:  # it has gone again
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = self._clients[connection] = Client(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        if len(self._clients) > MAX_CLIENTS:
            self._reject(client, f"there are {MAX_CLIENTS} connections already; close one")
            self._update_interest(client)

    def _receive_all(self) -> None:
        with contextlib.suppress(OSError):
            while self._listening_socket.recv(READ):
                pass
        while self._answers:
            client, line, waited_for = self._answers.popleft()
            client.outbox += line
            client.waiting -= waited_for
            if client.connection in self._clients:
                self._parse_lines(client)
                self._update_interest(client)

    def _serve_client(self, client: Client, events: int) -> None:
        if events & selectors.EVENT_READ:
            try:
                heard = client.connection.recv(READ)
            except BlockingIOError:
                return
            except OSError:
                self._disconnect(client)
                return
            client.has_ended = not heard
            client.inbox += heard
            self._parse_lines(client)
        self._update_interest(client)

    def _parse_lines(self, client: Client) -> None:
        """The lines that are there, as many as may wait."""
        while client.waiting < MAX_WAITING and not client.is_refused:
            end = client.inbox.find(b"\n")
            length = len(client.inbox) if end < 0 else end
            if length > MAX_LINE_BYTES:
                self._reject(client, f"a line is longer than {MAX_LINE_BYTES} bytes")
                return
            if end < 0:
                return
            line = bytes(client.inbox[:end])
            del client.inbox[: end + 1]
            if line.strip():
                self._read_line(client, line)

    def _read_line(self, client: Client, line: bytes) -> None:
        request = read_request(line)
        if not client.is_authenticated:
            self._authenticate(client, request)
            return
        client.waiting += 1
        self._requests.put((client, request))
        self._wake()

    def _authenticate(self, client: Client, request: Request) -> None:
        token = request.get("token") if isinstance(request, dict) else None
        if isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), self._token):
            client.is_authenticated = True
            client.outbox += b'{"ok": true}\n'
        else:
            self._reject(client, 'the first line is {"token": "..."} with the token of this run')

    def _reject(self, client: Client, why: str) -> None:
        client.outbox += json.dumps({"ok": False, "error": why}).encode() + b"\n"
        client.is_refused = True

    def _update_interest(self, client: Client) -> None:
        """Sends what can be sent; asks to be told when there is more to do."""
        is_there = self._send(client) and len(client.outbox) <= MAX_UNREAD_BYTES
        is_over = client.is_refused or (client.has_ended and not client.waiting)
        if not is_there or (is_over and not client.outbox):
            self._disconnect(client)
            return
        reads = client.waiting < MAX_WAITING and not client.is_refused and not client.has_ended
        events = (selectors.EVENT_READ if reads else 0) | (selectors.EVENT_WRITE if client.outbox else 0)
        registered = client.connection in self._selector.get_map()
        if events and registered:
            self._selector.modify(client.connection, events)
        elif events:
            self._selector.register(client.connection, events)
        elif registered:
            self._selector.unregister(client.connection)

    def _send(self, client: Client) -> bool:
        """False where nobody is there."""
        try:
            while client.outbox:
                sent = client.connection.send(client.outbox)
                del client.outbox[:sent]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def _disconnect(self, client: Client) -> None:
        self._clients.pop(client.connection, None)
        client.watches = False
        if client.connection in self._selector.get_map():
            self._selector.unregister(client.connection)
        client.connection.close()
