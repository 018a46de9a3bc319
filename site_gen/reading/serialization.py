"""Serialise entries losslessly: text as JSON, numbers as one array of float64.

An entry has three blocks: the submission or its tombstone, a head that describes the rest, and the numbers in
the order of the head. Values that thousands of entries share, above all fingerprints of text, are stored once
and referred to by their digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from harness.catalog.contamination import Seen
from harness.records import (
    Mark,
    Notice,
    ReportedSubmission,
    Signature,
    Submission,
    Tombstone,
    VerifiedResult,
)
from harness.scoring.statistics.entrant import Entrant
from harness.scoring.statistics.resampling import Floats
from site_gen.board.compact_result import CompactResult
from site_gen.board.entry import AnyEntry, Contender, Details, Entry, WithdrawnEntry
from site_gen.board.reported import ReportedEntry
from site_gen.board.trust import Trust


class Numbers:
    """A stream of float64 arrays, read in the order in which they were written."""

    def __init__(self, array: Floats | None = None) -> None:
        """Begin an empty stream for writing, or read `array` from its start."""
        self._pieces: list[Floats] = []
        self._array, self._position = array if array is not None else np.empty(0), 0

    def write(self, *values: Floats | Sequence[float]) -> None:
        """Append arrays of any shape."""
        self._pieces += [np.asarray(value, dtype=np.float64).ravel() for value in values]

    def read(self, *shape: int) -> Floats:
        """Return the next array, of this shape."""
        start, self._position = self._position, self._position + int(np.prod(shape))
        return self._array[start : self._position].reshape(shape)

    def to_bytes(self) -> bytes:
        """Return everything written, as little-endian float64."""
        return np.concatenate(self._pieces or [np.empty(0)]).astype("<f8").tobytes()


class Packer:
    """Serialises entries; `shared` collects, by digest, the texts that they refer to."""

    def __init__(self) -> None:
        """Begin without shared texts."""
        self.shared: dict[bytes, str] = {}

    def pack(self, entry: AnyEntry) -> bytes:
        """Return an entry as bytes, with the paths of its detail files."""
        numbers = Numbers()
        if isinstance(entry, WithdrawnEntry):
            head: dict[str, object] = {"slug": entry.slug, "withdrawn": True}
            tombstone = entry.tombstone.model_dump_json(by_alias=True).encode()
            return _join(tombstone, json.dumps(head, separators=(",", ":")).encode(), numbers.to_bytes())
        submission = entry.submission.model_dump_json(by_alias=True).encode()
        head = {"slug": entry.slug, "notices": _packed_notices(entry.notices)}
        if isinstance(entry, Entry):
            contenders = {
                name: self._contender(contender, numbers) for name, contender in entry.contenders.items()
            }
            head |= {"stamp": entry.stamp.hex(), "paths": list(entry.details.paths), "contenders": contenders}
        return _join(submission, json.dumps(head, separators=(",", ":")).encode(), numbers.to_bytes())

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
            "languages": self._name(list(result.language_index)),
            "texts": self._name(dict(result.texts)),
            "data": self._name(dict(result.data)),
            "outcomes": result.outcomes,
            "measured_at": result.measured_at.isoformat() if result.measured_at else None,
            "mixed": self._name(dict(result.mixed)),
            "stamp": result.stamp.hex(),
            "entrant": _packed_entrant(contender.entrant, numbers),
            "trust": self._name(_packed_trust(contender.trust)),
            "contender": contender.stamp.hex(),
        }

    def _name(self, value: object) -> str:
        """Add a value to the shared texts, and return its name: the digest in hex."""
        text = json.dumps(value, separators=(",", ":"))
        key = hashlib.sha256(text.encode()).digest()[:16]
        self.shared[key] = text
        return key.hex()


def _packed_entrant(entrant: Entrant | None, numbers: Numbers) -> dict[str, object] | None:
    if entrant is None:
        return None
    numbers.write([entrant.score, entrant.variance, entrant.interaction, entrant.count], entrant.seeds)
    arrays = {"examples": entrant.examples, "keys": entrant.keys}
    numbers.write(*(array for array in arrays.values() if array is not None))
    return {
        "seeds": len(entrant.seeds),
        "trained": entrant.trained,
        "design": entrant.design,
        "regime": entrant.regime,
        "lengths": entrant.lengths,
        "binary": entrant.binary,
        **{name: None if array is None else len(array) for name, array in arrays.items()},
    }


def _packed_trust(trust: Trust) -> list[object]:
    verification = trust.verification.model_dump(mode="json") if trust.verification else None
    return [
        trust.mark.value,
        verification,
        trust.seen.held_out,
        trust.seen.training,
        _packed_notices(trust.notices),
    ]


def _packed_notices(notices: Sequence[Notice]) -> list[object]:
    return [notice.model_dump(mode="json") for notice in notices]


def _unpacked_notices(packed: Sequence[object]) -> tuple[Notice, ...]:
    return tuple(map(Notice.model_validate, packed))


def _join(submission: bytes, head: bytes, numbers: bytes) -> bytes:
    lengths = np.array([len(submission), len(head)], dtype="<i8").tobytes()
    return lengths + numbers + submission + head


def _split(packed: bytes) -> tuple[bytes, bytes, Floats]:
    """Return the blocks of an entry: submission, head and numbers (aligned to eight bytes)."""
    submission, head = np.frombuffer(packed, "<i8", 2).tolist()
    end = len(packed) - submission - head
    return (
        packed[end : end + submission],
        packed[end + submission :],
        np.frombuffer(packed, "<f8", (end - 16) // 8, 16),
    )


class Unpacker:
    """Deserialises entries; shared values become shared objects."""

    def __init__(self, shared: Mapping[bytes, str]) -> None:
        """Take the shared texts by digest."""
        self._shared = shared
        self._values: dict[str, Any] = {}
        self._language_indices: dict[str, Mapping[str, int]] = {}
        self._trusts: dict[str, Trust] = {}
        self._words: dict[str, str] = {}

    def unpack(self, packed: bytes, details: Callable[[tuple[str, ...]], Details]) -> AnyEntry:
        """Return an entry; `details` makes its details from paths. Raises KeyError without a shared text."""
        submission, text, array = _split(packed)
        head = json.loads(text)
        if "withdrawn" in head:
            return WithdrawnEntry(head["slug"], Tombstone.model_validate_json(submission))
        notices = _unpacked_notices(head["notices"])
        if "contenders" not in head:
            return ReportedEntry(head["slug"], ReportedSubmission.model_validate_json(submission), notices)
        numbers = Numbers(array)
        contenders = {
            self._word(name): self._contender(packed_contender, numbers)
            for name, packed_contender in head["contenders"].items()
        }
        declared = Submission.model_validate_json(submission)
        stamp = bytes.fromhex(head["stamp"])
        return Entry(head["slug"], declared, contenders, details(tuple(head["paths"])), stamp, notices)

    def _contender(self, packed: Mapping[str, Any], numbers: Numbers) -> Contender:
        seeds, language_index = packed["seeds"], self._language_index(packed["languages"])
        result = CompactResult(
            self._word(packed["target"]),
            Signature.parse(packed["signature"]),
            packed["score"],
            tuple(packed["interval"]) if packed["interval"] else None,
            tuple(map(tuple, seeds)),
            tuple(map(tuple, packed["failed"])),
            language_index,
            numbers.read(len(seeds), len(language_index), 4),
            self._value(packed["texts"]),
            self._value(packed["data"]),
            packed["outcomes"],
            datetime.fromisoformat(packed["measured_at"]) if packed["measured_at"] else None,
            self._value(packed["mixed"]),
            bytes.fromhex(packed["stamp"]),
        )
        entrant = _unpacked_entrant(packed["entrant"], numbers)
        return Contender(result, entrant, self._trust(packed["trust"]), bytes.fromhex(packed["contender"]))

    def _value(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = json.loads(self._shared[bytes.fromhex(name)])
        return self._values[name]

    def _language_index(self, name: str) -> Mapping[str, int]:
        if name not in self._language_indices:
            self._language_indices[name] = {
                language: index for index, language in enumerate(self._value(name))
            }
        return self._language_indices[name]

    def _trust(self, name: str) -> Trust:
        if name not in self._trusts:
            mark, verification, held_out, training, notices = self._value(name)
            verified_result = VerifiedResult.model_validate(verification) if verification else None
            seen = Seen(tuple(held_out), tuple(training))
            self._trusts[name] = Trust(Mark(mark), verified_result, seen, _unpacked_notices(notices))
        return self._trusts[name]

    def _word(self, text: str) -> str:
        """Return one object for equal texts: thousands of entries have the same target names."""
        return self._words.setdefault(text, text)


def _unpacked_entrant(packed: Mapping[str, Any] | None, numbers: Numbers) -> Entrant | None:
    if packed is None:
        return None
    score, variance, interaction, count = numbers.read(4).tolist()
    seeds = numbers.read(packed["seeds"])
    examples, keys = (
        None if packed[name] is None else numbers.read(packed[name]) for name in ("examples", "keys")
    )
    return Entrant(
        score,
        variance,
        seeds,
        interaction,
        packed["trained"],
        examples,
        count,
        packed["design"],
        packed["regime"],
        tuple(packed["lengths"]),
        keys,
        packed["binary"],
    )
