"""How texts become vectors: what a submission says of it, in the words of its YAML."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from harness.records.record import Record
from harness.records.scalars import Truth, integer, nullable

# The longest prefix: a signature, which has two of them, is one line.
LONGEST_PREFIX = 500


class Pooling(StrEnum):
    """How token vectors become a sentence vector, named as in sentence-transformers.

    `mean` is over all tokens, special ones included; `cls` takes the first token, `lasttoken` the last; `max`
    is the largest value in each dimension; `weightedmean` weights the n-th token by n;
    `mean_sqrt_len_tokens` divides the sum by the root of the number of tokens.
    """

    MEAN = "mean"
    CLS = "cls"
    LAST_TOKEN = "lasttoken"  # noqa: S105 - no password
    MAX = "max"
    WEIGHTED_MEAN = "weightedmean"
    MEAN_SQRT_LEN = "mean_sqrt_len_tokens"


# The poolings that a sweep of layers scores.
SWEPT = (Pooling.MEAN, Pooling.CLS)


class TextRole(StrEnum):
    """What a text is in its target: a query, a passage to be found, or a text where all are alike."""

    TEXT = "text"
    QUERY = "query"
    PASSAGE = "passage"


Prefix = Annotated[str, Field(max_length=LONGEST_PREFIX)]
_Unstated = BeforeValidator(nullable)
# In a file, what both forms may state follows what it adds to.
_ORDER = (
    *("as", "as_", "layer", "pooling", "prefix", "query_prefix", "passage_prefix", "max_length"),
    "departs_from_saved",
)
_Length = Annotated[int, Field(ge=8, le=8192), BeforeValidator(integer)]


_Layer = Annotated[
    Literal["last"] | Annotated[int, Field(ge=0)],
    BeforeValidator(lambda v: v if v == "last" else integer(v)),
]


class _Stated(Record):
    """What both forms may state; unstated, it is not written."""

    query_prefix: Annotated[Prefix | None, _Unstated] = None
    passage_prefix: Annotated[Prefix | None, _Unstated] = None
    departs_from_saved: Truth = False

    @model_validator(mode="after")
    def _both_prefixes(self) -> _Stated:
        if (self.query_prefix is None) != (self.passage_prefix is None):
            raise ValueError('query_prefix and passage_prefix go together; for none write ""')
        return self

    @model_serializer(mode="wrap")
    def _omit_unstated(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialize(self)
        return {
            name: fields[name]
            for name in _ORDER
            if fields.get(name) is not None and fields[name] is not False
        }


class Encoding(_Stated):
    """How a text becomes a vector: hidden state, pooling, prefixes, and truncation length in tokens.

    `prefix` precedes every text; where a target has queries and passages, `query_prefix` and `passage_prefix`
    precede them in its place. Where the checkpoint's folder says how its vectors are meant, what contradicts
    it is refused unless `departs_from_saved`.
    """

    layer: _Layer
    pooling: Pooling
    prefix: Prefix = ""
    max_length: _Length = 512


class TargetView(Record):
    """The hidden state and the pooling of the vectors of one target, in place of those of all targets."""

    layer: _Layer
    pooling: Pooling


class SavedEncoding(_Stated):
    """A text becomes a vector as sentence-transformers saved it in the checkpoint's folder.

    Prefixes and length add what the folder leaves open; what contradicts it is refused unless
    `departs_from_saved`.
    """

    as_: Annotated[Literal["saved"], Field(alias="as")] = "saved"
    prefix: Annotated[Prefix | None, _Unstated] = None
    max_length: Annotated[_Length | None, _Unstated] = None


# The forms of `encoding:` in pydantic's positions of errors; no key of a file has such a name.
STATED, SAVED = "as stated", "as saved"


def _form(value: object) -> str:
    saved = "as" in value if isinstance(value, Mapping) else isinstance(value, SavedEncoding)
    return SAVED if saved else STATED


AnyEncoding = Annotated[
    Annotated[Encoding, Tag(STATED)] | Annotated[SavedEncoding, Tag(SAVED)], Discriminator(_form)
]
