"""`groundglass serve`: the live view in a browser."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import MissingExtraError
from .arguments import SERVED_SCENE
from .options import EngineOptions, ServeOptions, SourceOptions, ViewOptions
from .view import run_view

if TYPE_CHECKING:
    from ..browser.pictures import Pictures
    from ..browser.server import WebServer
    from ..capture import Source
    from ..display.letterbox import Place
    from ..display.surface import Surface
    from ..live_edit.editing import Editing
    from ..viewfinder.fitting import Fitting, ToolOptions


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

    if source == SERVED_SCENE and source_options.fps is not None:
        source = "scene:"
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
    """The page: its pictures come from a bitmap surface; its menus and texts are its own."""

    shows_text = False

    def __init__(self, server: WebServer, pictures: Pictures) -> None:
        self._server, self._pictures = server, pictures

    def open_surface(
        self, source: Source, size: tuple[int, int] | None, view: ViewOptions, place: Place | None
    ) -> Surface:
        from ..browser.surface import StreamSurface

        surface = StreamSurface(source.size, self._pictures.offer, wanted=size, fps=source.fps)
        self._resize = surface.follow
        return surface

    def fit_tools(self, options: ToolOptions, editing: Editing) -> list[Fitting]:
        from ..browser.tool import BrowserTool
        from ..viewfinder.fitting import fit_tools

        browser = partial(
            BrowserTool, editing=editing, server=self._server, pictures=self._pictures, resize=self._resize
        )
        return [*fit_tools(replace(options, in_window=False, on_saved=self._server.add_still), editing), browser]
