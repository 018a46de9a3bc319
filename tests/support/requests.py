"""A request for an evaluation as GitHub writes the answers of its form into an issue."""

from __future__ import annotations

from harness.store.request_form import _FIELDS

ANSWERS = {
    "slug": "mine", "name": "Mine: a model", "family": "xlm-roberta", "checkpoint": f"org/model@{'0123456789' * 4}",
    "base": "org/base", "regime": "English only", "tasks": "mnli, squad", "languages": "en", "examples": "392,702",
    "trained_on": "mnli squad", "pooling": "mean", "prefix": "query:", "license": "MIT", "targets": "tatoeba, XQuAD-R",
    "agreed": "- [x] yes",
}  # fmt: skip


def request_text(**changes: str) -> str:
    answers = ANSWERS | changes
    return "\n\n".join(
        f"### {label}\n\n{answers[field] or '_No response_'}" for label, field in _FIELDS.items()
    )
