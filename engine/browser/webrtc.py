"""WebRTC: a peer connection sends the pictures that a codec's encoder makes for all its viewers."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from fractions import Fraction
from typing import Any

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from ..errors import ControlError, cause
from .encoders import CLOCK_HZ, CODECS, Encoded
from .pictures import Pictures, Subscription

MAX_QUEUED = 6  # pictures that wait for a viewer's connection: then it continues with a key picture
REPORT_S = 1.0
ANSWER_S, CLOSE_S = 5.0, 1.0  # at most, to answer an offer and to close a connection
NAMES = {"h264": "video/H264", "vp8": "video/VP8"}
RETRANSMISSION = "video/rtx"
BASELINE = "profile-level-id=42"
ANY_ADDRESS = {"0.0.0.0", "::", ""}
_all_addresses = aioice.ice.get_host_addresses


def bind_media(host: str) -> None:
    """Sends media from the address `host` alone, as the page does; from all if it is any address.

    The library has no option for this: by default it uses all addresses but loopback.
    """
    chosen = "127.0.0.1" if host == "localhost" else host

    def addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return _all_addresses(use_ipv4, use_ipv6) if host in ANY_ADDRESS else [chosen]

    aioice.ice.get_host_addresses = addresses


class LiveTrack(MediaStreamTrack):
    """Encoded pictures for one viewer. If its connection is slow, it skips to the next key picture."""

    kind = "video"

    def __init__(self, pictures: Pictures, codec: str) -> None:
        super().__init__()
        self._server_loop, self._pictures = asyncio.get_running_loop(), pictures
        self._queue: deque[Encoded] = deque()
        self._arrived = asyncio.Event()
        self._skips = False  # until a key picture
        self.subscription: Subscription = pictures.subscribe(codec, self._deliver)

    def _deliver(self, encoded: Encoded) -> None:
        """Called in the encoder's thread."""
        with suppress(RuntimeError):  # the server is closed
            self._server_loop.call_soon_threadsafe(self._enqueue, encoded)

    def _enqueue(self, encoded: Encoded) -> None:
        if len(self._queue) >= MAX_QUEUED:
            self._queue.clear()
            self._skips = True
            self.request_key()
        self._skips = self._skips and not encoded.is_key
        if not self._skips:
            self._queue.append(encoded)
            self._arrived.set()

    def request_key(self) -> None:
        """The viewer needs a picture that depends on none before it."""
        self._pictures.request_key(self.subscription)

    async def recv(self) -> Any:
        import av

        while not self._queue:
            if self.readyState != "live":
                raise MediaStreamError
            self._arrived.clear()
            await self._arrived.wait()
        encoded = self._queue.popleft()
        packet = av.Packet(encoded.data)
        packet.pts, packet.time_base = encoded.pts, Fraction(1, CLOCK_HZ)
        return packet

    def stop(self) -> None:
        super().stop()
        self._pictures.unsubscribe(self.subscription)
        self._arrived.set()


class PeerStream:
    """A stream to one viewer. `close` ends it."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        # No server helps to find a way: viewers are on the same network.
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._track: LiveTrack | None = None
        self._reports: asyncio.Task[None] | None = None

    async def answer(self, offer: str) -> str:
        """The SDP that answers a viewer's offer to receive a video. ControlError if no codec is common."""
        codec = _codec_of(offer)
        self._track = track = LiveTrack(self._pictures, codec)
        try:
            transceiver = self._peer.addTransceiver(track, direction="sendonly")
            capabilities = RTCRtpSender.getCapabilities("video").codecs
            transceiver.setCodecPreferences(
                [each for each in capabilities if each.mimeType in (NAMES[codec], RETRANSMISSION)]
            )
            # A lost picture is reported to the sender alone, which would ask its own encoder for a key picture.
            vars(transceiver.sender)["_send_keyframe"] = track.request_key
            async with asyncio.timeout(ANSWER_S):  # some damaged offers are never answered
                await self._peer.setRemoteDescription(RTCSessionDescription(_without_hidden(offer), "offer"))
                await self._peer.setLocalDescription(await self._peer.createAnswer())
        except Exception as error:  # the offer is not one for a video
            await self.close()
            raise ControlError(f"the offer cannot be answered ({cause(error)})") from error
        self._reports = asyncio.ensure_future(self._report(transceiver.sender, track))
        return str(self._peer.localDescription.sdp)

    async def _report(self, sender: RTCRtpSender, track: LiveTrack) -> None:
        """Passes the loss that the viewer reports on to the encoder."""
        while self._peer.connectionState not in ("failed", "closed"):
            await asyncio.sleep(REPORT_S)
            for stats in (await sender.getStats()).values():
                if stats.type == "remote-inbound-rtp":
                    track.subscription.lost = stats.fractionLost / 256  # RFC 3550, section 6.4.1
        track.stop()

    async def close(self) -> None:
        """Ends the stream. Harmless when called twice."""
        if self._reports is not None:
            self._reports.cancel()
        if self._track is not None:
            self._track.stop()
        with suppress(TimeoutError, AttributeError):  # a damaged offer left it half open
            async with asyncio.timeout(CLOSE_S):
                await self._peer.close()


def _codec_of(offer: str) -> str:
    """The codec for a viewer: the first of CODECS that its browser receives. ControlError if it receives none."""
    lines = offer.lower()
    is_baseline = BASELINE in lines  # the profile of H.264 that is sent
    for codec in CODECS:
        if f" {NAMES[codec].partition('/')[2]}/{CLOCK_HZ}".lower() in lines and (is_baseline or codec != "h264"):
            return codec
    raise ControlError("the offer has neither H.264 nor VP8; use /stream.mjpg")


def _without_hidden(offer: str) -> str:
    """An offer without addresses that the browser hides by names of multicast DNS.

    To look them up takes a second or fails. The browser's own packets show its address (RFC 8445, section 7.3.1.3),
    for which the connection waits as long as the list of addresses is not complete.
    """
    lines = offer.splitlines(keepends=True)
    hidden = [line for line in lines if line.startswith("a=candidate:") and ".local " in line]
    return "".join(line for line in lines if line not in hidden and not line.startswith("a=end-of-candidates"))
