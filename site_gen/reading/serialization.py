"""Entries in brief → bytes and back: text as JSON, numbers as one array of float64, exactly as they were.

What thousands of entries say alike, above all the fingerprints of the text that they were measured on, is packed once and named
by its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from harness.catalog.contamination import Seen
from harness.records import Mark, ReportedSubmission, Signature, Submission, VerifiedResult
from harness.scoring.statistics.pairwise import Entrant
from site_gen.board.board import Entry
from site_gen.board.compact_result import Brief
from site_gen.board.reported import ReportedEntry
from site_gen.board.trust import Trust

_Numbers = list[NDArray[np.float64]]


def pack(entry: Entry | ReportedEntry, paths: Sequence[str]) -> tuple[bytes, dict[bytes, str]]:
    """Return an entry whose results are in brief, with the paths of its own files, and the texts that it names by their digests."""
    submission = entry.submission.model_dump_json(by_alias=True).encode()
    if isinstance(entry, ReportedEntry):
        return _joined(submission, {"slug": entry.slug}, []), {}
    numbers: _Numbers = []
    shared: dict[bytes, str] = {}
    briefs = [each for each in entry.results if isinstance(each, Brief)]
    results = [_packed_brief(each, entry.entrants.get(each.target), numbers, shared) for each in briefs]
    trusts = {target: _named(_packed_trust(trust), shared) for target, trust in entry.trusts.items()}
    head = {"slug": entry.slug, "stamp": entry.stamp.hex(), "paths": list(paths), "results": results, "trusts": trusts}
    return _joined(submission, head, numbers), shared


def _joined(submission: bytes, head: Mapping[str, object], numbers: _Numbers) -> bytes:
    text = json.dumps(head, separators=(",", ":")).encode()
    array = np.concatenate(numbers) if numbers else np.empty(0)
    lengths = np.array([len(submission), len(text)], dtype="<i8").tobytes()
    return lengths + array.astype("<f8").tobytes() + submission + text


def _packed_brief(each: Brief, entrant: Entrant | None, numbers: _Numbers, shared: dict[bytes, str]) -> list[object]:
    numbers += [each.table.ravel()]
    names = [_named(value, shared) for value in (list(each.places), dict(each.texts), dict(each.data))]
    interval = list(each.interval) if each.interval else None
    about = [each.target, str(each.signature), each.score, interval, each.seeds, each.failed, names, each.run.get("date"), each.stamp.hex()]
    if entrant is None:
        return [*about, None]
    examples = entrant.examples
    numbers += [np.array([entrant.score, entrant.variance, entrant.interaction, entrant.count]), entrant.seeds]
    numbers += [examples] if examples is not None else []
    sizes = [len(entrant.seeds), None if examples is None else len(examples)]
    return [*about, [*sizes, entrant.trained, entrant.design]]


def _packed_trust(trust: Trust) -> list[object]:
    found = trust.found.model_dump(mode="json") if trust.found else None
    return [trust.mark.value, found, trust.seen.held_out, trust.seen.training]


def _named(value: object, shared: dict[bytes, str]) -> str:
    text = json.dumps(value, separators=(",", ":"))
    key = hashlib.sha256(text.encode()).digest()[:16]
    shared[key] = text
    return key.hex()


class Unpacker:
    """Makes entries again; what they share is made once."""

    def __init__(self, shared: Mapping[bytes, str]) -> None:
        """Take the shared texts by their digests."""
        self._shared = shared
        self._made: dict[str, Any] = {}

    def entry(self, packed: bytes) -> tuple[Entry | ReportedEntry, tuple[str, ...]]:
        """Return an entry and the paths of its own files; raises KeyError where a shared text is lost."""
        first, second = np.frombuffer(packed, "<i8", 2).tolist()
        end = len(packed) - first - second
        submission = packed[end : end + first]
        head = json.loads(packed[end + first :])
        if "results" not in head:
            return ReportedEntry(head["slug"], ReportedSubmission.model_validate_json(submission)), ()
        numbers = np.frombuffer(packed, "<f8", (end - 16) // 8, 16)
        made = Submission.model_validate_json(submission)
        results: list[Brief] = []
        entrants: dict[str, Entrant] = {}
        at = 0
        for each in head["results"]:
            result, entrant, at = self._result(each, numbers, at)
            results.append(result)
            if entrant is not None:
                entrants[result.target] = entrant
        trusts = {target: self._trust(name) for target, name in head["trusts"].items()}
        entry = Entry(head["slug"], made, tuple(results), entrants=entrants, trusts=trusts, stamp=bytes.fromhex(head["stamp"]))
        return entry, tuple(head["paths"])

    def _result(self, packed: Sequence[Any], numbers: NDArray[np.float64], at: int) -> tuple[Brief, Entrant | None, int]:
        target, signature, score, interval, seeds, failed, names, date, stamp, extra = packed
        places, texts, data = (self._of(name, number == 0) for number, name in enumerate(names))
        end = at + 4 * len(seeds) * len(places)
        table = numbers[at:end].reshape(len(seeds), len(places), 4)
        made = Brief(
            self._word(target),
            Signature.parse(signature),
            score,
            tuple(interval) if interval else None,
            tuple(map(tuple, seeds)),
            tuple(map(tuple, failed)),
            places,
            table,
            texts,
            data,
            {"date": date} if date is not None else {},
            bytes.fromhex(stamp),
        )
        if extra is None:
            return made, None, end
        count, examples, trained, design = extra
        own, variance, interaction, n = numbers[end : end + 4].tolist()
        rest = end + 4 + count
        last = rest + (examples or 0)
        paired = None if examples is None else numbers[rest:last]
        return made, Entrant(own, variance, numbers[end + 4 : rest], interaction, trained, paired, n, design), last

    def _trust(self, name: str) -> Trust:
        key = f"trust {name}"
        if key not in self._made:
            mark, found, held_out, training = json.loads(self._shared[bytes.fromhex(name)])
            verified = VerifiedResult.model_validate(found) if found else None
            self._made[key] = Trust(Mark(mark), verified, Seen(tuple(held_out), tuple(training)))
        return cast("Trust", self._made[key])

    def _of(self, name: str, places: bool) -> Any:
        key = f"{name}{places}"
        if key not in self._made:
            value = json.loads(self._shared[bytes.fromhex(name)])
            self._made[key] = {language: place for place, language in enumerate(value)} if places else value
        return self._made[key]

    def _word(self, text: str) -> str:
        return str(self._made.setdefault(f"={text}", text))
