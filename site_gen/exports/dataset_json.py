"""The board's data as a `Dataset` of schema.org in JSON-LD, which search engines for data sets read; pure."""

from __future__ import annotations

import json

from site_gen import paths
from site_gen.board.board import Board
from site_gen.exports.deposit import description, keywords

_MEDIA_TYPES = {"json": "application/json", "csv": "text/csv", "xml": "application/atom+xml"}


def dataset_json(board: Board, base_url: str) -> str:
    """Return the description of a board's data; addresses are relative where the site's is unknown."""
    settings = board.settings
    downloads = (
        ("The whole leaderboard", paths.LEADERBOARD_JSON),
        ("One line for each submission", paths.LEADERBOARD_CSV),
        ("New and changed results", paths.FEED),
    )
    document: dict[str, object] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": f"{board.title}, {settings.subtitle}",
        "description": description(board),
        "keywords": keywords(board),
        "license": f"https://spdx.org/licenses/{settings.license}.html",
        "isAccessibleForFree": True,
        "creator": {
            "@type": "Organization",
            "name": settings.authors,
            **(
                {"url": settings.organisation.url}
                if settings.organisation and settings.organisation.url
                else {}
            ),
        },
        "distribution": [
            {
                "@type": "DataDownload",
                "name": name,
                "encodingFormat": _MEDIA_TYPES[path.rpartition(".")[2]],
                "contentUrl": f"{base_url}{path}",
            }
            for name, path in downloads
        ],
    }
    if base_url:
        document["url"] = base_url
    if board.edition.origin:
        document["version"] = board.edition.snapshot or board.edition.origin.commit
        document["dateModified"] = board.edition.origin.day
    return json.dumps(document, ensure_ascii=False, indent=1)
