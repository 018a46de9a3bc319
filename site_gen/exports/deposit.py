"""Metadata of a snapshot for a service that gives it a DOI: CITATION.cff, Zenodo's and DataCite's JSON; pure.

Formats: Citation File Format 1.2.0; the keys of Zenodo's .zenodo.json; DataCite's Metadata Schema 4, whose
`doi` the service fills in.
"""

from __future__ import annotations

import json

from harness.records.origin import Snapshot
from harness.store.yaml.parser import dump
from site_gen.board.board import Board

_LICENCE = "MIT"
_KEYWORDS = (
    "multilingual encoders",
    "intermediate-task training",
    "cross-lingual transfer",
    "sentence retrieval",
    "XTREME",
    "leaderboard",
)


def deposit_files(board: Board, snapshot: Snapshot, title: str, address: str) -> dict[str, bytes]:
    """Return the files of metadata by name; `title` is the board's, `address` may be empty."""
    return {
        "CITATION.cff": _citation(snapshot, title, address),
        ".zenodo.json": _json(_zenodo(board, snapshot, title, address)),
        "datacite.json": _json(_datacite(board, snapshot, title, address)),
    }


def _name(snapshot: Snapshot, title: str) -> str:
    return f"{title}: leaderboard of multilingual encoders, snapshot {snapshot.name}"


def _authors(title: str) -> str:
    return f"The {title} contributors"


def _description(board: Board) -> str:
    return (
        f"Submissions ({len(board.rows):,}), their results with the outcome of every example, and the "
        "leaderboard computed from them, of a benchmark of multilingual encoders after intermediate-task "
        "training. SHA256SUMS in the archive names every file."
    )


def _citation(snapshot: Snapshot, title: str, address: str) -> bytes:
    fields = {
        "cff-version": "1.2.0",
        "title": _name(snapshot, title),
        "message": "If you use a number of this snapshot, cite the snapshot and the submission.",
        "type": "dataset",
        "license": _LICENCE,
        "authors": [{"name": _authors(title)}],
        "version": snapshot.name,
        "date-released": snapshot.origin.day,
        "commit": snapshot.origin.commit,
        **({"url": address} if address else {}),
        "keywords": list(_KEYWORDS),
    }
    return dump(fields).encode()


def _zenodo(board: Board, snapshot: Snapshot, title: str, address: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "title": _name(snapshot, title),
        "upload_type": "dataset",
        "description": _description(board),
        "creators": [{"name": _authors(title)}],
        "version": snapshot.name,
        "publication_date": snapshot.origin.day,
        "license": _LICENCE.lower(),
        "access_right": "open",
        "keywords": list(_KEYWORDS),
        "notes": f"git commit {snapshot.origin.commit}",
    }
    if board.senders:
        fields["contributors"] = [{"name": sender.name, "type": "DataCollector"} for sender in board.senders]
    if address:
        fields["related_identifiers"] = [
            {"identifier": address, "relation": "isIdenticalTo", "scheme": "url"}
        ]
    return fields


def _datacite(board: Board, snapshot: Snapshot, title: str, address: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "creators": [{"name": _authors(title), "nameType": "Organizational"}],
        "titles": [{"title": _name(snapshot, title)}],
        "publisher": title,
        "publicationYear": int(snapshot.origin.date[:4]),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Leaderboard"},
        "version": snapshot.name,
        "dates": [{"date": snapshot.origin.date, "dateType": "Created"}],
        "descriptions": [{"description": _description(board), "descriptionType": "Abstract"}],
        "rightsList": [{"rightsIdentifier": _LICENCE, "rightsIdentifierScheme": "SPDX"}],
        "contributors": [
            {"name": sender.name, "contributorType": "DataCollector"} for sender in board.senders
        ],
    }
    return fields | ({"url": address} if address else {})


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
