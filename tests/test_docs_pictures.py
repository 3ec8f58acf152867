"""The pictures of README and docs are current: small new ones have the same structure."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.metrics import structural_similarity

MIN_SIMILARITY, MAX_MEAN_DIFFERENCE = 0.85, 8.0  # grain, noise and the compression of the files are not structure
SMALL = (160, 90)


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(Path(__file__).parent.parent / "tools" / "docs_pictures.py"))


def assert_similar(made: Image.Image, shown: Image.Image, name: str) -> None:
    small = [picture.convert("RGB").resize(SMALL, Image.Resampling.LANCZOS) for picture in (made, shown)]
    grey = [np.asarray(picture.convert("L")) for picture in small]
    assert structural_similarity(*grey) > MIN_SIMILARITY, name
    difference = np.asarray(small[0], float).mean(axis=(0, 1)) - np.asarray(small[1], float).mean(axis=(0, 1))
    assert np.abs(difference).max() < MAX_MEAN_DIFFERENCE, name


def test_every_picture_of_the_pages_has_a_command(tool: dict[str, Any], repository: Path) -> None:
    pages = [repository / "README.md", *(repository / "docs").glob("*.md")]
    shown = {path for page in pages for path in re.findall(r"!\[[^\]]*\]\((?!http)([^)]+)\)", page.read_text("utf-8"))}
    made = {f"{name}.jpg" for name in (*tool["SHEETS"], "first-light")}
    assert {path.removeprefix("docs/") for path in shown if "viewfinder/" not in path} == made
    assert {path.name for path in (repository / "docs").glob("*.jpg")} == made


def test_the_first_picture_is_current(tool: dict[str, Any], repository: Path) -> None:
    first_light = runpy.run_path(str(repository / "demos" / "first_light.py"))["first_light"]
    assert_similar(first_light(480), Image.open(repository / "docs" / "first-light.jpg"), "first-light")


@pytest.mark.parametrize(
    ("sheet", "names"),
    [("looks", ("classic", "vibrant")), ("lenses", ("noct-50", "phone-1inch", "swirl-50"))],
)
def test_a_sheet_is_current(tool: dict[str, Any], repository: Path, sheet: str, names: tuple[str, ...]) -> None:
    page = Image.open(repository / "docs" / f"{sheet}.jpg")
    made = tool["SHEETS"][sheet]
    shown = list(made.names())
    for cell in made.cells(names, SMALL[0]):
        assert_similar(Image.fromarray(cell.picture), page.crop(made.box(shown.index(cell.name))), cell.name)


def test_the_details_are_current(tool: dict[str, Any], repository: Path) -> None:
    """One look stands for all: their sheets show the same places."""
    made = tool["SHEETS"]["looks-detail"]
    (cell,) = made.cells(["classic"], made.width)
    page = Image.open(repository / "docs" / "looks-detail.jpg")
    box = made.box(list(made.names()).index("classic"))
    assert_similar(Image.fromarray(cell.picture), page.crop(box), "classic")
