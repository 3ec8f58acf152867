"""What is set in the window is as it was left when it opens again."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.controls import Choice, Controls, Number, Switch
from groundglass.display.tool import Invalidation
from groundglass.tools.saved_settings import SavedSettings, read_settings
from live_engine import tool_context, unused_engine
from window_support import Live, Screen, until


class Bench:
    """A few controls, and the tool that remembers them."""

    def __init__(self, file: Path) -> None:
        self.values = {"zebra": False, "limit": 0.9, "grid": "thirds", "frozen": False}
        self.controls, self.said = Controls(), []

        def of(name: str) -> dict[str, object]:
            return {"get": lambda: self.values[name], "set": lambda value: self.values.__setitem__(name, value)}

        self.controls.add(
            [
                Switch("zebra", "Zebra", "aids", is_saved=True, **of("zebra")),
                Number("limit", "Limit", "aids", minimum=0, maximum=1, step=0.1, is_saved=True, **of("limit")),
                Choice("grid", "Grid", "aids", choices=("thirds", "centre"), is_saved=True, **of("grid")),
                Switch("frozen", "Frozen", "window", **of("frozen")),
            ]
        )
        self.engine = unused_engine()
        self.engine.drawn = object()
        self.tool = SavedSettings(tool_context(self.engine, None, self.said.append, self.controls, None), file)  # type: ignore[arg-type]

    def run(self, **settings: object) -> None:
        assert self.tool.tick(0.0) is Invalidation.REPAINT
        for name, setting in settings.items():
            self.controls.set(name, setting)
        self.tool.tick(10.0)


def test_what_lasts_is_kept_and_only_that(tmp_path: Path) -> None:
    file = tmp_path / "new" / "settings.toml"
    Bench(file).run()
    assert not file.exists()
    Bench(file).run(zebra=True, limit=0.5, frozen=True)
    assert dict(read_settings(file)) == {"zebra": True, "limit": 0.5}
    again = Bench(file)
    again.run(grid="centre", limit=0.9)
    assert again.values == {"zebra": True, "limit": 0.9, "grid": "centre", "frozen": False}
    assert dict(read_settings(file)) == {"zebra": True, "grid": "centre"}
    assert [path.name for path in file.parent.iterdir()] == ["settings.toml"]


def test_a_former_name_in_the_file_sets_the_renamed_control(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("loupe = true\n")
    bench = Bench(file)
    bench.values["pixel_inspector"] = False
    get, put = (lambda: bench.values["pixel_inspector"]), (lambda on: bench.values.update(pixel_inspector=on))
    bench.controls.add([Switch("pixel_inspector", "Inspector", "aids", is_saved=True, get=get, set=put)])
    bench.run(zebra=True)
    assert bench.values["pixel_inspector"]
    assert dict(read_settings(file)) == {"pixel_inspector": True, "zebra": True}


def test_what_is_set_before_the_first_picture_counts(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    Bench(file).run(grid="centre", zebra=True)
    bench = Bench(file)
    bench.engine.drawn = None
    assert bench.tool.tick(0.0) is Invalidation.NOTHING
    bench.controls.set("limit", 0.4)
    bench.engine.drawn = object()
    bench.run()
    assert (bench.values["grid"], bench.values["zebra"], bench.values["limit"]) == ("centre", True, 0.4)
    assert dict(read_settings(file)) == {"grid": "centre", "zebra": True, "limit": 0.4}


def test_it_is_kept_at_the_end_too(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "settings.toml")
    bench.run()
    bench.controls.set("zebra", True)
    bench.tool.close()
    assert dict(read_settings(tmp_path / "settings.toml")) == {"zebra": True}


def test_what_does_not_fit_is_told_and_the_rest_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('zebra = true\nlimit = 7\nof_a_later_version = "yes"\n')
    bench = Bench(file)
    bench.run()
    assert bench.values["zebra"] is True
    assert bench.said[-1] == f"{file}: 'limit' must be 0 to 1, not 7"
    assert "of_a_later_version" in file.read_text()


@pytest.mark.parametrize("text", ["zebra = ", "\0\xff"])
def test_a_broken_file_is_told_and_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    bench = Bench(file)
    bench.run(grid="centre")
    assert "cannot be read" in bench.said[-1]
    assert bench.values["zebra"] is False
    assert file.read_text() == text


def test_a_folder_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bench = Bench(tmp_path / "file" / "settings.toml")
    bench.run(zebra=True)
    assert "settings are" in bench.said[-1]


def test_the_window_opens_as_it_was_left(screen: Screen, tmp_path: Path) -> None:
    first = Live(screen, tmp_path)
    try:
        first.press("g")
        first.press("q")
        first.process.communicate(timeout=40)
    finally:
        first.end()
    file = tmp_path / "groundglass" / "settings.toml"
    assert dict(read_settings(file)) == {"grid": True}
    for options, is_shown in (((), True), (("--fresh",), False)):
        live = Live(screen, tmp_path, *options)
        try:
            live.press("space")
            until(lambda live=live: live.title.endswith("frozen"), "frozen")
            before = live.picture.astype(int)
            live.press("g")
            until(lambda live=live, before=before: (live.picture != before).any(), "the grid is turned")
            after = live.picture.astype(int)
            column = before.shape[1] // 3
            assert bool((after - before)[:, column - 2 : column + 2].mean() < 0) is is_shown
        finally:
            live.end()
