"""The links of finished pages: every file and anchor exists, and nothing is loaded from another host."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# A browser loads these by itself; a link is followed only on request.
LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("source", "src"), ("iframe", "src")}
METADATA = {"canonical", "prev", "next", "alternate"}  # kinds of <link> that load nothing


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = {""}
        self.links: list[tuple[str, bool]] = []  # the target, and whether a browser loads it by itself
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.anchors |= {value for name in ("id", "name") if (value := values.get(name))}
        is_metadata = tag == "link" and values.get("rel") in METADATA
        for name in ("href", "src"):
            if (value := values.get(name)) is not None and not is_metadata:
                self.links.append((value, (tag, name) in LOADED))


@cache
def _page(path: Path) -> _Page:
    return _Page(path.read_text(encoding="utf-8"))


def dead_links(website: Path) -> list[str]:
    """One line for each link of the website without a target, and for each file that another host would send."""
    _page.cache_clear()
    found = []
    for path in sorted(website.rglob("*.html")):
        for link, is_loaded in _page(path).links:
            fault = _fault(website, path, link, is_loaded)
            if fault:
                found.append(f"{path.relative_to(website)}: {link}: {fault}")
    return found


def _fault(website: Path, path: Path, link: str, is_loaded: bool) -> str:
    parts = urlsplit(link)
    if parts.scheme in ("data", "mailto"):
        return ""
    if parts.scheme or parts.netloc:
        return "is loaded from another host" if is_loaded else ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return "no such file" if not target.is_dir() else "a folder has no page"
    if website.resolve() not in target.parents:
        return "is outside of the website"
    if target.suffix == ".html" and unquote(parts.fragment) not in _page(target).anchors:
        return "no such anchor"
    return ""
