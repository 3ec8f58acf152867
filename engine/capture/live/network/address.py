"""Addresses of network streams: their options for FFmpeg, their form without secrets, and what their errors mean."""

from __future__ import annotations

import errno
import re
import socket
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ....errors import SourceError

OPEN_S = 5.0  # maximum time until the host answers
STALL_S = 4.0  # a stream without data for this time is opened again
CHECK_S = 1.0  # maximum wait for a connection, to find out why a stream cannot be opened
PORTS = {"rtsp": 554, "rtsps": 322, "https": 443}
PLAYLIST_STALL_S = 20.0  # the files of a playlist are up to 10 s long; until it is known how long
TRANSPORTS = ("tcp", "udp", "udp_multicast", "http")
# Packets read while FFmpeg looks for the streams are decoded later, so a short search costs no picture.
PROBE = {"probesize": "500000", "analyzeduration": "300000", "fpsprobesize": "2"}
NO_DESCRIPTION = "does not name its codec, like most RTP; give the sender's .sdp file instead"
SILENT = "sends nothing; check the camera and the network"
NO_ANSWER = "no answer; check the address, and that the camera sends"
NO_VIDEO = "sends no video that FFmpeg reads; check the path of the address"
_TRANSPORT = re.compile(r"(?<=[?&])transport=([^&#]*)&?")
_USER = re.compile(r"(?<=://)[^/?#]+@")  # udp://@:5000 has none
# The lookahead and the excluded `?` keep the time proportional to the length, whatever the text.
_SECRET = re.compile(r"([?&](?=[^?&=#]*=)[^?&=#]*(?:pass|pwd|token|auth|secret|sig|key)[^?&=#]*=)[^&#]*", re.IGNORECASE)


class Address(NamedTuple):
    """What FFmpeg opens. `shown` has no user, password or token."""

    url: str
    shown: str
    options: dict[str, str]
    stall_s: float  # without data for this time the stream is opened again


def parse_address(name: str) -> Address:
    """The address of a stream: a URL, or the path of an .sdp file. Raises SourceError.

    >>> parse_address("rtsp://me:secret@cam/live?transport=udp").shown
    'rtsp://cam/live'
    """
    scheme, separator, _ = name.partition("://")
    if not separator:
        return Address(name, name, {**PROBE, "protocol_whitelist": "file,udp,rtp,crypto", **_for_rtp()}, STALL_S)
    transport = _TRANSPORT.search(name) if scheme.startswith("rtsp") else None
    url = name if transport is None else _TRANSPORT.sub("", name).rstrip("?&")
    shown = shown_address(url)
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) or scheme in ("udp", "rtp", "srt")
        _ = parts.port  # raises ValueError if it is not a number
    except ValueError as error:
        raise SourceError(f"{shown}: is not an address ({error}); give {scheme}://HOST:PORT/PATH") from None
    if not has_host:
        raise SourceError(f"{shown}: names no host; give {scheme}://HOST:PORT/PATH")
    if transport is not None and transport[1] not in TRANSPORTS:
        raise SourceError(f"{shown}: unknown transport '{transport[1]}'; use {', '.join(TRANSPORTS)}")
    options = PROBE | _options(scheme, "tcp" if transport is None else transport[1])
    return Address(url, shown, options, PLAYLIST_STALL_S if parts.path.lower().endswith(".m3u8") else STALL_S)


def _options(scheme: str, transport: str) -> dict[str, str]:
    if scheme.startswith("rtsp"):
        return {"rtsp_transport": transport, "allowed_media_types": "video", **_for_rtp()}
    if scheme.startswith("http"):
        return {"live_start_index": "-1"}
    if scheme == "rtp":
        return _for_rtp()
    if scheme == "udp":
        return {"buffer_size": "1048576", "overrun_nonfatal": "1"}
    if scheme == "srt":  # a sender that was killed sends no end, and SRT waits for it for 5 s
        return {"timeout": "1500000", "connect_timeout": "1500"}
    return {}


def _for_rtp() -> dict[str, str]:
    """Packets in the wrong order: wait for at most 0.1 s."""
    return {"max_delay": "100000", "reorder_queue_size": "64"}


def shown_address(url: str) -> str:
    """The address without user and password, and with `***` for each value of a query that may be a secret.

    Other names of sources are unchanged.

    >>> shown_address("http://me:secret@cam:81/video?channel=1&pwd=secret")
    'http://cam:81/video?channel=1&pwd=***'
    """
    return _SECRET.sub(r"\1***", _USER.sub("", url)) if "://" in url else url


def open_error(address: Address, error: Exception) -> SourceError:
    """What an error of PyAV while opening means, in one line without secrets."""
    return SourceError(f"{address.shown}: {_meaning(address, error)}")


def read_error(address: Address, error: Exception) -> SourceError:
    """What an error of PyAV while reading means."""
    if type(error).__name__ in ("ExitError", "TimeoutError"):
        return SourceError(f"{address.shown}: {SILENT}")
    return SourceError(f"{address.shown}: the stream broke off ({_text(error)}); check the camera and the network")


def _meaning(address: Address, error: Exception) -> str:
    scheme, host = address.url.partition("://")[0], urlsplit(address.url).hostname or ""
    match type(error).__name__:
        case "ConnectionRefusedError":
            return "refuses the connection; check the port, and that the camera sends"
        case "HTTPUnauthorizedError":
            return f"needs another user or password; give {scheme}://USER:PASSWORD@{host}"
        case "HTTPForbiddenError":
            return "does not permit this user; use another user, or change the rights on the camera"
        case "HTTPNotFoundError":
            return f"{host} has no such stream; check the path after the host"
        case "ExitError" | "TimeoutError":
            return NO_ANSWER
        case "InvalidDataError":
            return NO_DESCRIPTION if scheme == "rtp" else NO_VIDEO
        case "FileNotFoundError" if not host:
            return "no such file; save the sender's description there"
    if host and not _is_known(host):
        return f"the host '{host}' is not known; check the name"
    if isinstance(error, OSError) and error.errno == errno.EIO:
        return NO_VIDEO if _accepts(address.url) else NO_ANSWER
    return f"cannot be opened ({_text(error)}); check the address"


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _accepts(url: str) -> bool:
    """Whether the host accepts a connection. FFmpeg reports a network without a route as it does a wrong path."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or PORTS.get(parts.scheme, 80)), CHECK_S).close()
    except OSError:
        return False
    return True


def _text(error: Exception) -> str:
    """PyAV's reason. Its full message has the address with the password."""
    reason: Any = getattr(error, "strerror", None)
    return str(reason or type(error).__name__)
