"""The address of the form that requests an evaluation, filled in with what a row says; pure."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from harness.records import Regime
from site_gen.board.reported import ReportedRow

# The file of the form in the board's repository, and what it calls the regimes.
_FORM = "submission.yml"
_REGIMES = {Regime.NONE: "none", Regime.ENGLISH: "English only", Regime.MULTILINGUAL: "multilingual"}
_HUB = "https://huggingface.co/"


def request_address(repository: str, row: ReportedRow | None = None) -> str:
    """Return the address of a new issue with the form; empty where the repository is not on GitHub.

    With a `row` of published numbers, its fields are filled in as far as the row knows them; the commit of
    the checkpoint is left to whoever asks.
    """
    if urlsplit(repository).hostname != "github.com":
        return ""
    fields = {"template": _FORM} | ({} if row is None else _known(row))
    return f"{repository}/issues/new?{urlencode(fields)}"


def _known(row: ReportedRow) -> dict[str, str]:
    submission = row.submission
    training, encoding = submission.intermediate, submission.encoding
    model = next((link.removeprefix(_HUB) for link in submission.links.values() if link.startswith(_HUB)), "")
    known = {
        "title": f"Evaluate: {submission.title}",
        "name": submission.title,
        "slug": row.slug.removeprefix("reported-"),
        "family": submission.family,
        "checkpoint": f"{model}@" if model.count("/") == 1 else "",
        "base": submission.base.id if submission.base else "",
        "regime": _REGIMES[training.regime],
        "tasks": ", ".join(training.tasks),
        "languages": ", ".join(training.languages),
        "examples": str(training.examples or ""),
        "trained_on": ", ".join(submission.trained_on),
        "pooling": encoding.pooling.value if encoding and encoding.pooling else "",
        "prefix": (encoding.prefix or "") if encoding else "",
        "license": submission.license or "",
        "targets": ", ".join(row.cells),
    }
    return {name: value for name, value in known.items() if value}
