"""The Tab key of a shell completes commands, options, looks and lenses."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def completed(words: str) -> list[str]:
    """What bash is offered after these words."""
    environment = os.environ | {
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
        "_GROUNDGLASS_COMPLETE": "complete_bash",
    }
    program = "import sys; sys.argv = ['groundglass']; from groundglass.__main__ import run; run()"
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("groundglass ren", {"render"}),
        ("groundglass view --zone", {"--zone-focus"}),
        ("groundglass view --look na", {"natural"}),
        ("groundglass render scene: --lens phone-1", {"phone-12mm", "phone-120mm", "phone-1inch"}),
    ],
)
def test_a_word_is_completed(words: str, offered: set[str]) -> None:
    assert set(completed(words)) == offered
