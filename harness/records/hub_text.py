"""Where the text of a target is on the Hub, and which columns hold it: one record for each form of data set.

In names of configurations and columns, `{code}` is replaced by the data set's code of the language, which
`codes` gives where it is not the catalog's. `revision` is the commit that is read. Without one it is the
newest, and only text with an official fingerprint is scored.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.records.record import Record
from harness.records.scalars import Language, Revision


class _HubText(Record):
    """What all forms of data sets have in common."""

    repository: str
    codes: Mapping[Language, str] = {}
    revision: Revision | None = None

    def code(self, language: str) -> str:
        """Return the data set's code of a language."""
        return self.codes.get(language, language)

    def named(self, template: str, language: str) -> str:
        """Return the name of a configuration, a split or a column for a language."""
        return template.replace("{code}", self.code(language))


class HubBitext(_HubText):
    """Parallel sentences; one row is one pair."""

    configuration: str
    split: str
    foreign: str
    english: str


class HubPassages(_HubText):
    """A collection as BEIR has it: passages, queries and judgements in three configurations.

    Ids are in the column `_id` or `id`; a title, where there is one, belongs to the passage's text.
    Judgements have the columns `query-id`, `corpus-id` and `score`.
    """

    passages: str
    queries: str
    judgements: str
    split: str


class HubQuestions(_HubText):
    """Questions with the passage that answers each, in one row; equal passages are one, by `passage_id`."""

    configuration: str
    split: str
    question: str
    passage: str
    passage_id: str


class HubLabelled(_HubText):
    """Labelled texts, or pairs of texts; labels are text, or numbers that are indices into `labels`.

    Without `train` the head is that of another target's English text.
    """

    configuration: str
    split: str
    first: str
    second: str | None = None
    label: str
    labels: tuple[str, ...]
    train: str | None = None
    dev: str | None = None


class HubTagged(_HubText):
    """Tagged sentences; tags are text, or numbers that are indices into `tags`.

    `as_tags` replaces tags that the head does not know, such as those of dates, by another one.
    """

    configuration: str
    split: str
    words: str
    column: str
    tags: tuple[str, ...]
    as_tags: Mapping[str, str] = {}


HubText = HubBitext | HubPassages | HubQuestions | HubLabelled | HubTagged
