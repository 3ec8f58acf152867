"""The address of the page: the socket, TLS, the token, and how it is shown in the terminal."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import ssl
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ..documents import parse_json, read_text
from ..errors import ControlError, cause, print_line
from ..remote.remote import TOKEN_VARIABLE, write_private

BACKLOG = 32


class Binding(NamedTuple):
    """Where the page is served. `host` is an address of this computer or its name; `is_tls` with a certificate."""

    host: str
    port: int
    token: str
    is_tls: bool

    @property
    def is_loopback(self) -> bool:
        """Whether only this computer reaches the page."""
        return self.host == "localhost" or (is_address(self.host) and ipaddress.ip_address(self.host).is_loopback)

    def urls(self) -> list[str]:
        """The addresses of the page, with the token; several if it is served on all addresses of this computer."""
        is_any = is_address(self.host) and ipaddress.ip_address(self.host).is_unspecified
        hosts = (network_addresses() or ["127.0.0.1"]) if is_any else [self.host]
        scheme = "https" if self.is_tls else "http"
        return [f"{scheme}://{bracketed(host)}:{self.port}/?token={quote(self.token)}" for host in hosts]

    def is_own(self, host: str) -> bool:
        """Whether a request's Host is an address or a name of this computer.

        A page of a stranger can give its own name the address of this computer (DNS rebinding). It cannot do this with
        an address.
        """
        name = host.lower().rstrip(".")
        own = socket.gethostname().lower()
        return is_address(name) or name in {"localhost", self.host.lower(), own, f"{own}.local"}


def is_address(host: str) -> bool:
    """Whether `host` is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def bracketed(host: str) -> str:
    """A host in a URL.

    >>> bracketed("::1"), bracketed("127.0.0.1")
    ('[::1]', '127.0.0.1')
    """
    return f"[{host}]" if ":" in host else host


def network_addresses() -> list[str]:
    """The IPv4 addresses of this computer in its networks."""
    import psutil

    stats = psutil.net_if_stats()
    found = [
        address.address
        for name, addresses in psutil.net_if_addrs().items()
        for address in addresses
        if address.family == socket.AF_INET and (name not in stats or stats[name].isup)
    ]
    return [address for address in found if not ipaddress.ip_address(address).is_loopback]


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`, 0 for any free port. ControlError if that is not possible."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ControlError(
            f"--host {host}: is not an address of this computer ({cause(error)}); use 0.0.0.0 for all of them"
        ) from error
    listening = socket.socket(family, kind)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        if error.errno in (errno.EADDRNOTAVAIL, errno.EINVAL):
            raise ControlError(
                f"--host {host}: is not an address of this computer ({error.strerror}); use 0.0.0.0 for all of them"
            ) from error
        where = f"--host {host} --port {port}"
        raise ControlError(f"{where}: {error.strerror}; choose another --port, or 0 for any free port") from error
    return listening


def tls_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """The TLS settings of a certificate and its key, PEM files; None without. ControlError if they are unusable."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise ControlError("TLS needs a certificate and its key; give both --tls-cert and --tls-key")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    for option, path in (("--tls-cert", certificate), ("--tls-key", key)):
        if not os.access(path, os.R_OK) or not path.is_file():
            raise ControlError(f"{option} {path}: cannot be read; give a PEM file")
    try:
        context.load_cert_chain(certificate, key, password="")  # not asked for in the terminal
    except (OSError, ValueError) as error:
        raise ControlError(
            f"--tls-cert {certificate} --tls-key {key}: are not a certificate and its key without a password "
            f"({cause(error)}); give two PEM files"
        ) from error
    return context


def browser_file() -> Path:
    """The file with the token: `~/.local/state/groundglass/browser.json` on Linux."""
    from platformdirs import user_state_path

    return user_state_path("groundglass", appauthor=False) / "browser.json"


def kept_token(file: Path | None, *, renew: bool = False) -> str:
    """The token: of the environment, else that in `file`, so that a phone finds the page again, else a new one.

    Without `file` it is new, and not kept. Raises OutputError if the file cannot be written, ControlError if it should
    `renew` a token that it does not keep.
    """
    token = os.environ.get(TOKEN_VARIABLE)
    if renew and (token or file is None):
        keeper = f"{TOKEN_VARIABLE} in the environment" if token else "--fresh"
        raise ControlError(f"--new-token renews the saved token, which {keeper} replaces; leave out one of them")
    if token:
        return token
    if file is not None and not renew and file.is_file():
        try:
            token = parse_json(read_text(file))["token"]
        except (OSError, ValueError, TypeError, KeyError):  # damaged: it is replaced
            token = ""
        if isinstance(token, str) and token:
            return token
    token = secrets.token_urlsafe(18)
    if file is not None:
        write_private(file, {"token": token})
    return token


def show_address(binding: Binding) -> None:
    """Prints the addresses, a code to scan if other devices reach them, and a warning without TLS."""
    urls = binding.urls()
    for url in urls:
        print(f"groundglass: open {url}", flush=True)
    if binding.is_loopback:
        print("groundglass: only this computer reaches it; for a phone on the same network add --host 0.0.0.0")
        return
    if sys.stdout.isatty():
        import segno

        segno.make(urls[0], error="l").terminal(compact=True)
    if not binding.is_tls:
        print_line(
            "without TLS everyone in this network can read the address with its token; use it in a network that you "
            "trust, or give --tls-cert and --tls-key"
        )
