"""The details of a submission that the shelf keeps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.records import Target
from site_gen.board.entry import Sections
from site_gen.board.whole import WholeEntry, whole_row
from site_gen.pages.submission_details import WholeDetails
from site_gen.reading.build_cache import Shelf, packed
from site_gen.reading.entries import read_entry


@dataclass(frozen=True)
class ShelvedDetails:
    """What the shelf has under a key; what it lacks is made again of the folder."""

    shelf: Shelf
    key: bytes
    folder: Path
    paired: bool
    paths: tuple[str, ...]

    def file(self, path: str) -> bytes:
        """Return one of the submission's files."""
        found = self.shelf.part(self.key, f"file/{path}")
        return self._whole().file(path) if found is None else found

    def lines(self, target: str) -> bytes:
        """Return the lines of a target's CSV by language."""
        found = self.shelf.part(self.key, f"lines/{target}")
        return self._whole().lines(target) if found is None else found

    def page(self, targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> Sections:
        """Return what the page shows of these targets."""
        name = page_name(targets, language_paths)
        found = self.shelf.part(self.key, name)
        if found is None:
            found = page_part(self._whole().page(targets, language_paths))
            self.shelf.keep_parts(self.key, {name: packed(found)})
        results, training, charted = json.loads(found)
        return Sections(results, training, charted)

    def _whole(self) -> WholeDetails:
        entry = read_entry(self.folder, self.paired)
        assert isinstance(entry, WholeEntry)  # published numbers have no details
        return WholeDetails(whole_row(entry))


def page_name(targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> str:
    """Name the part that holds a page's sections by what they hang on beside the submission."""
    linked = [
        (name, [(code, language_paths.get(code)) for code in target.languages])
        for name, target in targets.items()
    ]
    return f"page/{hashlib.sha256(repr(linked).encode()).hexdigest()[:32]}"


def page_part(sections: Sections) -> bytes:
    """Return a page's sections as they are kept."""
    return json.dumps(sections, ensure_ascii=False, separators=(",", ":")).encode()
