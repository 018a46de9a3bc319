"""Metadata of a snapshot for a service that gives it a DOI: CITATION.cff, Zenodo's and DataCite's JSON; pure.

Formats: Citation File Format 1.2.0; the keys of Zenodo's .zenodo.json; DataCite's Metadata Schema 4, whose
`doi` the service fills in.
"""

from __future__ import annotations

import json

from harness.records.origin import Snapshot
from harness.store.yaml.parser import dump
from site_gen.board.board import Board


def deposit_files(board: Board, snapshot: Snapshot, address: str) -> dict[str, bytes]:
    """Return the files of metadata by name; `address` may be empty."""
    return {
        "CITATION.cff": _citation(board, snapshot, address),
        ".zenodo.json": _json(_zenodo(board, snapshot, address)),
        "datacite.json": _json(_datacite(board, snapshot, address)),
    }


def _name(board: Board, snapshot: Snapshot) -> str:
    subtitle = board.settings.subtitle.removeprefix("a ").removeprefix("the ")
    return f"{board.title}: {subtitle}, snapshot {snapshot.name}"


def _authors(board: Board) -> str:
    organisation = board.settings.organisation
    return organisation.name if organisation else f"The {board.title} contributors"


def keywords(board: Board) -> list[str]:
    """Return what a board is about, in the words of a catalogue."""
    asked = ["intermediate-task training"] if board.settings.asks_regimes else []
    tests = [] if board.settings.targets else ["sentence retrieval", "XTREME"]
    return ["multilingual encoders", *asked, "cross-lingual transfer", *tests, "leaderboard"]


def description(board: Board) -> str:
    """Return what the data of a board are, in a sentence."""
    return (
        f"Submissions ({len(board.rows):,}), their results with the outcome of every example, and the "
        f"leaderboard computed from them: {board.settings.subtitle}."
    )


def _description(board: Board) -> str:
    kept = " Outcomes are kept outside the archive, by the digests that results state."
    elsewhere = kept if board.settings.outcomes else ""
    return f"{description(board)}{elsewhere} SHA256SUMS in the archive names every file."


def _citation(board: Board, snapshot: Snapshot, address: str) -> bytes:
    fields = {
        "cff-version": "1.2.0",
        "title": _name(board, snapshot),
        "message": "If you use a number of this snapshot, cite the snapshot and the submission.",
        "type": "dataset",
        "license": board.settings.license,
        "authors": [{"name": _authors(board)}],
        "version": snapshot.name,
        "date-released": snapshot.origin.day,
        "commit": snapshot.origin.commit,
        **({"url": address} if address else {}),
        "keywords": keywords(board),
    }
    return dump(fields).encode()


def _zenodo(board: Board, snapshot: Snapshot, address: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "title": _name(board, snapshot),
        "upload_type": "dataset",
        "description": _description(board),
        "creators": [{"name": _authors(board)}],
        "version": snapshot.name,
        "publication_date": snapshot.origin.day,
        "license": board.settings.license.lower(),
        "access_right": "open",
        "keywords": keywords(board),
        "notes": f"git commit {snapshot.origin.commit}",
    }
    if board.senders:
        fields["contributors"] = [{"name": sender.name, "type": "DataCollector"} for sender in board.senders]
    if address:
        fields["related_identifiers"] = [
            {"identifier": address, "relation": "isIdenticalTo", "scheme": "url"}
        ]
    return fields


def _datacite(board: Board, snapshot: Snapshot, address: str) -> dict[str, object]:
    fields: dict[str, object] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "creators": [{"name": _authors(board), "nameType": "Organizational"}],
        "titles": [{"title": _name(board, snapshot)}],
        "publisher": board.title,
        "publicationYear": int(snapshot.origin.date[:4]),
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Leaderboard"},
        "version": snapshot.name,
        "dates": [{"date": snapshot.origin.date, "dateType": "Created"}],
        "descriptions": [{"description": _description(board), "descriptionType": "Abstract"}],
        "rightsList": [{"rightsIdentifier": board.settings.license, "rightsIdentifierScheme": "SPDX"}],
        "contributors": [
            {"name": sender.name, "contributorType": "DataCollector"} for sender in board.senders
        ],
    }
    return fields | ({"url": address} if address else {})


def _json(document: object) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
