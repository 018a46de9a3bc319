"""Who opened a pull request: a contributor, a maintainer, or a workflow of this repository."""

from __future__ import annotations

from enum import StrEnum

from harness.records import BoardSettings


class Role(StrEnum):
    """What a pull request may change.

    A contributor changes one submission of their own, a maintainer every submission. A workflow brings
    results of one existing submission, or notices of weights that are gone.
    """

    CONTRIBUTOR = "contributor"
    WORKFLOW = "workflow"
    MAINTAINER = "maintainer"


def role_of(settings: BoardSettings, author: str | None, pusher: str | None) -> Role:
    """Return the role of a pull request by the base's settings.

    `author` opened it, `pusher` made the last change to it or started this check. Both have to be trusted:
    whoever may push to a maintainer's branch is not a maintainer for that.
    """
    maintainers = {account.lower() for account in settings.maintainers}
    workflows = {account.lower() for account in settings.workflows}
    opened_by, pushed_by = ((account or "").lower() for account in (author, pusher or author))
    if pushed_by not in maintainers | workflows:
        return Role.CONTRIBUTOR
    if opened_by in maintainers:
        return Role.MAINTAINER
    return Role.WORKFLOW if opened_by in workflows else Role.CONTRIBUTOR
