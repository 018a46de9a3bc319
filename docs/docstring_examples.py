"""Extension of griffe for the documentation's site: examples of docstrings become blocks of code."""

from __future__ import annotations

import re
from typing import Any

import griffe

_EXAMPLE = re.compile(r"(?m)^>>> (?:.+\n?)+")


class DocstringExamples(griffe.Extension):  # type: ignore[misc]  # its package is only in the docs extra
    """Puts a fence around what a docstring shows as at Python's prompt."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Change the docstring of an object that was read; griffe calls it by name."""
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(
                lambda match: f"```pycon\n{match[0].rstrip()}\n```\n", obj.docstring.value
            )
