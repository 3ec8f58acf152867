"""`groundglass serve`: the live view in a browser."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from .options import EngineOptions, ServeOptions, SourceOptions, ViewOptions
from .view import fit_tools, run_view

if TYPE_CHECKING:
    from ..browser.pictures import Pictures
    from ..browser.server import WebServer
    from ..capture import Source
    from ..display.letterbox import Place
    from ..display.surface import Surface
    from ..display.tool import Tool, ToolContext
    from ..live_edit.editing import Editing


def run_serve(
    source: str, source_options: SourceOptions, options: EngineOptions, view: ViewOptions, page: ServeOptions
) -> None:
    """Serve the page with the pictures of `source` until a signal, or until the limits of `view` are reached."""
    try:
        import aiohttp  # noqa: F401
        import aiortc  # noqa: F401
        import segno  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("groundglass serve", error.name or "aiortc", "serve") from error
    from ..browser.address import Binding, browser_file, kept_token, listening_socket, show_address, tls_context
    from ..browser.pictures import Pictures
    from ..browser.server import WebServer

    tls = tls_context(page.tls_cert, page.tls_key)
    token = kept_token(None if view.fresh else browser_file(), renew=page.new_token)
    with ExitStack() as stack:
        listening = stack.enter_context(listening_socket(page.host, page.port))
        binding = Binding(page.host, listening.getsockname()[1], token, tls is not None)
        pictures = Pictures()
        server = WebServer(listening, binding, tls, pictures)
        stack.callback(pictures.close)
        stack.callback(server.close)
        show_address(binding)
        run_view(source, source_options, options, view, BrowserDisplay(server, pictures))


class BrowserDisplay:
    """The page: its pictures come from a bitmap surface, and its menus are its own."""

    def __init__(self, server: WebServer, pictures: Pictures) -> None:
        self._server, self._pictures = server, pictures

    def open_surface(
        self, source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None
    ) -> Surface:
        from ..browser.surface import StreamSurface

        surface = StreamSurface(source.size, self._pictures.offer, wanted=size, fps=source.fps)
        self._resize = surface.follow
        return surface

    def fit_tools(
        self, options: EngineOptions, view: ViewOptions, editing: Editing, announces: bool
    ) -> list[Callable[[ToolContext], Tool]]:
        from ..browser.tool import BrowserTool

        tools = fit_tools(options, view, editing, in_window=False, on_saved=self._server.add_still)
        browser = partial(
            BrowserTool, editing=editing, server=self._server, pictures=self._pictures, resize=self._resize
        )
        return [*tools, browser]
