"""Addresses of streams: options, and the form that is shown, without secrets."""

from __future__ import annotations

import pytest
from groundglass.capture.live.network.address import parse_address, shown_address
from groundglass.errors import SourceError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://me:p%40w@cam.local:554/live", "rtsp://cam.local:554/live"),
        ("rtsp://me:p@w@cam/live", "rtsp://cam/live"),
        ("http://cam/video?channel=1&user=me&password=pw", "http://cam/video?channel=1&user=me&password=***"),
        ("https://cam/v.m3u8?access_token=abc", "https://cam/v.m3u8?access_token=***"),
        ("srt://cam:9000?passphrase=0123456789", "srt://cam:9000?passphrase=***"),
        ("udp://@:5000", "udp://@:5000"),
        ("udp://@239.0.0.1:5000?localaddr=10.0.0.2", "udp://@239.0.0.1:5000?localaddr=10.0.0.2"),
        ("http://cam/a@b", "http://cam/a@b"),
        ("http://cam/video?flag", "http://cam/video?flag"),
        ("rtsp://me:pw@cam?x=1", "rtsp://cam?x=1"),
    ],
)
def test_secrets_are_not_shown(url: str, shown: str) -> None:
    assert shown_address(url) == shown


def test_the_transport_is_an_option_and_not_a_part_of_the_address() -> None:
    plain = parse_address("rtsp://cam/live")
    assert plain.options["rtsp_transport"] == "tcp"
    for url, left in (
        ("rtsp://cam/live?transport=udp", "rtsp://cam/live"),
        ("rtsp://cam/live?transport=udp&channel=2", "rtsp://cam/live?channel=2"),
        ("rtsp://cam/live?channel=2&transport=udp", "rtsp://cam/live?channel=2"),
    ):
        address = parse_address(url)
        assert (address.url, address.options["rtsp_transport"]) == (left, "udp")
    assert parse_address("http://cam/?transport=udp").url == "http://cam/?transport=udp"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("rtsp:///live", "names no host"),
        ("http://:80/", "names no host"),
        ("rtsp://cam:port/", "is not an address"),
        ("rtsp://cam/?transport=pigeon", "unknown transport 'pigeon'; use tcp, udp"),
    ],
)
def test_a_wrong_address_is_refused(url: str, words: str) -> None:
    with pytest.raises(SourceError, match=words):
        parse_address(url)
