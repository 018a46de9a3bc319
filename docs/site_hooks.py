"""Hooks of the documentation's site: links that leave docs/ lead to the repository, or become plain text."""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(((?!https?://|#|mailto:)[^)#\s]+)(#[^)]*)?\)")
# Files of docs/ that are no pages of the site.
_NO_PAGE = re.compile(r"\.(?:py|json)$|/$")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_: Any) -> str:  # MkDocs calls it by name
    """Return a page whose links to files that the site does not have lead to the repository."""
    folder = posixpath.dirname(f"docs/{page.file.src_uri}")
    repository = str(config.repo_url or "").rstrip("/")

    def replaced(match: re.Match[str]) -> str:
        words, address, anchor = match[1], match[2], match[3] or ""
        path = posixpath.normpath(posixpath.join(folder, address))
        if path.startswith("docs/") and not _NO_PAGE.search(address) and "." in posixpath.basename(path):
            return match[0]
        return f"[{words}]({repository}/blob/HEAD/{path}{anchor})" if repository else words

    return _LINK.sub(replaced, markdown)
