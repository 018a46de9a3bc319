"""Which hidden state a sentence vector is read from, and what else is done to a text to get it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.records.encoding import Encoding, Pooling, TextRole

_POOLING = "|".join(sorted(Pooling, key=len, reverse=True))
_MODULE = r"[a-z0-9]+(?:-[a-z0-9]+)*"
_PRINTED = re.compile(
    rf"h(0|[1-9][0-9]{{0,3}})\.((?:{_POOLING})(?:\+(?:{_POOLING}))*)(\.noprompt)?((?:>{_MODULE})*)"
)


@dataclass(frozen=True, order=True)
class View:
    """One way to read a sentence vector from an encoder: hidden state h[layer], pooled.

    A folder of sentence-transformers may ask for more: the poolings of `concatenated` after the first one,
    the tokens of the prefix left out of all of them (`noprompt`), and `modules` that follow, as they are
    printed, such as `dense768-tanh`.
    """

    layer: int
    pooling: Pooling
    concatenated: tuple[Pooling, ...] = ()
    noprompt: bool = False
    modules: tuple[str, ...] = ()

    @property
    def poolings(self) -> tuple[Pooling, ...]:
        """Return all poolings, in the order in which their vectors are concatenated."""
        return (self.pooling, *self.concatenated)

    @property
    def reading(self) -> str:
        """Return what is done with the hidden state, such as `mean` or `cls+max>dense768-tanh`."""
        return "".join(
            (
                "+".join(pooling.value for pooling in self.poolings),
                ".noprompt" if self.noprompt else "",
                *(f">{module}" for module in self.modules),
            )
        )

    def __str__(self) -> str:
        return f"h{self.layer}.{self.reading}"

    @classmethod
    def parse(cls, text: str) -> View | None:
        """Return the view printed as text such as `h12.mean`, or None for any other text."""
        match = _PRINTED.fullmatch(text)
        if match is None:
            return None
        first, *others = map(Pooling, match[2].split("+"))
        modules = tuple(match[4].split(">")[1:])
        return cls(int(match[1]), first, tuple(others), bool(match[3]), modules)


@dataclass(frozen=True)
class TextEncoding:
    """All that is done to a text to get its vector, with nothing left to the files of a checkpoint.

    `saved` says whether that is what the checkpoint's folder says: `as saved`, `as saved except …`,
    `not as saved`, or empty where the submission states everything itself. `own_code` is the package and the
    version of an encoder in Python, which decides all of it.
    """

    view: View
    prefix: str
    max_length: int
    query_prefix: str | None = None
    passage_prefix: str | None = None
    lower_case: bool = False
    saved: str = ""
    own_code: str = ""

    @classmethod
    def of_code(cls, package: str) -> TextEncoding:
        """Return the encoding of an encoder in Python, of a package and version."""
        return cls(View(0, Pooling.MEAN), "", 0, own_code=package)

    @classmethod
    def stated(cls, encoding: Encoding, layer: int) -> TextEncoding:
        """Return what a submission states, with `layer` in place of `last`."""
        return cls(
            View(layer, encoding.pooling),
            encoding.prefix,
            encoding.max_length,
            encoding.query_prefix,
            encoding.passage_prefix,
            saved=NOT_AS_SAVED if encoding.departs_from_saved else "",
        )

    @property
    def has_roles(self) -> bool:
        """Tell whether queries and passages have prefixes of their own."""
        return self.query_prefix is not None

    def prefix_of(self, role: TextRole) -> str:
        """Return what precedes a text of this role."""
        by_role = {TextRole.QUERY: self.query_prefix, TextRole.PASSAGE: self.passage_prefix}
        prefix = by_role.get(role)
        return self.prefix if prefix is None else prefix


AS_SAVED, NOT_AS_SAVED = "as saved", "not as saved"
# Begins what a result says of an encoder in Python.
OWN_CODE = "own code"
