"""The address of the page: socket, TLS, token, names of this computer, and what the terminal shows."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from groundglass.browser import address
from groundglass.browser.address import Binding, kept_token, listening_socket, show_address, tls_context
from groundglass.commands.options import EngineOptions, ServeOptions, SourceOptions, ViewOptions
from groundglass.commands.serve import run_serve
from groundglass.errors import ControlError, MissingExtraError


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    certificate, private = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private


def test_a_port_in_use_is_named() -> None:
    with listening_socket("127.0.0.1", 0) as used:
        port = used.getsockname()[1]
        with pytest.raises(ControlError, match=rf"--host 127.0.0.1 --port {port}: .*in use; choose another --port"):
            listening_socket("127.0.0.1", port)


@pytest.mark.parametrize("host", ["203.0.113.7", "no such name", "a" * 300, ""])
def test_a_host_of_another_computer_is_refused(host: str) -> None:
    with pytest.raises(ControlError, match="--host"):
        listening_socket(host, 0)


def test_the_names_of_this_computer() -> None:
    binding = Binding("studio.example", 8765, "t", True)
    own = socket.gethostname()
    assert all(map(binding.is_own, ("localhost", "127.0.0.1", "10.1.2.3", "::1", own, f"{own}.local", own.upper())))
    assert binding.is_own("studio.example.")
    assert not any(map(binding.is_own, ("", "stranger.example", "127.0.0.1.stranger.example", "localhost.stranger")))


def test_networks_that_are_down_and_loopback_have_no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    psutil = pytest.importorskip("psutil")
    four, six = socket.AF_INET, socket.AF_INET6
    found = {
        "lo": [SimpleNamespace(family=four, address="127.0.0.1")],
        "up": [SimpleNamespace(family=six, address="fe80::1"), SimpleNamespace(family=four, address="10.0.0.1")],
        "down": [SimpleNamespace(family=four, address="10.0.0.2")],
        "new": [SimpleNamespace(family=four, address="10.0.0.3")],
    }
    states = {"lo": True, "up": True, "down": False}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {name: SimpleNamespace(isup=up) for name, up in states.items()})
    assert address.network_addresses() == ["10.0.0.1", "10.0.0.3"]


def test_the_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "network_addresses", lambda: ["192.168.0.7", "10.0.0.1"])
    assert Binding("127.0.0.1", 80, "a b", False).urls() == ["http://127.0.0.1:80/?token=a%20b"]
    assert Binding("::1", 80, "t", True).urls() == ["https://[::1]:80/?token=t"]
    everywhere = Binding("0.0.0.0", 80, "t", False)
    assert everywhere.urls() == ["http://192.168.0.7:80/?token=t", "http://10.0.0.1:80/?token=t"]
    assert not everywhere.is_loopback
    assert Binding("localhost", 80, "t", False).is_loopback


def test_a_network_without_tls_gets_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    show_address(Binding("127.0.0.1", 80, "t", False))
    shown = capsys.readouterr()
    assert "--host 0.0.0.0" in shown.out
    assert shown.err == ""
    show_address(Binding("192.168.0.7", 80, "t", True))
    assert capsys.readouterr() == ("groundglass: open https://192.168.0.7:80/?token=t\n", "")
    show_address(Binding("192.168.0.7", 80, "t", False))
    assert "without TLS" in capsys.readouterr().err


def test_the_terminal_shows_a_code_to_scan(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    show_address(Binding("192.168.0.7", 8765, "t", True))
    assert len(capsys.readouterr().out.splitlines()) > 10


def test_tls_needs_a_certificate_and_its_key(pair: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = pair
    assert tls_context(None, None) is None
    assert isinstance(tls_context(certificate, key), ssl.SSLContext)
    for given, message in (
        ((certificate, None), "give both"),
        ((None, key), "give both"),
        ((tmp_path / "none.pem", key), "--tls-cert .*none.pem: cannot be read"),
        ((certificate, tmp_path), "--tls-key .*: cannot be read"),
        ((key, certificate), "are not a certificate and its key"),
    ):
        with pytest.raises(ControlError, match=message):
            tls_context(*given)


def test_a_phone_finds_the_page_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GROUNDGLASS_TOKEN", raising=False)
    file = tmp_path / "state" / "browser.json"
    token = kept_token(file)
    assert (len(token) >= 24, kept_token(file)) == (True, token)
    assert file.stat().st_mode & 0o777 == 0o600
    assert kept_token(None) != token
    second = kept_token(file, renew=True)
    assert (second != token, kept_token(file)) == (True, second)
    for damaged in ("", "[]", '{"token": 3}', '{"token": ""}', "{", '{"token": "é'):
        file.write_text(damaged)
        assert kept_token(file) == json.loads(file.read_text())["token"]
    monkeypatch.setenv("GROUNDGLASS_TOKEN", "mine")
    assert kept_token(file) == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--host", "203.0.113.7"), "--host 203.0.113.7: is not an address of this computer"),
        (("--tls-key", "key.pem"), "TLS needs a certificate and its key"),
    ],
)
def test_the_command_prints_one_line(words: tuple[str, ...], message: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "groundglass", "serve", "--fresh", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"groundglass: {message}")
    assert done.stderr.count("\n") == 1


def test_a_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiortc", None)
    with pytest.raises(MissingExtraError, match=r"groundglass serve: needs aiortc; pip install groundglass\[serve\]"):
        run_serve("scene:", SourceOptions(), EngineOptions(), ViewOptions(), ServeOptions())
