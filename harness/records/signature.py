"""Everything that a score depends on besides weights and text, as a record that prints as one line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from harness.records.encoding import AnyEncoding, SavedEncoding
from harness.records.mining import Mining
from harness.records.view import AS_SAVED, NOT_AS_SAVED, OWN_CODE, TextEncoding, View

_MAX_CHARACTERS = 2000
_MIN_PARTS = 4
_VERSION = re.compile(r"v([1-9][0-9]{0,3})")
_PREFIXES = {"prefix": "prefix", "query": "query_prefix", "passage": "passage_prefix"}  # printed → field
_LENGTH, _HEAD, _LOWER_CASE = "len=", "head=", "lower case"
_OWN_CODE = re.compile(rf"{OWN_CODE} ([A-Za-z0-9._+-]+ [A-Za-z0-9._+-]+)")
_SAVED = re.compile(rf"{AS_SAVED}( except [a-z_ ]{{1,60}})?|{NOT_AS_SAVED}")


@dataclass(frozen=True)
class Signature:
    """A target's protocol (what is scored and how), and how texts were encoded or a head was trained.

    `metric` and `direction` are the protocol's short names, `mining` is set where pairs are mined, `options`
    are further words of the protocol. Targets that compare vectors have `max_length` and a `prefix`, or two
    of them for queries and passages, and a `view` unless the signature covers every layer; `saved` is set
    where a checkpoint's folder, or a departure from it, decides. `own_code` is the package and the version of
    an encoder in Python, in place of all this. Targets with a head have `head`.

    >>> signature = Signature.parse("tatoeba|acc|en→xx|cos|h12.mean|prefix=query: |len=512|v1")
    >>> str(signature.view), signature.prefix, str(signature.protocol)
    ('h12.mean', 'query: ', 'tatoeba|acc|en→xx|cos|v1')
    """

    target: str
    metric: str
    direction: str
    version: int
    mining: Mining | None = None
    options: tuple[str, ...] = ()
    view: View | None = None
    saved: str | None = None
    prefix: str | None = None
    query_prefix: str | None = None
    passage_prefix: str | None = None
    lower_case: bool = False
    own_code: str | None = None
    max_length: int | None = None
    head: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """Return the parts that are printed between the bars, in order."""
        parts = [self.target, self.metric, self.direction]
        parts += [
            str(part) for part in (self.mining, *self.options, self.view, self.saved) if part is not None
        ]
        parts += [] if self.own_code is None else [f"{OWN_CODE} {self.own_code}"]
        for name, field in _PREFIXES.items():
            prefix = getattr(self, field)
            parts += [] if prefix is None else [f"{name}={_escaped(prefix)}"]
        parts += [_LOWER_CASE] if self.lower_case else []
        parts += [] if self.max_length is None else [f"{_LENGTH}{self.max_length}"]
        parts += [] if self.head is None else [_HEAD + self.head]
        return (*parts, f"v{self.version}")

    def __str__(self) -> str:
        return "|".join(self.parts)

    @classmethod
    @lru_cache(4096)  # thousands of results share few signatures
    def parse(cls, text: str) -> Signature:
        """Parse a printed signature; raises ValueError for text that no signature prints as."""
        parts = text.split("|")
        version = _VERSION.fullmatch(parts[-1])
        if len(parts) < _MIN_PARTS or version is None:
            raise ValueError("expected a signature: target|metric|direction|…|v1")
        named: dict[str, Any] = {}
        options: list[str] = []
        for part in parts[3:-1]:
            if (mining := Mining.parse(part)) is not None:
                named["mining"] = mining
            elif (view := View.parse(part)) is not None:
                named["view"] = view
            elif _SAVED.fullmatch(part):
                named["saved"] = part
            elif match := _OWN_CODE.fullmatch(part):
                named["own_code"] = match[1]
            elif part == _LOWER_CASE:
                named["lower_case"] = True
            elif (name := part.partition("=")[0]) in _PREFIXES:
                named[_PREFIXES[name]] = _unescaped(part.partition("=")[2])
            elif re.fullmatch(_LENGTH + "[1-9][0-9]*", part):
                named["max_length"] = int(part.removeprefix(_LENGTH))
            elif part.startswith(_HEAD):
                named["head"] = part.removeprefix(_HEAD)
            else:
                options.append(part)
        signature = cls(parts[0], parts[1], parts[2], int(version[1]), options=tuple(options), **named)
        if signature.parts != tuple(parts):
            raise ValueError(f"expected the parts of a signature in the order {signature}")
        return signature

    @property
    def protocol(self) -> Signature:
        """Return the target's part alone: scores of the same protocol may be compared."""
        return Signature(
            self.target, self.metric, self.direction, self.version, self.mining, options=self.options
        )

    @property
    def of_all_views(self) -> Signature:
        """Return the part that all layers and poolings share."""
        return replace(self, view=None)

    def encoded(self, encoding: TextEncoding, *, roles: bool) -> Signature:
        """Add how texts are encoded; `roles` tells whether the target has queries and passages."""
        if encoding.own_code:
            return replace(self, own_code=encoding.own_code)
        apart = roles and encoding.has_roles
        return replace(
            self,
            view=encoding.view,
            saved=encoding.saved or None,
            prefix=None if apart else encoding.prefix,
            query_prefix=encoding.query_prefix if apart else None,
            passage_prefix=encoding.passage_prefix if apart else None,
            lower_case=encoding.lower_case,
            max_length=encoding.max_length,
        )

    def predicted(self, head: str) -> Signature:
        """Add how the head was trained: its recipe and the replaced values, such as `xtreme,epochs=3`."""
        return replace(self, head=head)


def declared_view(encoding: AnyEncoding, layer: int, signature: Signature) -> View | None:
    """Return the view that a submission declares: stated, or as the signature says that its folder does."""
    return signature.view if isinstance(encoding, SavedEncoding) else View(layer, encoding.pooling)


def _escaped(prefix: str) -> str:
    return json.dumps(prefix, ensure_ascii=False)[1:-1].replace("|", "\\u007c")


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"'))
    except ValueError:
        raise ValueError(f"expected a prefix escaped as in JSON, found {text!r}") from None


def _parsed(value: object) -> object:
    if isinstance(value, str):
        if len(value) > _MAX_CHARACTERS:
            raise ValueError(f"expected at most {_MAX_CHARACTERS:,} characters")
        return Signature.parse(value)
    return value


# A field that is a Signature in memory and its printed line in files.
PrintedSignature = Annotated[
    Signature,
    BeforeValidator(_parsed),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _MAX_CHARACTERS}),
]
