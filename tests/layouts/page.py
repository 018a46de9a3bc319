"""Write the layouts into docs/checkpoints.md: `python -m tests.layouts.page`."""

from __future__ import annotations

import re

from tests.layouts.opened import OPENED
from tests.layouts.refused import REFUSED
from tests.layouts.sentences import SENTENCES
from tests.support.folders import ROOT

PAGE = ROOT / "docs/checkpoints.md"
_MARKS = "<!-- layouts that are {} -->"
_END = "<!-- end of the layouts -->"


def drawn(text: str) -> str:
    """Return the page with both tables as the layouts are now."""
    opened = ["| layout | files | ids |", "| :-- | :-- | :-- |"]
    opened += [f"| {layout.name} | {layout.files} | {layout.measure} |" for layout in OPENED]
    opened += [
        f"| {layout.name} | {layout.encoder.files}; {layout.files} | {layout.encoder.measure} |"
        for layout in SENTENCES
    ]
    refused = ["| layout | message | way out |", "| :-- | :-- | :-- |"]
    refused += [f"| {layout.name} | {_readable(layout.message)} | {layout.cure} |" for layout in REFUSED]
    for name, table in (("opened", opened), ("refused", refused)):
        start = _MARKS.format(name)
        inside = re.compile(f"({re.escape(start)}\n).*?({re.escape(_END)})", re.DOTALL)
        lines = "\n".join(table)
        text = inside.sub(lambda match, lines=lines: f"{match[1]}{lines}\n{match[2]}", text)  # type: ignore[misc]
    return text


def _readable(pattern: str) -> str:
    """Return a pattern of a message as text."""
    text = (
        pattern.replace("{folder}", "FOLDER")
        .replace(r"[\d.]+", "5")
        .replace(r"\d+", "N")
        .replace(r"\w+", "…")
    )
    return re.sub(r"\\(.)", r"\1", text.replace(".*", "…").replace("'.'", "'A'"))


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text()))
