"""Entries → bytes and back: text as JSON, numbers as one array of float64, exactly as they were.

An entry is three blocks: what the submission declares, a head that says what follows, and the numbers in the
order of the head. What thousands of entries say alike, above all the fingerprints of the text that they were
measured on, is written once and named by its digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from harness.catalog.contamination import Seen
from harness.records import Mark, ReportedSubmission, Signature, Submission, VerifiedResult
from harness.scoring.statistics.pairwise import Entrant
from harness.scoring.statistics.resampling import Floats
from site_gen.board.compact_result import CompactResult
from site_gen.board.entry import Contender, Details, Entry
from site_gen.board.reported import ReportedEntry
from site_gen.board.trust import Trust


class Numbers:
    """An array that is written and read piece by piece, in the same order."""

    def __init__(self, array: Floats | None = None) -> None:
        """Begin with nothing written, or at the start of what was written."""
        self._pieces: list[Floats] = []
        self._array, self._at = array if array is not None else np.empty(0), 0

    def write(self, *values: Floats | Sequence[float]) -> None:
        """Add arrays of any shape."""
        self._pieces += [np.asarray(value, dtype=np.float64).ravel() for value in values]

    def read(self, *shape: int) -> Floats:
        """Return the next array of a shape."""
        start, self._at = self._at, self._at + int(np.prod(shape))
        return self._array[start : self._at].reshape(shape)

    def to_bytes(self) -> bytes:
        """Return what was written."""
        return np.concatenate(self._pieces or [np.empty(0)]).astype("<f8").tobytes()


class Packer:
    """Turns entries into bytes; `shared` collects the texts that they name by their digests."""

    def __init__(self) -> None:
        """Begin without a shared text."""
        self.shared: dict[bytes, str] = {}

    def pack(self, entry: Entry | ReportedEntry) -> bytes:
        """Return an entry with the paths of its own files."""
        submission = entry.submission.model_dump_json(by_alias=True).encode()
        numbers = Numbers()
        head: dict[str, object] = {"slug": entry.slug}
        if isinstance(entry, Entry):
            contenders = {
                name: self._contender(contender, numbers) for name, contender in entry.contenders.items()
            }
            head |= {"stamp": entry.stamp.hex(), "paths": list(entry.details.paths), "contenders": contenders}
        return _joined(submission, json.dumps(head, separators=(",", ":")).encode(), numbers.to_bytes())

    def _contender(self, contender: Contender, numbers: Numbers) -> dict[str, object]:
        result = contender.result
        numbers.write(result.table)
        return {
            "target": result.target,
            "signature": str(result.signature),
            "score": result.score,
            "interval": result.interval,
            "seeds": result.seeds,
            "failed": result.failed,
            "languages": self._name(list(result.places)),
            "texts": self._name(dict(result.texts)),
            "data": self._name(dict(result.data)),
            "run": dict(result.run),
            "stamp": result.stamp.hex(),
            "entrant": _packed_entrant(contender.entrant, numbers),
            "trust": self._name(_packed_trust(contender.trust)),
            "contender": contender.stamp.hex(),
        }

    def _name(self, value: object) -> str:
        """Keep a value among the shared texts, and return its name."""
        text = json.dumps(value, separators=(",", ":"))
        key = hashlib.sha256(text.encode()).digest()[:16]
        self.shared[key] = text
        return key.hex()


def _packed_entrant(entrant: Entrant | None, numbers: Numbers) -> dict[str, object] | None:
    if entrant is None:
        return None
    numbers.write([entrant.score, entrant.variance, entrant.interaction, entrant.count], entrant.seeds)
    if entrant.examples is not None:
        numbers.write(entrant.examples)
    examples = None if entrant.examples is None else len(entrant.examples)
    return {
        "seeds": len(entrant.seeds),
        "examples": examples,
        "trained": entrant.trained,
        "design": entrant.design,
    }


def _packed_trust(trust: Trust) -> list[object]:
    found = trust.found.model_dump(mode="json") if trust.found else None
    return [trust.mark.value, found, trust.seen.held_out, trust.seen.training]


def _joined(submission: bytes, head: bytes, numbers: bytes) -> bytes:
    lengths = np.array([len(submission), len(head)], dtype="<i8").tobytes()
    return lengths + numbers + submission + head


def _parted(packed: bytes) -> tuple[bytes, bytes, Floats]:
    """Return the blocks of an entry: submission, head and numbers, which are aligned to eight bytes."""
    submission, head = np.frombuffer(packed, "<i8", 2).tolist()
    end = len(packed) - submission - head
    return (
        packed[end : end + submission],
        packed[end + submission :],
        np.frombuffer(packed, "<f8", (end - 16) // 8, 16),
    )


class Unpacker:
    """Makes entries again; what they share is made once."""

    def __init__(self, shared: Mapping[bytes, str]) -> None:
        """Take the shared texts by their digests."""
        self._shared = shared
        self._values: dict[str, Any] = {}
        self._places: dict[str, Mapping[str, int]] = {}
        self._trusts: dict[str, Trust] = {}
        self._words: dict[str, str] = {}

    def unpack(self, packed: bytes, details: Callable[[tuple[str, ...]], Details]) -> Entry | ReportedEntry:
        """Return an entry; `details` gives those of the paths of its own files. Raises KeyError where a shared text is lost."""
        submission, text, array = _parted(packed)
        head = json.loads(text)
        if "contenders" not in head:
            return ReportedEntry(head["slug"], ReportedSubmission.model_validate_json(submission))
        numbers = Numbers(array)
        contenders = {
            self._word(name): self._contender(one, numbers) for name, one in head["contenders"].items()
        }
        declared = Submission.model_validate_json(submission)
        return Entry(
            head["slug"], declared, contenders, details(tuple(head["paths"])), bytes.fromhex(head["stamp"])
        )

    def _contender(self, packed: Mapping[str, Any], numbers: Numbers) -> Contender:
        seeds, places = packed["seeds"], self._places_of(packed["languages"])
        result = CompactResult(
            self._word(packed["target"]),
            Signature.parse(packed["signature"]),
            packed["score"],
            tuple(packed["interval"]) if packed["interval"] else None,
            tuple(map(tuple, seeds)),
            tuple(map(tuple, packed["failed"])),
            places,
            numbers.read(len(seeds), len(places), 4),
            self._value(packed["texts"]),
            self._value(packed["data"]),
            packed["run"],
            bytes.fromhex(packed["stamp"]),
        )
        entrant = _unpacked_entrant(packed["entrant"], numbers)
        return Contender(result, entrant, self._trust(packed["trust"]), bytes.fromhex(packed["contender"]))

    def _value(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = json.loads(self._shared[bytes.fromhex(name)])
        return self._values[name]

    def _places_of(self, name: str) -> Mapping[str, int]:
        if name not in self._places:
            self._places[name] = {language: place for place, language in enumerate(self._value(name))}
        return self._places[name]

    def _trust(self, name: str) -> Trust:
        if name not in self._trusts:
            mark, found, held_out, training = self._value(name)
            verified = VerifiedResult.model_validate(found) if found else None
            self._trusts[name] = Trust(Mark(mark), verified, Seen(tuple(held_out), tuple(training)))
        return self._trusts[name]

    def _word(self, text: str) -> str:
        """Return one object for all texts that are equal: thousands of entries name the same targets."""
        return self._words.setdefault(text, text)


def _unpacked_entrant(packed: Mapping[str, Any] | None, numbers: Numbers) -> Entrant | None:
    if packed is None:
        return None
    score, variance, interaction, count = numbers.read(4).tolist()
    seeds = numbers.read(packed["seeds"])
    examples = None if packed["examples"] is None else numbers.read(packed["examples"])
    return Entrant(score, variance, seeds, interaction, packed["trained"], examples, count, packed["design"])
