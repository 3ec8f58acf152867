"""The socket server: lines of JSON from this machine, in its own thread. A connection requires the token."""

from __future__ import annotations

import contextlib
import hmac
import json
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from ..errors import ControlError
from .protocol import Answer, Request, read_request

HOST = "127.0.0.1"
MAX_CLIENTS = 16  # connections with the token
MAX_UNKNOWN = 64  # connections before their token: the oldest makes room for the next
TOKEN_S = 5.0  # time from the connection to its token
MAX_LINE_BYTES = 1 << 16
MAX_WAITING = 64  # unanswered requests of a client, after which no more are read
MAX_UNREAD_BYTES = 1 << 20  # reply bytes that a client has not read, after which it is disconnected
READ_BYTES = 1 << 14


class Client:
    """A connection. The live loop sets `watches`."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.watches = False
        self.is_authenticated = False  # it has sent the token
        self.deadline_s = time.monotonic() + TOKEN_S  # without the token it is closed then
        self.is_refused = False  # close it after the error is sent
        self.has_ended = False  # close it after the last reply
        self.inbox, self.outbox = bytearray(), bytearray()
        self.waiting = 0


class Server:
    """Listens on the local `port`, 0 for any free port.

    Connections without the token take no place of those with it: they are closed after `TOKEN_S`, or when others wait.

    The server's thread calls `wake` for each request. The caller's thread takes and answers the requests. Raises
    ControlError if the port is not available.
    """

    def __init__(self, port: int, token: str, wake: Callable[[], None]) -> None:
        self._token, self._wake = token.encode(), wake
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, port))
            self._socket.listen(MAX_UNKNOWN)  # TCP repeats a connection beyond them only after a second
        except (OSError, OverflowError) as error:
            self._socket.close()
            reason = getattr(error, "strerror", None) or "is not a port number"
            raise ControlError(f"--control {port}: {reason}; use 0 for any free port") from error
        self.port: int = self._socket.getsockname()[1]
        self._requests: SimpleQueue[tuple[Client, Request]] = SimpleQueue()
        self._answers: deque[tuple[Client, bytes, bool]] = deque()  # client, line, whether it answers a request
        self._wake_socket, self._listening_socket = socket.socketpair()
        for each in (self._socket, self._wake_socket, self._listening_socket):
            each.setblocking(False)
        self._clients: dict[socket.socket, Client] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._selector.register(self._listening_socket, selectors.EVENT_READ)
        self._is_closing = False
        self._thread = threading.Thread(target=self._serve, name="groundglass-control", daemon=True)
        self._thread.start()

    def take(self) -> tuple[Client, Request] | None:
        """The next request, or None."""
        try:
            return self._requests.get_nowait()
        except Empty:
            return None

    def answer(self, client: Client, answer: Answer) -> None:
        """Answers the oldest unanswered request of `client`."""
        self._enqueue(client, answer, True)

    def push(self, client: Client, event: Answer) -> None:
        """Sends an event to `client`."""
        self._enqueue(client, event, False)

    def watchers(self) -> list[Client]:
        return [client for client in list(self._clients.values()) if client.watches]

    @property
    def has_unsent(self) -> bool:
        """Whether a reply or an event is not with the system yet. A client that does not read is not waited for."""
        return bool(self._answers) and self._thread.is_alive()

    def close(self) -> None:
        """Closes all connections, after sending the replies that can be sent without waiting."""
        self._is_closing = True
        self._wake_thread()
        self._thread.join()

    def _enqueue(self, client: Client, reply: Answer, is_answer: bool) -> None:
        self._answers.append((client, json.dumps(reply).encode() + b"\n", is_answer))
        self._wake_thread()

    def _wake_thread(self) -> None:
        with contextlib.suppress(OSError):  # a full buffer wakes the thread, too; a closed socket has no thread
            self._wake_socket.send(b"!")

    def _serve(self) -> None:
        while not self._is_closing:
            for key, events in self._selector.select(self._close_late()):
                ready: Any = key.fileobj
                if ready is self._socket:
                    self._accept()
                elif ready is self._listening_socket:
                    self._receive_all()
                elif ready in self._clients:
                    self._serve_client(self._clients[ready], events)
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
        except OSError:  # the client has disconnected
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = self._clients[connection] = Client(connection)
        self._selector.register(connection, selectors.EVENT_READ)
        if self._is_full():
            self._refuse(client)
            self._update_interest(client)
        unknown = self._unknown()
        if len(unknown) > MAX_UNKNOWN:
            self._disconnect(unknown[0])

    def _unknown(self) -> list[Client]:
        """The connections before their token, the oldest first."""
        return [client for client in self._clients.values() if not client.is_authenticated]

    def _close_late(self) -> float | None:
        """Closes the connections whose token is late. Returns the seconds until the next is late, None without one."""
        now_s = time.monotonic()
        for client in self._unknown():
            if client.deadline_s > now_s:
                continue
            if client.is_refused:  # it has not read why
                self._disconnect(client)
                continue
            self._reject(client, f"no token within {TOKEN_S:g} s; connect again and send it first")
            client.deadline_s = now_s + TOKEN_S
            self._update_interest(client)
        waits_s = [client.deadline_s - now_s for client in self._unknown()]
        return min(waits_s) if waits_s else None

    def _is_full(self) -> bool:
        return sum(client.is_authenticated for client in self._clients.values()) >= MAX_CLIENTS

    def _refuse(self, client: Client) -> None:
        self._reject(client, f"the limit of {MAX_CLIENTS} connections is reached; close one")

    def _receive_all(self) -> None:
        with contextlib.suppress(OSError):
            while self._listening_socket.recv(READ_BYTES):
                pass
        while self._answers:
            client, line, is_answer = self._answers[0]
            client.outbox += line
            client.waiting -= is_answer
            if client.connection in self._clients:
                self._parse_lines(client)
                self._update_interest(client)
            self._answers.popleft()  # only now: another thread asks `has_unsent`

    def _serve_client(self, client: Client, events: int) -> None:
        if events & selectors.EVENT_READ:
            try:
                received = client.connection.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                self._disconnect(client)
                return
            client.has_ended = not received
            client.inbox += received
            self._parse_lines(client)
        self._update_interest(client)

    def _parse_lines(self, client: Client) -> None:
        """Parses the received lines, up to the limit of unanswered requests."""
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
        is_known = isinstance(token, str) and hmac.compare_digest(token.encode("utf-8", "replace"), self._token)
        if is_known and self._is_full():
            self._refuse(client)
        elif is_known:
            client.is_authenticated = True
            client.outbox += b'{"ok": true}\n'
        else:
            self._reject(client, 'the first line must be {"token": "..."} with the token of this run')

    def _reject(self, client: Client, reason: str) -> None:
        client.outbox += json.dumps({"ok": False, "error": reason}).encode() + b"\n"
        client.is_refused = True

    def _update_interest(self, client: Client) -> None:
        """Sends without blocking, and registers the events that the connection waits for."""
        is_alive = self._send(client) and len(client.outbox) <= MAX_UNREAD_BYTES
        is_over = client.is_refused or (client.has_ended and not client.waiting)
        if not is_alive or (is_over and not client.outbox):
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
        """Sends without blocking. False if the client has disconnected."""
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
