"""An RTSP server for tests, run by the system's python3 with GStreamer: `rtsp_server.py PORT [USER PASSWORD]`.

Its pictures are 256 wide; the bits of the monotonic clock in milliseconds are vertical bars of 8 pixels.
"""

from __future__ import annotations

import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

WIDTH, HEIGHT, FPS, BITS = 256, 144, 30, 32
PIPELINE = (
    "( appsrc name=source is-live=true format=time do-timestamp=true "
    f"caps=video/x-raw,format=GRAY8,width={WIDTH},height={HEIGHT},framerate={FPS}/1 ! videoconvert "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=300 bitrate=4000 "
    "! rtph264pay name=pay0 pt=96 config-interval=1 )"
)


class Factory(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc]
    def do_create_element(self, url: object) -> object:
        pipeline = Gst.parse_launch(PIPELINE)
        GLib.timeout_add(1000 // FPS, self.push, pipeline.get_by_name("source"))
        return pipeline

    def push(self, source: object) -> bool:
        """Sends the next picture; False, which ends the timer, when the client is gone."""
        now_ms = time.monotonic_ns() // 1_000_000
        row = b"".join(bytes([235 if now_ms >> bit & 1 else 16]) * (WIDTH // BITS) for bit in range(BITS))
        return source.emit("push-buffer", Gst.Buffer.new_wrapped(row * HEIGHT)) == Gst.FlowReturn.OK  # type: ignore[attr-defined]


def protect(server: object, factory: object, user: str, password: str) -> None:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)  # type: ignore[attr-defined]
    permissions = GstRtspServer.RTSPPermissions()
    for permission in ("access", "construct"):
        permissions.add_permission_for_role("viewer", f"media.factory.{permission}", True)
    factory.set_permissions(permissions)  # type: ignore[attr-defined]


def main() -> None:
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    factory = Factory()
    factory.set_shared(True)
    if len(sys.argv) > 2:
        protect(server, factory, *sys.argv[2:4])
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
