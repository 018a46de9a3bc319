"""Read the entries of targets beyond XTREME: one TOML file a target, in harness/catalog/beyond/.

An entry says where the text is, in which languages, and under which licence; what is done with it follows
from the form of its data set, which `forms.py` describes. docs/data.md has an example.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from harness.catalog.forms import form_of
from harness.errors import BadInput, Where
from harness.records import HubText, Target
from harness.records.record import Record
from harness.records.scalars import Language, Link, Tag
from harness.records.target import PublishedCheck

FOLDER = Path(__file__).parent / "beyond"
_Count = Annotated[int, Field(ge=1)]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class TargetEntry(Record):
    """One target in one file.

    `languages` gives the data set's code of each language, empty where the Hub does not have it. `size` is
    the number of examples in every language, or `sizes` where they differ. `fingerprints` are of the text,
    where it was at hand. `revision_from` names the source of the commit in `hub`. `training` is the English
    text of a head, unless the data set has its own.
    """

    title: str
    split: str
    licence: str
    citation: str
    homepage: Link
    hub: HubText
    revision_from: str = ""
    languages: Mapping[Language, str]
    size: _Count | None = None
    sizes: Mapping[Language, _Count] = {}
    fingerprints: Mapping[Language, _Digest] = {}
    parallel: bool = False
    file_layout: str = ""
    data_sets: tuple[Tag, ...] = ()
    training_sets: tuple[Tag, ...] = ()
    checks: tuple[PublishedCheck, ...] = ()
    training: str = ""
    note: str = ""

    def target(self, name: str) -> Target:
        """Return the target of this entry."""
        codes = {language: code for language, code in self.languages.items() if code}
        sizes = self.sizes or ({} if self.size is None else dict.fromkeys(self.languages, self.size))
        hub = self.hub.model_copy(update={"codes": codes})
        form: dict[str, Any] = dict(form_of(hub, self.training or name))
        form["protocol"] = f"{form['protocol']} {self.note}".strip()
        return Target(
            name=name,
            title=self.title,
            languages=tuple(self.languages),
            group=None,
            benchmark="beyond XTREME",
            sizes=sizes,
            parallel=self.parallel,
            hub=hub,
            file_layout=self.file_layout,
            data_sets=self.data_sets,
            training_sets=self.training_sets,
            checks=self.checks,
            version=1,
            split=self.split,
            licence=self.licence,
            citation=self.citation,
            homepage=self.homepage,
            **form,
        )


def read_entries(folder: Path = FOLDER) -> dict[str, TargetEntry]:
    """Return the entries of a folder by the name of their target, which is that of the file, in its order.

    Raises BadInput, naming the file and the key, for what is no entry.
    """
    return {path.stem: _entry(path) for path in sorted(folder.glob("*.toml"))}


def _entry(path: Path) -> TargetEntry:
    try:
        return TargetEntry.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as reason:
        raise BadInput(f"is not TOML: {reason}", where=Where(str(path)), cure="correct the line") from None
    except ValidationError as reason:
        first = reason.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise BadInput(
            f"{key}: {first['msg']}", where=Where(str(path)), cure="docs/data.md describes every key"
        ) from None


ENTRIES = read_entries()
"""The entries of the catalog, by the name of their target."""
