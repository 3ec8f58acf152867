"""The page of troubleshooting shows what the commands print, and the messages that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from groundglass.commands.device_report import inspect
from groundglass.commands.devices import print_report
from groundglass.commands.selftest import print_row
from groundglass.selftest.compare import Row

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = (REPOSITORY / "docs" / "troubleshooting.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"# {title}\n")[2].partition("\n## ")[0]


def test_the_lines_of_devices_are_explained(capsys: pytest.CaptureFixture[str]) -> None:
    report = inspect()
    print_report(report)
    labels = {line.split()[0] for line in capsys.readouterr().out.splitlines() if re.match(r"[a-z]+ ", line)}
    labels -= {"device", *(device.spec for device in report.devices)}
    assert labels >= {"gl", "auto", "transfer", "look", "decoder"}
    assert labels <= set(re.findall(r"^\| `(\w+)` \|", section("What `devices` prints"), re.MULTILINE))


def test_the_rows_of_the_self_test_are_as_printed(capsys: pytest.CaptureFixture[str]) -> None:
    print_row(Row("opencl:0 run 1", "noct-50 live 320x180", 0.00016, 0.045, 0.0))
    assert capsys.readouterr().out.rstrip() in PAGE


def test_the_messages_exist() -> None:
    """Each part of a quoted message is in the code; `...` is a part that differs."""
    code = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "engine").rglob("*.py"))
    quoted = re.findall(r"^\| `(?:cuda|opencl|gl): ([^`]+)` \|", section("Remedies"), re.MULTILINE)
    quoted += re.findall(r"^\| `([^`]+)`", section("What `selftest` prints").partition("| a row")[2], re.MULTILINE)
    quoted += re.findall(r"^\| `(no [^`]+)` \|", section("Symptoms"), re.MULTILINE)
    assert len(quoted) > 6
    parts = [part.strip() for message in quoted for part in message.split("...")]
    assert [part for part in parts if part not in code] == []
