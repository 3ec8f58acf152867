"""The sections of the website: docs/structure.toml, without absent pages, with every other document."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path

REFERENCE = "reference/"


def sections_of(repository: Path, reference: Collection[str]) -> dict[str, list[str]]:
    """Title -> files of each section that has pages. `reference` are the pages that are written from the code."""
    with (repository / "docs" / "structure.toml").open("rb") as file:
        listed = {section["title"]: section["pages"] for section in tomllib.load(file)["section"]}
    sections = {
        title: [page for page in pages if page in reference or (repository / page).is_file()]
        for title, pages in listed.items()
    }
    in_a_section = {page for pages in sections.values() for page in pages}
    files = (*repository.glob("*.md"), *(repository / "docs").rglob("*.md"))
    documents = {path.relative_to(repository).as_posix() for path in files}
    last = [*sections][-1]
    sections[last] += sorted((documents | {*reference}) - in_a_section)
    return {title: pages for title, pages in sections.items() if pages}
