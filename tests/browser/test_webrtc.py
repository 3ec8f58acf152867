"""WebRTC: a peer receives the pictures, gets a key picture when it lost one, and skips if it is slow."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiortc import RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from groundglass.browser.encoders import Encoded
from groundglass.browser.pictures import Pictures
from groundglass.browser.webrtc import MAX_QUEUED, LiveTrack, PeerStream, _codec_of
from groundglass.errors import ControlError
from server_support import TOKEN, WAIT_S, Moving, Served, Socket, picture_of


async def received_track(viewer: Socket, peer: RTCPeerConnection, *, codec: str) -> Any:
    """The video that the server sends to an offer of one codec."""
    codecs = [each for each in RTCRtpReceiver.getCapabilities("video").codecs if each.name == codec]
    peer.addTransceiver("video", direction="recvonly").setCodecPreferences(codecs)
    await peer.setLocalDescription(await peer.createOffer())
    reply = await viewer.request(offer=peer.localDescription.sdp)
    assert reply["ok"], reply
    assert f" {codec}/90000" in reply["value"]
    await peer.setRemoteDescription(RTCSessionDescription(reply["value"], "answer"))
    return peer.getReceivers()[0]


@pytest.mark.parametrize("codec", ["H264", "VP8"])
def test_a_peer_receives_the_pictures(codec: str, served: Served) -> None:
    async def work() -> None:
        async with aiohttp.ClientSession(served.url) as client:
            viewer = Socket(await client.ws_connect("/socket", params={"token": TOKEN}))
            peer = RTCPeerConnection()
            receiver = await received_track(viewer, peer, codec=codec)
            frame = await asyncio.wait_for(receiver.track.recv(), WAIT_S)
            assert (frame.width, frame.height) == (160, 96)
            encoded = queue.Queue[Encoded]()
            subscription = served.pictures.subscribe(codec.lower(), encoded.put)
            loop = asyncio.get_running_loop()
            assert (await loop.run_in_executor(None, encoded.get, True, WAIT_S)).is_key  # for the new one
            assert not (await loop.run_in_executor(None, encoded.get, True, WAIT_S)).is_key
            (ssrc,) = {source.source for source in receiver.getSynchronizationSources()}
            await receiver._send_rtcp_pli(ssrc)
            while not (await loop.run_in_executor(None, encoded.get, True, WAIT_S)).is_key:
                pass
            served.pictures.unsubscribe(subscription)
            assert await viewer.request(stop=True) == {"ok": True}
            assert not served.pictures.is_watched
            await peer.close()

    with Moving(served.pictures):
        asyncio.run(work())


def test_a_slow_connection_continues_with_a_key_picture() -> None:
    async def work() -> None:
        pictures = Pictures()
        track = LiveTrack(pictures, "h264")
        for number in range(MAX_QUEUED + 3):
            track._enqueue(Encoded(b"%d" % number, number == 0, number + 1))
        track._enqueue(Encoded(b"key", True, 99))
        assert pictures._encodings["h264"].needs_key
        assert bytes(await track.recv()) == b"key"
        track.stop()
        track.stop()
        assert not pictures.is_watched

    asyncio.run(work())


def test_h264_is_preferred_in_the_profile_that_is_sent() -> None:
    h264, vp8 = "a=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id={}\r\n", "a=rtpmap:97 VP8/90000\r\n"
    assert _codec_of(vp8 + h264.format("42e01f")) == "h264"
    assert _codec_of(vp8 + h264.format("640c1f")) == "vp8"
    with pytest.raises(ControlError, match="neither H"):
        _codec_of(h264.format("640c1f"))


def test_an_offer_without_a_common_codec_is_refused() -> None:
    async def work() -> None:
        pictures = Pictures()
        pictures.offer(np.asarray(picture_of((1, 2, 3))))
        for offer in ("", "v=0", "a=rtpmap:96 AV1/90000", "v=0\r\na=rtpmap:96 VP8/90000\r\nm=video"):
            stream = PeerStream(pictures)
            with pytest.raises(ControlError):
                await stream.answer(offer)
            await stream.close()
        assert not pictures.is_watched

    asyncio.run(work())


@pytest.mark.parametrize(
    "change",
    [
        ("v=0\r\n", ""),
        ("a=group:BUNDLE 0", "a=group:BUNDLE 0a=group:BUNDLE 0"),
        ("m=video 9", "m=audio 9"),
        ("a=ice-pwd", "a=x"),
        ("a=mid:0", "a=mid:1"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-9"),
    ],
)
def test_a_damaged_offer_is_refused_or_answered_and_the_viewer_stays(change: tuple[str, str], served: Served) -> None:
    async def work() -> None:
        peer = RTCPeerConnection()
        peer.addTransceiver("video", direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        offer = peer.localDescription.sdp
        await peer.close()
        async with aiohttp.ClientSession(served.url) as client:
            viewer = Socket(await client.ws_connect("/socket", params={"token": TOKEN}))
            reply = await viewer.request(offer=offer.replace(*change))
            assert reply["ok"] or "the offer cannot be answered" in reply["error"] or "neither" in reply["error"], reply
            assert await viewer.request(stop=True) == {"ok": True}

    asyncio.run(work())
