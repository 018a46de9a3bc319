"""Text of heads on the Hub, as an entry of the catalog says: labelled texts and pairs, tagged sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.data.hub import DAMAGED_ON_HUB, columns, load_rows
from harness.data.own_labelled import LabelledTexts
from harness.data.sentence_pairs import SentencePairs, checked_rows
from harness.data.tagging import TaggedSentences, check_word, tagged_sentences
from harness.errors import BadInput, Where
from harness.records import HubLabelled, HubTagged

_CURE = "choose a target whose text is available"


def labelled_from_hub(language: str, hub: HubLabelled, split: str) -> SentencePairs | LabelledTexts:
    """Read a split of labelled texts, or pairs; raises BadInput, with its row, for an unknown label."""
    name = hub.named(hub.configuration, language)
    rows = load_rows(hub.repository, name, split, cure=_CURE, revision=hub.revision)
    source = f"{hub.repository} {name} {split}"
    texts = [hub.named(column, language) for column in (hub.first, hub.second) if column is not None]
    first = rows[0].get(hub.label) if len(rows) else None
    kinds = {**dict.fromkeys(texts, str), hub.label: int if isinstance(first, int) else str}
    *sides, labels = columns(rows, source, kinds, cure=DAMAGED_ON_HUB)
    stripped = ([(text or "").strip() for text in row] for row in zip(*sides, strict=True))
    names = _named(labels, hub.labels)
    numbered = enumerate(((*row, label) for row, label in zip(stripped, names, strict=True)), start=1)
    checked = checked_rows(numbered, hub.labels, source, cure=DAMAGED_ON_HUB)
    if not checked:
        raise BadInput(f"no text of {language} is in {source}", cure="get the whole data set")
    *parts, gold = zip(*checked, strict=True)
    if hub.second is None:
        return LabelledTexts(language, parts[0], gold, source)
    return SentencePairs(language, parts[0], parts[1], gold, source)


def tagged_from_hub(language: str, hub: HubTagged) -> TaggedSentences:
    """Read tagged sentences; raises BadInput, with its row, for an unknown tag and for other lengths."""
    name = hub.named(hub.configuration, language)
    rows = load_rows(hub.repository, name, hub.split, cure=_CURE, revision=hub.revision)
    source = f"{hub.repository} {name} {hub.split}"
    sentences = []
    known = [tag for tag in hub.tags if tag not in hub.as_tags]
    table = columns(rows, source, {hub.words: list, hub.column: list}, cure=DAMAGED_ON_HUB)
    for number, (words, tags) in enumerate(zip(*table, strict=True), start=1):
        where = Where(source, number)
        if not words or not tags or len(words) != len(tags):
            message = f"found {len(words or ())} words and {len(tags or ())} tags"
            raise BadInput(message, where=where, cure=DAMAGED_ON_HUB)
        named = _renamed(_named(tags, hub.tags), hub.as_tags)
        for word, tag in zip(words, named, strict=True):
            check_word(word, tag, known, where, DAMAGED_ON_HUB)
        sentences.append(list(zip(words, named, strict=True)))
    return tagged_sentences(language, sentences, source)


def _named(values: Sequence[object], names: Sequence[str]) -> list[str]:
    """Return labels as text; numbers are indices into the names."""
    by_number: Mapping[object, str] = dict(enumerate(names))
    return [by_number.get(value, str(value)) for value in values]


def _renamed(tags: Sequence[str], other: Mapping[str, str]) -> list[str]:
    return [other.get(tag, tag) for tag in tags]
