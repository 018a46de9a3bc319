"""Write a review as markdown for a job's summary; untrusted text in it has no effect."""

from __future__ import annotations

from collections.abc import Sequence

from harness.comparison import report
from harness.comparison.markdown import code, escaped, table, within_limit
from harness.review.roles import Role
from harness.review.verdict import Reason, ResultChange, Review, Verdict

_INTRODUCTIONS = {
    Verdict.ACCEPTED: "All files belong to submissions and are valid, and the author may change them.",
    Verdict.MAINTAINER: "No file is refused; a maintainer has to decide about the points below.",
    Verdict.REFUSED: "Please fix the points below and push again; the check then runs again.",
}


def markdown(review: Review) -> str:
    """Return the verdict, every reason with file and cure, and the changed results."""
    files = f"{review.files:,} {'file' if review.files == 1 else 'files'}"
    introduction = _INTRODUCTIONS[review.verdict]
    if review.verdict is Verdict.ACCEPTED and review.role is Role.MAINTAINER:
        introduction = "A maintainer opened this pull request, and no file is refused."
    head = [f"## Submission check: {review.verdict.value}", introduction]
    summary = f"{files} changed, {code(review.base[:12])} → {code(review.head[:12])}"
    head.append(summary + (f", opened by {code(review.actor)} ({review.role.value})" if review.actor else ""))
    blocks = ["\n\n".join(head), *_reasons(review)]
    if review.results:
        blocks.append(_results(review.results))
    if review.diff.comparisons or review.diff.refused:
        blocks.append(report.markdown(review.diff).rstrip("\n"))
    return within_limit(blocks, "stiltboard review --format json")


def _reasons(review: Review) -> list[str]:
    blocks = []
    for title, reasons in (
        ("To fix", [reason for reason in review.reasons if reason.refuses]),
        (
            "Noted" if review.role is Role.MAINTAINER else "For a maintainer",
            [reason for reason in review.reasons if not reason.refuses],
        ),
    ):
        if reasons:
            blocks.append(f"### {title}")
            blocks += [_reason(reason) for reason in reasons]
    if review.untold:
        blocks.append(f"and {review.untold:,} more; fix these first")
    return blocks


def _reason(reason: Reason) -> str:
    position = ":".join(str(part) for part in (reason.file, reason.line, reason.column) if part is not None)
    # What was found and its cure may quote untrusted text, so that both are code spans.
    lines = [
        f"- **{escaped(reason.rule)}**" + (f" {code(position)}" if position else ""),
        f"  - found: {code(reason.what)}",
    ]
    if reason.cure:
        lines.append(f"  - cure: {code(reason.cure)}")
    return "\n".join(lines)


def _results(changes: Sequence[ResultChange]) -> str:
    rows = [
        (
            f"{code(change.submission)} {code(change.target)}",
            _points(change.before, new=change.new),
            _after(change),
        )
        for change in changes[:200]
    ]
    listed = table(("", "before", "after"), rows)
    more = f"\n\nand {len(changes) - 200:,} more" if len(changes) > 200 else ""
    return f"### Results\n\n{listed}{more}"


def _points(score: float | None, *, new: bool) -> str:
    return "–" if new else "incomplete" if score is None else f"{score:.2f}"


def _after(change: ResultChange) -> str:
    return (
        f"{change.after:.2f}" if change.after is not None else f"{change.measured} of {change.of} languages"
    )
