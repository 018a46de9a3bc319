"""User-provided tagged sentences: `train`, `dev` and `test.xx` in the formats of CoNLL's shared tasks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from harness.data.delimited import tab_separated
from harness.data.reading_notes import note
from harness.data.tagging import TaggedSentences, check_word, tagged_sentences
from harness.errors import BadInput, Where

ENDINGS = ("conll", "conllu", "tsv", "txt", "iob", "bio", "iob2")
# CoNLL-U: a line is ID, FORM, LEMMA, UPOS and six more columns.
_CONLL_U, _ID, _FORM, _UPOS = 10, 0, 1, 3
_DOCUMENT = "-DOCSTART-"
# Names of columns that no text has as its first word with its tag.
_WORDS, _TAGS = {"word", "token", "form"}, {"tag", "label", "upos", "pos", "ner"}
_CURE = "correct it; a line is a word, then its columns, of which the last is the tag; or CoNLL-U"


def read_tagged(language: str, path: Path, tags: Collection[str] | None = None) -> TaggedSentences:
    """Read a file with a word per line and an empty line between sentences; without `tags` any may occur.

    Columns are separated by tabs or spaces; the word is the first, the tag the last. In CoNLL-U, which has
    ten columns and numbers every word, they are FORM and UPOS; the parts of a fused word are read, not the
    fused word. Raises BadInput with the line for another number of columns, and for unknown tags.
    """
    known = None if tags is None else sorted(tags)
    sentences: list[list[tuple[str, str]]] = [[]]
    for number, cells in _word_rows(path):
        if not cells:
            sentences.append([])
            continue
        word, tag = cells
        check_word(
            word,
            tag,
            known,
            Where(str(path), number),
            "correct it; a head knows the tags of the training file only",
        )
        sentences[-1].append((word, tag))
    if not any(sentences):
        raise BadInput("holds no tagged sentence", where=Where(str(path)), cure=_CURE)
    return tagged_sentences(language, filter(None, sentences), str(path))


def _word_rows(path: Path) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield word and tag of every line, and nothing for a line that ends a sentence."""
    rows = ((number, _cells(cells)) for number, cells in tab_separated(path))
    width = 0
    is_conll_u = _is_conll_u(path)
    for number, cells in rows:
        if number == 1 and cells[0].casefold() in _WORDS and cells[-1].casefold() in _TAGS:
            note(path, "line 1 is read as a header, which names the columns")
            continue
        if cells == [""] or cells[0] == _DOCUMENT:
            yield number, ()
            continue
        if is_conll_u:
            if cells[0].startswith("#"):
                continue
            if len(cells) == _CONLL_U and not cells[_ID].isdecimal():
                continue  # a fused word, whose parts follow, or a word that was left out of the text
        width = width or (_CONLL_U if is_conll_u else max(len(cells), 2))
        if len(cells) != width:
            message = f"found {len(cells)} columns, expected {width}"
            raise BadInput(message, where=Where(str(path), number), cure=_CURE)
        yield number, (cells[_FORM], cells[_UPOS]) if is_conll_u else (cells[0], cells[-1])


def _cells(cells: list[str]) -> list[str]:
    """Return the cells of a line, which are separated by spaces where it has no tab."""
    return cells if len(cells) > 1 else [cell for cell in cells[0].split(" ") if cell] or [""]


def _is_conll_u(path: Path) -> bool:
    """Tell whether the first words are numbered lines of ten columns."""
    for _, cells in tab_separated(path):
        if cells != [""] and not cells[0].startswith("#"):
            return len(cells) == _CONLL_U and cells[_ID].partition("-")[0].isdecimal()
    return False
