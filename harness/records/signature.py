"""Everything that a score depends on beside weights and text, in one record that prints as one line and is read back from it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from harness.records.mining import Mining
from harness.records.submission import Encoding
from harness.records.view import View

_LONGEST = 2000
_FEWEST = 4
_VERSION = re.compile(r"v([1-9][0-9]{0,3})")
_PREFIX, _LENGTH, _HEAD = "prefix=", "len=", "head="


@dataclass(frozen=True)
class Signature:
    """The protocol of a target (what is scored and how) with the recipe's part (how texts were encoded, or a head came about).

    `metric` and `direction` are the protocol's own short names, `mining` is there where pairs are mined,
    `options` are further words of the protocol. Vectors have `prefix` and `max_length`, and a `view` unless
    every layer is meant; targets with a head have `head`.

    >>> signature = Signature.parse("tatoeba|acc|en→xx|cos|h12.mean|prefix=query: |len=512|v1")
    >>> signature.view, signature.prefix, str(signature.protocol)
    (View(layer=12, pooling=<Pooling.MEAN: 'mean'>), 'query: ', 'tatoeba|acc|en→xx|cos|v1')
    """

    target: str
    metric: str
    direction: str
    version: int
    mining: Mining | None = None
    options: tuple[str, ...] = ()
    view: View | None = None
    prefix: str | None = None
    max_length: int | None = None
    head: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Return what is printed between the bars."""
        parts = [self.target, self.metric, self.direction]
        parts += [str(part) for part in (self.mining, *self.options, self.view) if part is not None]
        parts += [] if self.prefix is None else [_PREFIX + _escaped(self.prefix)]
        parts += [] if self.max_length is None else [f"{_LENGTH}{self.max_length}"]
        parts += [] if self.head is None else [_HEAD + self.head]
        return (*parts, f"v{self.version}")

    def __str__(self) -> str:
        return "|".join(self.parts)

    @classmethod
    @lru_cache(4096)  # few signatures are on thousands of results
    def parse(cls, text: str) -> Signature:
        """Read a printed signature; raises ValueError for a text that no signature prints as."""
        parts = text.split("|")
        version = _VERSION.fullmatch(parts[-1])
        if len(parts) < _FEWEST or version is None:
            raise ValueError("expected a signature: target|metric|direction|…|v1")
        named: dict[str, Any] = {}
        options: list[str] = []
        for part in parts[3:-1]:
            if (mining := Mining.parse(part)) is not None:
                named["mining"] = mining
            elif (view := View.parse(part)) is not None:
                named["view"] = view
            elif part.startswith(_PREFIX):
                named["prefix"] = _unescaped(part.removeprefix(_PREFIX))
            elif re.fullmatch(_LENGTH + "[1-9][0-9]*", part):
                named["max_length"] = int(part.removeprefix(_LENGTH))
            elif part.startswith(_HEAD):
                named["head"] = part.removeprefix(_HEAD)
            else:
                options.append(part)
        found = cls(parts[0], parts[1], parts[2], int(version[1]), options=tuple(options), **named)
        if found.parts != tuple(parts):
            raise ValueError(f"expected the parts of a signature in the order {found}")
        return found

    @property
    def protocol(self) -> Signature:
        """Return the target's part alone: scores of one protocol may be compared."""
        return replace(self, view=None, prefix=None, max_length=None, head=None)

    @property
    def of_all_views(self) -> Signature:
        """Return what is the same in every layer and pooling."""
        return replace(self, view=None)

    def encoded(self, encoding: Encoding, layer: int | None) -> Signature:
        """Add how a text becomes a vector; without a layer what is the same in all."""
        view = None if layer is None else View(layer, encoding.pooling)
        return replace(self, view=view, prefix=encoding.prefix, max_length=encoding.max_length)

    def predicted(self, head: str) -> Signature:
        """Add how the head that predicts came about: its recipe, with what was replaced in it."""
        return replace(self, head=head)


def _escaped(prefix: str) -> str:
    return json.dumps(prefix, ensure_ascii=False)[1:-1].replace("|", "\\u007c")


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        raise ValueError(f"expected a prefix as JSON writes a text, found {text!r}") from None


def _read(value: object) -> object:
    """Read what a file holds; a longer text is none."""
    if isinstance(value, str):
        if len(value) > _LONGEST:
            raise ValueError(f"expected at most {_LONGEST:,} characters")
        return Signature.parse(value)
    return value


# A signature in a record: text in files.
PrintedSignature = Annotated[
    Signature,
    BeforeValidator(_read),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _LONGEST}),
]
