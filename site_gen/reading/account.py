"""Read the experiment's account, which a repository may have next to its submissions."""

from __future__ import annotations

from pathlib import Path

from site_gen.pages.account_page import ACCOUNT


def account_of(submissions: Path) -> str:
    """Return the account's Markdown; empty where there is none, or where it is no text."""
    try:
        return (submissions.resolve().parent / ACCOUNT).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
