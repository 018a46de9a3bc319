"""Write a review as markdown for a job's summary; nothing that a stranger chose acts in it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.comparison import report
from harness.comparison.markdown import code, escaped, table, within_limit
from harness.review.verdict import Reason, ResultChange, Review, Verdict

_SAID = {
    Verdict.ACCEPTED: "Every file is one that a submission holds, each is sound, and the author may change it.",
    Verdict.MAINTAINER: "Nothing is wrong with the files; what stands below is for a maintainer to decide.",
    Verdict.REFUSED: "Please mend what stands below and push again; the check runs anew.",
}


def markdown(review: Review) -> str:
    """Return the verdict, every reason with file and cure, and what the results became."""
    files = f"{review.files:,} {'file' if review.files == 1 else 'files'}"
    head = [f"## Submission check: {review.verdict.value}", _SAID[review.verdict]]
    judged = f"{files} changed, {code(review.base[:12])} → {code(review.head[:12])}"
    head.append(judged + (f", opened by {code(review.actor)}" if review.actor else ""))
    blocks = ["\n\n".join(head), *_reasons(review)]
    if review.results:
        blocks.append(_results(review.results))
    if review.diff.comparisons or review.diff.refused:
        blocks.append(report.markdown(review.diff).rstrip("\n"))
    return within_limit(blocks, "stiltboard review --format json")


def _reasons(review: Review) -> list[str]:
    blocks = []
    for title, found in (
        ("To mend", [reason for reason in review.reasons if reason.refuses]),
        ("For a maintainer", [reason for reason in review.reasons if not reason.refuses]),
    ):
        if found:
            blocks.append(f"### {title}")
            blocks += [_reason(reason) for reason in found]
    if review.untold:
        blocks.append(f"and {review.untold:,} more; mend these first")
    return blocks


def _reason(reason: Reason) -> str:
    place = ":".join(str(part) for part in (reason.file, reason.line, reason.column) if part is not None)
    # What was found and what cures it may quote a stranger: a code span holds it.
    lines = [
        f"- **{escaped(reason.rule)}**" + (f" {code(place)}" if place else ""),
        f"  - found: {code(reason.what)}",
    ]
    if reason.cure:
        lines.append(f"  - cure: {code(reason.cure)}")
    return "\n".join(lines)


def _results(changes: Sequence[ResultChange]) -> str:
    rows = [
        (f"{code(each.submission)} {code(each.target)}", _points(each.before, new=each.new), _after(each))
        for each in changes[:200]
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
