"""Builds the documentation website: make docs. A warning or a dead link is an error.

Zensical builds the pages: it is the successor of Material for MkDocs by the same authors. MkDocs 1, on which that theme
depends, has had no release since 2024, and the theme itself is no longer developed.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import commands, passes, python_api
from .links import dead_links
from .pages import Pages, page_of
from .structure import sections_of

REPOSITORY = Path(__file__).resolve().parents[2]
ASSETS = Path(__file__).parent / "assets"
MARK = "sitemap.xml"  # a folder with this file may be replaced
PICTURES = (".jpg", ".png", ".svg", ".gif")
# The template takes this from another host; it lets a browser search pages of the file system.
WORKER = re.compile(r'<script src="https://unpkg\.com/iframe-worker/shim"[^>]*>')
# The links of the page for missing addresses begin at the root of a host; the website may be in a folder of it.
ABSOLUTE = re.compile(r'(\b(?:href|src)=")/(?!/)')
SETTINGS = {
    "site_name": "groundglass",
    "site_description": "A live ground glass for any camera: RAW in, bokeh and a look out.",
    "docs_dir": "pages",
    "site_dir": "site",
    "use_directory_urls": False,  # the pages also work without a server
    "theme": {
        "name": "material",
        "font": False,
        "icon": {"logo": "lucide/aperture"},
        "features": [
            "navigation.tabs",
            "navigation.sections",
            "navigation.top",
            "navigation.footer",
            "content.code.copy",
        ],
        "palette": [
            {
                "media": "(prefers-color-scheme: light)",
                "scheme": "default",
                "toggle": {"icon": "lucide/sun", "name": "Dark"},
            },
            {
                "media": "(prefers-color-scheme: dark)",
                "scheme": "slate",
                "toggle": {"icon": "lucide/moon", "name": "Light"},
            },
        ],
    },
    "plugins": ["search", "offline"],
    "extra": {"generator": False, "homepage": "index.html"},
    "extra_css": ["assets/site.css"],
    "markdown_extensions": [
        "attr_list",
        "tables",
        "pymdownx.magiclink",
        {"toc": {"permalink": True}},
        "pymdownx.superfences",
        {"pymdownx.highlight": {"pygments_lang_class": True}},
    ],
}


Reference = Callable[[Pages], dict[str, str]]


def reference(pages: Pages) -> dict[str, str]:
    """Page -> Markdown of the pages that are written from the code."""
    return {
        **python_api.pages(),
        commands.PAGE: commands.page(),
        passes.PAGE: passes.page(lambda file: pages.link_to(file, passes.PAGE)),
    }


def write_pages(repository: Path, folder: Path, make_reference: Reference) -> tuple[dict[str, list[str]], list[str]]:
    """The Markdown of the website, its pictures and scripts: title -> pages of each section, and what is wrong."""
    pages = Pages(repository, folder, python_api.anchors())
    generated = make_reference(pages)
    sections = sections_of(repository, generated)
    for file in (file for files in sections.values() for file in files):
        if file in generated:
            pages.write(file, generated[file])
        else:
            pages.add(file)
    for picture in (path for path in (repository / "docs").rglob("*") if path.suffix in PICTURES):
        copy = folder / picture.relative_to(repository / "docs")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, copy)
    shutil.copytree(ASSETS, folder / "assets")
    made = {
        title: [file if file in generated else page_of(file) for file in files] for title, files in sections.items()
    }
    return made, pages.faults


def build(repository: Path, website: Path, make_reference: Reference = reference) -> list[str]:
    """Writes the website in the place of `website`, and returns its faults; with one `website` stays as it was."""
    if website.exists() and any(website.iterdir()) and not (website / MARK).is_file():
        return [f"{website}: holds other files; name another folder"]
    website.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".docs-", dir=website.parent) as name:
        folder = Path(name)
        sections, faults = write_pages(repository, folder / "pages", make_reference)
        if faults:
            return faults
        navigation = [{title: files} for title, files in sections.items()]
        # JSON is YAML.
        (folder / "mkdocs.yml").write_text(json.dumps(SETTINGS | {"nav": navigation}), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict", "-f", folder / "mkdocs.yml"],
            capture_output=True,
            text=True,
        )
        report = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        if done.returncode or "Warning" in report:
            return [report.partition("Traceback")[0]]
        made = folder / "site"
        for path in made.rglob("*.html"):
            text = path.read_text(encoding="utf-8")
            root = "../" * (len(path.relative_to(made).parts) - 1)
            text = WORKER.sub(f'<script src="{root}assets/worker.js">', text)
            if path == made / "404.html":
                text = ABSOLUTE.sub(r"\1", text).replace('"base":"/"', '"base":"."')
            path.write_text(text, encoding="utf-8")
        faults = dead_links(made)
        if not faults:
            shutil.rmtree(website, ignore_errors=True)
            made.rename(website)
        return faults


def main() -> None:
    parser = argparse.ArgumentParser(prog="docs_site", description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=REPOSITORY / "site", help="folder (%(default)s)")
    output = parser.parse_args().output
    if faults := build(REPOSITORY, output):
        sys.exit("docs_site: the website has faults; nothing was written\n" + "\n".join(faults))
    count = sum(1 for _ in output.rglob("*.html"))
    print(f"docs_site: {count} pages; open {output / 'index.html'}")


if __name__ == "__main__":
    main()
