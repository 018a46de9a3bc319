"""Whose a submission is: the GitHub accounts of its submitters, and the author of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from harness.records import AnySubmission, NoticeKind
from harness.review.submission_at import SubmissionAt
from harness.review.verdict import Reason, question, refusal
from harness.store.notices import NOTICES_FILE
from harness.store.submissions import SUBMISSION_FILE

_ACCOUNT = re.compile(r"[a-z0-9_-]{1,39}")
_ASK = "a maintainer asks its submitters"


def account(url: str | None) -> str | None:
    """Return the GitHub account that a link leads to, in lowercase; a tab or a repository will do.

    >>> account("https://www.GitHub.com:443/Ada?tab=repositories")
    'ada'
    """
    parts = urlsplit(url or "")
    if (parts.hostname or "").rstrip(".").removeprefix("www.") != "github.com":
        return None
    name = next((part for part in unquote(parts.path).lower().split("/") if part), "")
    return name if _ACCOUNT.fullmatch(name) else None


def owners(submission: AnySubmission | None) -> frozenset[str]:
    """Return the GitHub accounts of a submission's submitters."""
    accounts = [account(submitter.url) for submitter in submission.submitters] if submission else []
    return frozenset(name for name in accounts if name)


def ownership(
    before: SubmissionAt | None, after: SubmissionAt, actor: str | None, folder: str
) -> Iterator[Reason]:
    """Check that the author of a pull request is a submitter, by the base's submission if it exists there.

    A new submission that names other accounts as well is a question: anyone may write anyone's account.
    """
    file = f"{folder}/{SUBMISSION_FILE}"
    accounts = owners(before.submission) if before else owners(after.submission)
    author = actor.lower() if actor else None
    if before is None and after.submission is None:  # its file has faults, which are reported already
        return
    if author is None:
        yield question(
            "ownership", file, "the author of the pull request is unknown", "name the account with --actor"
        )
    elif before and accounts and author not in accounts:
        yield refusal(
            "ownership",
            file,
            f"belongs to {_listed(accounts)}, not to {author}",
            "add a separate submission",
        )
    elif not accounts:
        what = "names no submitter's GitHub account"
        yield question(
            "ownership", file, what, "write url: https://github.com/<account> after a submitter's name"
        )
    elif author not in accounts:
        what = f"{author} is not among its submitters, {_listed(accounts)}"
        yield question("ownership", file, what, _ASK)
    elif before is None and (others := accounts - {author}):
        what = f"names {_listed(others)}, who did not open the pull request, as submitters"
        yield question("ownership", file, what, "a maintainer asks them whether they take part")
    if before and after.submission and owners(after.submission) != accounts:
        yield question("ownership", file, "other accounts would be its submitters from now on", _ASK)


def workflow_scope(before: SubmissionAt | None, after: SubmissionAt, folder: str) -> Iterator[Reason]:
    """Check what a workflow brings: results of existing submissions, notices of weights that are gone."""
    if before is None:
        what = "is new, and a workflow brings results of existing submissions"
        yield refusal("workflow-scope", folder, what, "add the submission first")
        return
    old, new = (
        [notice for notice in snapshot.notices.notices if notice.kind is not NoticeKind.WEIGHTS_GONE]
        if snapshot.notices
        else []
        for snapshot in (before, after)
    )
    if old != new:
        what = "changes notices that are not about weights"
        yield refusal("workflow-scope", f"{folder}/{NOTICES_FILE}", what, "change them by hand")


def _listed(accounts: frozenset[str]) -> str:
    return ", ".join(sorted(accounts))
