"""A server of objects on this computer: the calls of S3 that s3fs makes (get, put, list, head), and plain HTTP."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

TIME = "2026-01-01T00:00:00.000Z"


class _Handler(BaseHTTPRequestHandler):
    """Objects by path, `/bucket/key`."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]

    def log_message(self, *_: object) -> None:
        """Prints nothing."""

    def _send(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path, query = unquote(address.path), parse_qs(address.query)
        if "list-type" in query:
            self._list(path.strip("/"), query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
        elif path in self.objects:
            content = self.objects[path]
            etag = f'"{hashlib.md5(content).hexdigest()}"'
            headers = {"ETag": etag, "Last_Modified": "Thu, 01 Jan 2026 00:00:00 GMT", "Accept_Ranges": "bytes"}
            if (span := self.headers.get("Range")) is not None:
                first, last = span.removeprefix("bytes=").split("-")
                end = min(int(last) if last else len(content) - 1, len(content) - 1)
                headers["Content_Range"] = f"bytes {first}-{end}/{len(content)}"
                self._send(206, content[int(first) : end + 1], **headers)
            else:
                self._send(200, content, **headers)
        else:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")

    do_HEAD = do_GET  # noqa: N815 - the names of http.server

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            content = _unchunked(content)
        self.objects[unquote(urlsplit(self.path).path)] = content
        self._send(200, ETag=f'"{hashlib.md5(content).hexdigest()}"')

    def _list(self, bucket: str, prefix: str, delimiter: str) -> None:
        keys = [path.removeprefix(f"/{bucket}/") for path in sorted(self.objects) if path.startswith(f"/{bucket}/")]
        keys = [key for key in keys if key.startswith(prefix)]
        below = [key for key in keys if not delimiter or delimiter not in key[len(prefix) :]]
        folders = {prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter for key in keys if key not in below}
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[f'/{bucket}/{key}'])}</Size>"
            f"<LastModified>{TIME}</LastModified></Contents>"
            for key in below
        )
        prefixes = "".join(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in folders)
        text = f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}{prefixes}</ListBucketResult>"
        self._send(200, text.encode(), Content_Type="application/xml")


def _unchunked(content: bytes) -> bytes:
    """The content of a body of chunks, each after a line with its size in hexadecimal."""
    found, at = b"", 0
    while at < len(content):
        line, _, _ = content[at:].partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            break
        start = at + len(line) + 2
        found, at = found + content[start : start + size], start + size + 2
    return found


@contextmanager
def object_server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yields the address, `http://127.0.0.1:PORT`, and the objects by path."""
    objects: dict[str, bytes] = {}
    handler = type("Handler", (_Handler,), {"objects": objects})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", objects
        finally:
            server.shutdown()
            thread.join()
