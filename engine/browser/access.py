"""Who gets an answer: requests with the token, to an own name of this computer, from the page itself."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .address import Binding

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Any  # the library's type of it differs between its versions
REFUSED = {
    "token": "This address lacks the token of the run. Scan the code in the terminal, or open the address there.",
    "host": "This name is not one of this computer's. Open the page by the address in the terminal.",
    "origin": "Another page has sent this request. Open the page by the address in the terminal.",
}


def guard(binding: Binding) -> Middleware:
    """The middleware that refuses each other request with 403, whether or not its path exists."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = refusal(request, binding)
        if reason is not None:
            return web.Response(status=403, text=f"groundglass: {REFUSED[reason]}\n")
        return await handler(request)

    return guarded


def refusal(request: web.Request, binding: Binding) -> str | None:
    """Why the request gets no answer, one of REFUSED; None if it gets one."""
    host = request.headers.get("Host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name is None or not binding.is_own(name):
        return "host"
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{'https' if binding.is_tls else 'http'}://{host}":
        return "origin"
    given = request.query.get("token", "").encode("utf-8", "surrogateescape")
    return None if hmac.compare_digest(given, binding.token.encode()) else "token"


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Nothing is loaded from elsewhere, framed, cached, or sent on: the address contains the token."""
    socket = f"{'wss' if request.secure else 'ws'}://{request.headers.get('Host', '')}"
    response.headers.update(
        {
            "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
            f"img-src 'self'; media-src 'self' blob:; connect-src 'self' {socket}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "Server": "groundglass",
        }
    )
