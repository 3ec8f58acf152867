"""Saved settings: the window restores the controls of the last session."""

from __future__ import annotations

from pathlib import Path

import pytest
from groundglass.controls import Choice, Controls, Number, Switch
from groundglass.display.tool import Invalidation
from groundglass.tools.saved_settings import SavedSettings, read_settings
from live_engine import tool_context, unused_engine
from window_support import Live, Screen, until


class Bench:
    """A few controls, and the tool that saves them."""

    def __init__(self, file: Path) -> None:
        self.values = {"zebra": False, "limit": 0.9, "grid": "thirds", "frozen": False}
        self.controls, self.messages = Controls(), []

        def access(name: str) -> dict[str, object]:
            return {"get": lambda: self.values[name], "set": lambda value: self.values.__setitem__(name, value)}

        self.controls.add(
            [
                Switch("zebra", "Zebra", "aids", is_saved=True, **access("zebra")),
                Number("limit", "Limit", "aids", minimum=0, maximum=1, step=0.1, is_saved=True, **access("limit")),
                Choice("grid", "Grid", "aids", choices=("thirds", "centre"), is_saved=True, **access("grid")),
                Switch("frozen", "Frozen", "window", **access("frozen")),
            ]
        )
        self.engine = unused_engine()
        self.engine.drawn = object()
        self.tool = SavedSettings(tool_context(self.engine, None, self.messages.append, self.controls, None), file)  # type: ignore[arg-type]

    def run(self, **settings: object) -> None:
        assert self.tool.tick(0.0) is Invalidation.REPAINT
        for name, setting in settings.items():
            self.controls.set(name, setting)
        self.tool.tick(10.0)


def test_only_changed_persistent_settings_are_saved(tmp_path: Path) -> None:
    file = tmp_path / "new" / "settings.toml"
    Bench(file).run()
    assert not file.exists()
    Bench(file).run(zebra=True, limit=0.5, frozen=True)
    assert dict(read_settings(file)) == {"zebra": True, "limit": 0.5}
    reopened = Bench(file)
    reopened.run(grid="centre", limit=0.9)
    assert reopened.values == {"zebra": True, "limit": 0.9, "grid": "centre", "frozen": False}
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


def test_settings_changed_before_the_first_picture_take_precedence(tmp_path: Path) -> None:
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


def test_settings_are_saved_on_close(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "settings.toml")
    bench.run()
    bench.controls.set("zebra", True)
    bench.tool.close()
    assert dict(read_settings(tmp_path / "settings.toml")) == {"zebra": True}


def test_an_invalid_value_is_reported_and_the_others_are_used(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('zebra = true\nlimit = 7\nof_a_later_version = "yes"\n')
    bench = Bench(file)
    bench.run()
    assert bench.values["zebra"] is True
    assert bench.messages[-1] == f"{file}: 'limit' must be 0 to 1, not 7"
    assert "of_a_later_version" in file.read_text()


@pytest.mark.parametrize("text", ["zebra = ", "\0\xff"])
def test_an_unreadable_file_is_reported_and_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    bench = Bench(file)
    bench.run(grid="centre")
    assert "cannot be read" in bench.messages[-1]
    assert bench.values["zebra"] is False
    assert file.read_text() == text


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    bench = Bench(tmp_path / "file" / "settings.toml")
    bench.run(zebra=True)
    assert "settings are" in bench.messages[-1]


def test_the_window_restores_its_saved_settings(screen: Screen, tmp_path: Path) -> None:
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
            until(lambda live=live, before=before: (live.picture != before).any(), "the grid is switched")
            after = live.picture.astype(int)
            column = before.shape[1] // 3
            assert bool((after - before)[:, column - 2 : column + 2].mean() < 0) is is_shown
        finally:
            live.end()
