"""Look files: what loads, and how a wrong one is told."""

from importlib import resources
from pathlib import Path

import pytest
from groundglass.errors import LookError
from groundglass.gl.passes import load_pass
from groundglass.look.look import list_looks, load_look, parse_look
from groundglass.look.look_text import edited_text

FILM = """name = "film"
intent = "a test"

[pass.bloom]
amount = 0.02

[pass.tone_curve]
grey = [0.3, 0.31, 0.32]
toe = 1
"""


SHIPPED = (
    *("authentic", "blue", "classic", "contemporary", "eternal", "monochrome", "monochrome-high-contrast"),
    *("natural", "neutral", "selenium", "sepia", "vibrant"),
)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_loads_by_name(name: str) -> None:
    look = load_look(name)
    assert look.name == name
    assert look.intent


def test_these_looks_ship_and_no_others() -> None:
    assert list_looks() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_look_that_ships_fits_a_screen_and_says_what_it_is_for_in_a_line(name: str) -> None:
    text = (resources.files("groundglass.looks") / f"{name}.toml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert 20 <= len(load_look(name).intent) <= 100


def test_passes_keep_the_order_of_the_file() -> None:
    assert [one.name for one in parse_look(FILM, "film.toml").passes] == ["bloom", "tone_curve"]


def test_left_out_parameters_take_the_default_of_their_pragma() -> None:
    values = parse_look(FILM, "film.toml").passes[0].values
    assert values["amount"] == 0.02
    radius = load_pass("bloom").parameter("radius")
    assert radius is not None
    assert values["radius"] == radius.default


def test_numbers_take_the_kind_of_the_parameter() -> None:
    values = parse_look(FILM, "film.toml").passes[1].values
    assert values["grey"] == (0.3, 0.31, 0.32)
    assert values["toe"] == (1.0, 1.0, 1.0)


def test_a_path_loads_and_names_the_look(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[pass.saturation]\nsaturation = 0.5\n", encoding="utf-8")
    assert load_look(path).name == "mine"
    assert load_look(str(path)).passes[0].values["saturation"] == 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("amount", "amonut", r"^film\.toml:5: pass 'bloom' has no parameter 'amonut'; did you mean 'amount'\?$"),
        ("pass.bloom", "pass.blom", r"^film\.toml:4: unknown pass 'blom'; did you mean 'bloom'\?$"),
        ("intent", "intend", r"^film\.toml:2: unknown key 'intend'; did you mean 'intent'\?$"),
        ("[pass.bloom]", "[passes.grain]", r"^film\.toml:\d: unknown key 'passes'; did you mean 'pass'\?$"),
        ("0.02", "7", r"^film\.toml:5: amount = 7 is not in 0\.\.0\.5$"),
        ("0.02", "nan", r"^film\.toml:5: amount = nan is not in 0\.\.0\.5$"),
        ("0.02", '"much"', r"^film\.toml:5: amount must be a number, not 'much'$"),
        ("0.02", "true", r"^film\.toml:5: amount must be a number, not True$"),
        ("[0.3, 0.31, 0.32]", '"dark"', r"^film\.toml:8: grey must be a number or three, not 'dark'$"),
        ("[0.3, 0.31, 0.32]", "[0.3, 0.31]", r"^film\.toml:8: grey must be a number or three"),
        ("[0.3, 0.31, 0.32]", "[0.3, 9, 0.3]", r"^film\.toml:8: grey = 9 is not in"),
        ("[0.3, 0.31, 0.32]", "[0.3, 0.3, true]", r"^film\.toml:8: grey must be a number or three, not \["),
        ("0.02", "1" + "0" * 400, r"^film\.toml:5: amount = inf is not in 0\.\.0\.5$"),
        ("0.02", "1" + "0" * 5000, r"^film\.toml:1: is no TOML: "),
        ("toe = 1", "toe = 1\n[pass.grain]\nseed = 1.5", r"^film\.toml:11: seed must be a whole number, not 1\.5$"),
        ("toe = 1", "toe = 1\n[pass.grain]\nseed = 1" + "0" * 400, r"^film\.toml:11: seed = inf is not in 0\.\.9999$"),
        (
            "[pass.tone_curve]\n",
            "[pass.bloom]\n",
            r"^film\.toml:7: is no TOML: \[pass\.bloom\] is there a second time$",
        ),
        ("toe = 1", "grey = 1", r"^film\.toml:9: is no TOML: the key is there a second time$"),
        ("pass.bloom", "pass.peaking", r"^film\.toml:4: unknown pass 'peaking'"),
        ("[pass.bloom]\namount", "[pass]\nbloom.amonut", r"^film\.toml:5: pass 'bloom' has no parameter 'amonut'"),
        ('"film"', '"fi\\nlm"', r"^film\.toml:1: name must be a text of one line$"),
        ('"a test"', "3", r"^film\.toml:2: intent must be a text of one line$"),
        ("[pass.bloom]", "[pass.bloom", r"^film\.toml:4: is no TOML: Expected ']' at the end of a table declaration$"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(old: str, new: str, message: str) -> None:
    with pytest.raises(LookError, match=message):
        parse_look(FILM.replace(old, new, 1), "film.toml")


def test_a_choice_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(
        LookError, match=r"^a\.toml:2: filter must be one of none, .*, not 'oragne'; did you mean 'orange'"
    ):
        parse_look("[pass.monochrome]\nfilter = 'oragne'", "a.toml")


@pytest.mark.parametrize("text", ["", "# nothing", "name = 'a'", "[pass]"])
def test_a_look_without_passes_is_told(text: str) -> None:
    with pytest.raises(LookError, match=r"^film\.toml:1: holds no pass; add one, like \[pass\.tone_curve\]$"):
        parse_look(text, "film.toml")


def test_brackets_without_end_are_told() -> None:
    with pytest.raises(LookError, match=r"^film\.toml:1: is no TOML: "):
        parse_look("x = " + "[" * 100_000, "film.toml")


def test_a_name_that_is_empty_is_the_files() -> None:
    assert parse_look("name = ''\n[pass.grain]", "film.toml").name == "film"


@pytest.mark.parametrize(
    ("text", "line"), [("pass = 3", 1), ("name = 'a'\n[pass]\ngrain = 1", 2), ("[[pass]]\nname = 'grain'", 1)]
)
def test_passes_must_be_tables(text: str, line: int) -> None:
    with pytest.raises(LookError, match=rf"^film\.toml:{line}: passes are tables, like \[pass\.tone_curve\]$"):
        parse_look(text, "film.toml")


def test_an_unknown_look_is_told_the_nearest_name() -> None:
    with pytest.raises(
        LookError, match=r"^no look 'clasic'; did you mean 'classic'\?; there are authentic, blue, classic"
    ):
        load_look("clasic")


def test_a_missing_file_and_a_binary_one_are_told(tmp_path: Path) -> None:
    with pytest.raises(LookError, match=r"gone\.toml: cannot be read as a look \(No such file"):
        load_look(tmp_path / "gone.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LookError, match="not UTF-8 text"):
        load_look(tmp_path / "binary.toml")


def test_what_is_no_look_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "huge.toml").write_bytes(b"#" * 1_100_000)
    for name, message in (("folder", "Is a directory"), ("huge", "larger than a megabyte")):
        with pytest.raises(LookError, match=rf"{name}\.toml: cannot be read as a look \({message}\)"):
            load_look(tmp_path / f"{name}.toml")
    with pytest.raises(LookError, match=r"^no look ''; there are authentic"):
        load_look("")


def test_a_byte_order_mark_and_line_ends_of_windows_are_fine(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf[pass.grain]\r\namount = 0.03\r\n")
    assert load_look(tmp_path / "mine.toml").passes[0].values["amount"] == 0.03


def test_one_value_changes_and_is_checked() -> None:
    look = load_look("classic")
    assert look.with_value("grain", "amount", 0.03).passes[-1].values["amount"] == 0.03
    assert look.passes[-1].values["amount"] != 0.03
    with pytest.raises(LookError, match="is not in"):
        look.with_value("grain", "amount", 3.0)
    with pytest.raises(LookError, match="no pass 'grian'; did you mean 'grain'"):
        look.with_value("grian", "amount", 0.0)


def test_passes_that_had_another_name_once_are_still_read() -> None:
    look = parse_look('[pass.hues]\nred_turn = 3\n[ pass."glow" ]\namount = 0.1', "mine.toml")
    assert [settings.name for settings in look.passes] == ["hsl_mixer", "bloom"]
    assert edited_text(look.with_value("bloom", "amount", 0.2)).splitlines()[-1] == "amount = 0.2"
