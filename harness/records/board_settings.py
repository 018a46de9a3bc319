"""What is a board's own: stiltboard.yaml, next to the folder of the submissions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.records.record import Record
from harness.records.scalars import Line, integer

# Of a board without settings.
TITLE = "stiltboard"
# GitHub's accounts; those of apps, such as github-actions[bot], end in [bot].
Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?$")]


class BoardSettings(Record):
    """A board's title, and who maintains it.

    `maintainers` are the accounts that may change every submission. `workflows` are the accounts under which
    this repository's own workflows open pull requests with results.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    title: Line = TITLE
    maintainers: Annotated[tuple[Account, ...], Field(max_length=1000)] = ()
    workflows: Annotated[tuple[Account, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _roles_differ(self) -> BoardSettings:
        both = {name.lower() for name in self.maintainers} & {name.lower() for name in self.workflows}
        if both:
            raise ValueError(f"{min(both)} cannot be both a maintainer and a workflow")
        return self
