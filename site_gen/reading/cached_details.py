"""The details of a submission from the build cache."""

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
from site_gen.reading.build_cache import BuildCache, packed
from site_gen.reading.entries import read_entry


@dataclass(frozen=True)
class CachedDetails:
    """Details stored under a key of the build cache; what is missing is computed from the folder."""

    cache: BuildCache
    key: bytes
    folder: Path
    paired: bool
    paths: tuple[str, ...]

    def file(self, path: str) -> bytes:
        """Return the content of the file at one of `paths`."""
        part = self.cache.part(self.key, f"file/{path}")
        return self._whole().file(path) if part is None else part

    def lines(self, target: str) -> bytes:
        """Return the submission's lines in the by-language CSV of a target."""
        part = self.cache.part(self.key, f"lines/{target}")
        return self._whole().lines(target) if part is None else part

    def page(self, targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> Sections:
        """Return the page's sections on these targets."""
        name = page_name(targets, language_paths)
        part = self.cache.part(self.key, name)
        if part is None:
            part = page_part(self._whole().page(targets, language_paths))
            self.cache.store_parts(self.key, {name: packed(part)})
        results, training, charted = json.loads(part)
        return Sections(results, training, charted)

    def _whole(self) -> WholeDetails:
        entry = read_entry(self.folder, self.paired)
        assert isinstance(entry, WholeEntry)  # published numbers have no details
        return WholeDetails(whole_row(entry))


def page_name(targets: Mapping[str, Target], language_paths: Mapping[str, str]) -> str:
    """Return the name of the part with a page's sections: a digest of their inputs beyond the submission."""
    links = [
        (name, [(code, language_paths.get(code)) for code in target.languages])
        for name, target in targets.items()
    ]
    return f"page/{hashlib.sha256(repr(links).encode()).hexdigest()[:32]}"


def page_part(sections: Sections) -> bytes:
    """Return a page's sections as bytes for the build cache."""
    return json.dumps(sections, ensure_ascii=False, separators=(",", ":")).encode()
