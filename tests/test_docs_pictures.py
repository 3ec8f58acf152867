"""The pictures of README and docs are current: small new ones have the same structure."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from docs_figures import FIGURES
from docs_gallery import GALLERY_NAMES
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
    docs = repository / "docs"
    shown = {
        (page.parent / path).resolve().relative_to(docs)
        for page in (repository / "README.md", *docs.rglob("*.md"))
        for path in re.findall(r"!\[[^\]]*\]\((?!http)([^)]+)\)", page.read_text("utf-8"))
    }
    made = {Path(f"{name}.jpg") for name in ("first-light", *tool["SHEETS"], *GALLERY_NAMES)}
    made |= {Path(f"concepts/{name}.svg") for name in FIGURES}
    in_the_window = {path for path in shown if path.parts[0] == "viewfinder"}
    assert shown - in_the_window == made
    found = {path.relative_to(docs) for kind in ("jpg", "svg") for path in docs.rglob(f"*.{kind}")}
    assert {path for path in found if path.parts[0] != "viewfinder"} == made


def test_the_pictures_are_small_enough_to_load(repository: Path) -> None:
    for folder in ("gallery", "concepts"):
        assert sum(path.stat().st_size for path in (repository / "docs" / folder).glob("*.jpg")) < 1_500_000


def test_the_documents_lead_to_every_demo(repository: Path) -> None:
    pages = [path.read_text("utf-8") for path in (repository / "docs").rglob("*.md")]
    demos = [path.name for path in (repository / "demos").glob("*.py")]
    assert [name for name in demos if not any(f"demos/{name})" in page for page in pages)] == []


def test_the_gallery_shows_every_picture_of_a_demo(repository: Path) -> None:
    page = (repository / "docs" / "gallery.md").read_text("utf-8")
    assert [name for name in GALLERY_NAMES if f"({name}.jpg)" not in page] == []


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_current(repository: Path, name: str) -> None:
    """The words are the same; curves differ by less than a pixel, as another OpenGL may round otherwise."""
    made, shown = FIGURES[name](), (repository / "docs" / "concepts" / f"{name}.svg").read_text("utf-8")
    number = re.compile(r"-?\d+(?:\.\d+)?")
    assert number.sub("#", made) == number.sub("#", shown)
    np.testing.assert_allclose(*(np.array(number.findall(text), float) for text in (made, shown)), atol=1.0)


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
