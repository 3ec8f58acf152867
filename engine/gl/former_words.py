"""Support for passes that use former names of the shader language."""

from __future__ import annotations

import re
from dataclasses import replace

from .program import Source


def with_current_words(name: str, source: Source) -> Source:
    """The source of a pass with each former name replaced by the current name."""
    if not source.lines:
        return source
    former = {
        r"\bPlace\b": "PixelContext",
        r"^#pragma pass around\b": "#pragma pass neighbourhood",
        r"^#pragma around\b": "#pragma neighbourhood",
        rf"\b{re.escape(name)}_seen\b": f"{name}_prefilter",
        rf"\b{re.escape(name)}_around\b": f"{name}_neighbourhood",
    }
    text = "\n".join(source.lines)
    for old, new in former.items():
        text = re.sub(old, new, text, flags=re.MULTILINE)
    return replace(source, lines=tuple(text.split("\n")))
