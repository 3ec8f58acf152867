"""Look files: loading, and the error messages of invalid files."""

from importlib import resources
from pathlib import Path

import pytest
from groundglass.errors import LookError
from groundglass.gl.passes import load_pass
from groundglass.look.look import list_looks, load_look, parse_look
from groundglass.look.look_text import edited_text

SAMPLE = """name = "sample"
intent = "a test"

[pass.bloom]
amount = 0.02

[pass.tone_curve]
grey = [0.3, 0.31, 0.32]
toe = 1
"""


BUILT_IN = (
    *("authentic", "blue", "classic", "contemporary", "eternal", "monochrome", "monochrome-high-contrast"),
    *("natural", "neutral", "selenium", "sepia", "vibrant"),
)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_look_loads_by_name(name: str) -> None:
    look = load_look(name)
    assert look.name == name
    assert look.intent


def test_exactly_these_looks_are_built_in() -> None:
    assert list_looks() == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_look_is_short_and_has_an_intent_of_one_line(name: str) -> None:
    text = (resources.files("groundglass.looks") / f"{name}.toml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    assert 20 <= len(load_look(name).intent) <= 100


def test_passes_keep_the_order_of_the_file() -> None:
    assert [settings.name for settings in parse_look(SAMPLE, "sample.toml").passes] == ["bloom", "tone_curve"]


def test_missing_parameters_take_the_default_of_their_pragma() -> None:
    values = parse_look(SAMPLE, "sample.toml").passes[0].values
    assert values["amount"] == 0.02
    radius = load_pass("bloom").parameter("radius")
    assert radius is not None
    assert values["radius"] == radius.default


def test_numbers_are_converted_to_the_kind_of_the_parameter() -> None:
    values = parse_look(SAMPLE, "sample.toml").passes[1].values
    assert values["grey"] == (0.3, 0.31, 0.32)
    assert values["toe"] == (1.0, 1.0, 1.0)


def test_a_look_loaded_from_a_path_is_named_after_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[pass.saturation]\nsaturation = 0.5\n", encoding="utf-8")
    assert load_look(path).name == "mine"
    assert load_look(str(path)).passes[0].values["saturation"] == 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("amount", "amonut", r"^sample\.toml:5: pass 'bloom' has no parameter 'amonut'; did you mean 'amount'\?$"),
        ("pass.bloom", "pass.blom", r"^sample\.toml:4: unknown pass 'blom'; did you mean 'bloom'\?$"),
        ("intent", "intend", r"^sample\.toml:2: unknown key 'intend'; did you mean 'intent'\?$"),
        ("[pass.bloom]", "[passes.grain]", r"^sample\.toml:\d: unknown key 'passes'; did you mean 'pass'\?$"),
        ("0.02", "7", r"^sample\.toml:5: amount = 7 is not in 0\.\.0\.5$"),
        ("0.02", "nan", r"^sample\.toml:5: amount = nan is not in 0\.\.0\.5$"),
        ("0.02", '"much"', r"^sample\.toml:5: amount must be a number, not 'much'$"),
        ("0.02", "true", r"^sample\.toml:5: amount must be a number, not True$"),
        ("[0.3, 0.31, 0.32]", '"dark"', r"^sample\.toml:8: grey must be a number or three, not 'dark'$"),
        ("[0.3, 0.31, 0.32]", "[0.3, 0.31]", r"^sample\.toml:8: grey must be a number or three"),
        ("[0.3, 0.31, 0.32]", "[0.3, 9, 0.3]", r"^sample\.toml:8: grey = 9 is not in"),
        ("[0.3, 0.31, 0.32]", "[0.3, 0.3, true]", r"^sample\.toml:8: grey must be a number or three, not \["),
        ("0.02", "1" + "0" * 400, r"^sample\.toml:5: amount = inf is not in 0\.\.0\.5$"),
        ("0.02", "1" + "0" * 5000, r"^sample\.toml:1: is not TOML: "),
        ("toe = 1", "toe = 1\n[pass.grain]\nseed = 1.5", r"^sample\.toml:11: seed must be a whole number, not 1\.5$"),
        (
            "toe = 1",
            "toe = 1\n[pass.grain]\nseed = 1" + "0" * 400,
            r"^sample\.toml:1: is not TOML: a number is beyond 64 bits$",
        ),
        (
            "[pass.tone_curve]\n",
            "[pass.bloom]\n",
            r"^sample\.toml:7: is not TOML: \[pass\.bloom\] is defined twice$",
        ),
        ("toe = 1", "grey = 1", r"^sample\.toml:9: is not TOML: the key is defined twice$"),
        ("pass.bloom", "pass.peaking", r"^sample\.toml:4: unknown pass 'peaking'"),
        ("[pass.bloom]\namount", "[pass]\nbloom.amonut", r"^sample\.toml:5: pass 'bloom' has no parameter 'amonut'"),
        ('"sample"', '"sam\\nple"', r"^sample\.toml:1: name must be one line of text$"),
        ('"a test"', "3", r"^sample\.toml:2: intent must be one line of text$"),
        (
            "[pass.bloom]",
            "[pass.bloom",
            r"^sample\.toml:4: is not TOML: Expected ']' at the end of a table declaration$",
        ),
    ],
)
def test_an_invalid_look_file_is_reported_with_its_line(old: str, new: str, message: str) -> None:
    with pytest.raises(LookError, match=message):
        parse_look(SAMPLE.replace(old, new, 1), "sample.toml")


def test_an_unknown_choice_is_reported_with_the_closest_name() -> None:
    with pytest.raises(
        LookError, match=r"^a\.toml:2: filter must be one of none, .*, not 'oragne'; did you mean 'orange'"
    ):
        parse_look("[pass.monochrome]\nfilter = 'oragne'", "a.toml")


@pytest.mark.parametrize("text", ["", "# nothing", "name = 'a'", "[pass]"])
def test_a_look_without_passes_is_an_error(text: str) -> None:
    with pytest.raises(LookError, match=r"^sample\.toml:1: holds no pass; add one, like \[pass\.tone_curve\]$"):
        parse_look(text, "sample.toml")


def test_deeply_nested_brackets_are_an_error() -> None:
    with pytest.raises(LookError, match=r"^sample\.toml:1: is not TOML: "):
        parse_look("x = " + "[" * 100_000, "sample.toml")


def test_an_empty_name_is_replaced_by_the_file_name() -> None:
    assert parse_look("name = ''\n[pass.grain]", "sample.toml").name == "sample"


@pytest.mark.parametrize(
    ("text", "line"), [("pass = 3", 1), ("name = 'a'\n[pass]\ngrain = 1", 2), ("[[pass]]\nname = 'grain'", 1)]
)
def test_passes_must_be_tables(text: str, line: int) -> None:
    with pytest.raises(LookError, match=rf"^sample\.toml:{line}: passes are tables, like \[pass\.tone_curve\]$"):
        parse_look(text, "sample.toml")


def test_an_unknown_look_is_reported_with_the_closest_name() -> None:
    with pytest.raises(
        LookError, match=r"^no look 'clasic'; did you mean 'classic'\?; there are authentic, blue, classic"
    ):
        load_look("clasic")


def test_a_missing_file_and_a_binary_file_are_errors(tmp_path: Path) -> None:
    with pytest.raises(LookError, match=r"gone\.toml: cannot be read as a look \(No such file"):
        load_look(tmp_path / "gone.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LookError, match="not UTF-8 text"):
        load_look(tmp_path / "binary.toml")


def test_a_folder_a_huge_file_and_an_empty_name_are_errors(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "huge.toml").write_bytes(b"#" * 1_100_000)
    for name, message in (("folder", "Is a directory"), ("huge", "larger than 1 MB")):
        with pytest.raises(LookError, match=rf"{name}\.toml: cannot be read as a look \({message}\)"):
            load_look(tmp_path / f"{name}.toml")
    with pytest.raises(LookError, match=r"^no look ''; there are authentic"):
        load_look("")


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"\xef\xbb\xbf[pass.grain]\r\namount = 0.03\r\n")
    assert load_look(tmp_path / "mine.toml").passes[0].values["amount"] == 0.03


def test_with_value_changes_one_value_and_checks_it() -> None:
    look = load_look("classic")
    assert look.with_value("grain", "amount", 0.03).passes[-1].values["amount"] == 0.03
    assert look.passes[-1].values["amount"] != 0.03
    with pytest.raises(LookError, match="is not in"):
        look.with_value("grain", "amount", 3.0)
    with pytest.raises(LookError, match="no pass 'grian'; did you mean 'grain'"):
        look.with_value("grian", "amount", 0.0)


def test_former_pass_names_are_still_read() -> None:
    look = parse_look('[pass.hues]\nred_turn = 3\n[ pass."glow" ]\namount = 0.1', "mine.toml")
    assert [settings.name for settings in look.passes] == ["hsl_mixer", "bloom"]
    assert edited_text(look.with_value("bloom", "amount", 0.2)).splitlines()[-1] == "amount = 0.2"
