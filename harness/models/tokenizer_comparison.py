"""Compare the ids that a tokenizer gives with those of another reading of the same files, text by text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from harness.characters import shown

# Comparing takes as long as tokenising. So many characters of a run are compared, twice all of Tatoeba.
COMPARED_CHARACTERS = 4 * 2**20
_QUOTED = 60

Reading = Callable[[Sequence[str]], Sequence[Sequence[int]]]


@dataclass
class TokenComparison:
    """Two readings of a checkpoint's tokenizer: `ours` is used, `other` is only compared with it.

    `files` and `reader` name them in `note`, as "tokenizer.json" and "transformers 5.3". A text that holds
    one of `apart` is not compared.
    """

    files: str
    reader: str
    ours: Reading
    other: Reading
    apart: tuple[str, ...] = ()
    compared: int = 0
    different: int = 0
    example: str = ""
    _characters: int = field(default=0, repr=False)

    def read(self, texts: Iterable[str]) -> None:
        """Compare the ids of texts, as long as fewer than COMPARED_CHARACTERS were compared before."""
        part = []
        for text in texts:
            if self._characters >= COMPARED_CHARACTERS:
                break
            if not any(token in text for token in self.apart):
                self._characters += len(text)
                part.append(text)
        for text, ours, other in zip(part, self.ours(part), self.other(part), strict=True):
            if list(ours) != list(other):
                self.different += 1
                self.example = self.example or text
        self.compared += len(part)

    @property
    def note(self) -> str:
        """Return a sentence for the result, empty where no text differs; it stays the same in a run."""
        if not self.different:
            return ""
        return (
            f"the tokens are those of {self.files}; {self.reader} makes others of some texts, "
            f"such as {shown(self.example, _QUOTED)}"
        )


_comparisons: WeakKeyDictionary[Any, TokenComparison] = WeakKeyDictionary()


def compare_with(tokenizer: Any, comparison: TokenComparison) -> None:
    """Have the texts that a tokenizer reads from now on compared."""
    _comparisons[tokenizer] = comparison


def compare(tokenizer: Any, texts: Iterable[str]) -> None:
    """Compare what a tokenizer makes of texts, where there is another reading of its files."""
    if (comparison := _comparisons.get(tokenizer)) is not None:
        comparison.read(texts)


def differences(tokenizer: Any) -> tuple[str, ...]:
    """Return a note on the texts compared so far that have other ids, in a tuple; empty where none has."""
    comparison = _comparisons.get(tokenizer)
    return (comparison.note,) if comparison is not None and comparison.note else ()
