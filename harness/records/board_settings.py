"""What is a board's own: stiltboard.yaml, next to the folder of the submissions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.records.outcome_settings import OutcomeSettings
from harness.records.record import Record
from harness.records.scalars import Line, Link, LongLine, Tag, WebAddress, integer, nullable

# Of a board without settings.
TITLE = "stiltboard"
SUBTITLE = "a leaderboard of multilingual encoders"
# GitHub's accounts; those of apps, such as github-actions[bot], end in [bot].
Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,38})(?:\[bot\])?$")]
Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]


def _inside(path: str) -> str:
    if ".." in path.split("/"):
        raise ValueError("expected a file in the board's folder, or below it")
    return path


# A file of the board, relative to stiltboard.yaml.
BoardFile = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$", max_length=200), AfterValidator(_inside)
]


class Question(Record):
    """What a board asks, as the heading of its front page.

    `answer` says from what the answer is computed: `regimes` compares English-only with multilingual
    training; null leaves the question without one. `about` explains the question in a few sentences.
    `account` is the experiment's account, a Markdown file of the board, which becomes a page.
    """

    text: Line
    answer: Annotated[Literal["regimes"] | None, BeforeValidator(nullable)] = None
    about: Annotated[LongLine | None, BeforeValidator(nullable)] = None
    account: Annotated[BoardFile | None, BeforeValidator(nullable)] = None


class ModeColours(Record):
    """A board's colours in one mode, as #rrggbb: `link` of links, `accent` of the logo and of marks."""

    link: Annotated[Colour | None, BeforeValidator(nullable)] = None
    accent: Annotated[Colour | None, BeforeValidator(nullable)] = None


class Colours(Record):
    """A board's colours for readers in light and in dark mode; those that are not given stay as they are."""

    light: ModeColours = ModeColours()
    dark: ModeColours = ModeColours()


class Organisation(Record):
    """Who is responsible for a board, and cited as its author."""

    name: Line
    url: Annotated[Link | None, BeforeValidator(nullable)] = None


class TargetGroup(Record):
    """Targets below a heading of their own on the page of tests."""

    title: Line
    targets: Annotated[tuple[Tag, ...], Field(min_length=1, max_length=100)]


class BoardSettings(Record):
    """A board's title and everything else that is its own: what it asks and shows, and who maintains it.

    `base_url` is the site's public address and `repository` the board's on GitHub or elsewhere.
    `documentation` is where stiltboard's files of documentation are: an address, or `repository` where they
    are in the board's own. `targets`
    are those of the table on the front page, of which the first that has a result orders it; without any,
    the table has XTREME's. `columns` are the keys of the table's columns that are shown at first. `license`
    is that of the results, as an SPDX identifier. `maintainers` are the accounts that may change every
    submission. `workflows` are the accounts under which this repository's own workflows open pull requests
    with results. Without `outcomes` the outcomes of results are in git.
    """

    schema_: Annotated[Literal[1], BeforeValidator(integer), Field(alias="schema")]
    title: Line = TITLE
    subtitle: Line = SUBTITLE
    question: Annotated[Question | None, BeforeValidator(nullable)] = None
    organisation: Annotated[Organisation | None, BeforeValidator(nullable)] = None
    base_url: Annotated[WebAddress | None, BeforeValidator(nullable)] = None
    repository: Annotated[Link | None, BeforeValidator(nullable)] = None
    documentation: Annotated[Literal["repository"] | Link | None, BeforeValidator(nullable)] = None
    license: Annotated[Line, Field(pattern=r"^[A-Za-z0-9.+-]+$")] = "MIT"
    logo: Annotated[BoardFile | None, Field(pattern=r"\.(?:svg|png)$"), BeforeValidator(nullable)] = None
    colours: Colours = Colours()
    footer: Annotated[LongLine | None, BeforeValidator(nullable)] = None
    links: Annotated[Mapping[Line, Link], Field(max_length=20)] = {}
    targets: Annotated[tuple[Tag, ...], Field(max_length=100)] = ()
    columns: Annotated[tuple[Tag, ...], Field(max_length=200)] = ()
    groups: Annotated[tuple[TargetGroup, ...], Field(max_length=50)] = ()
    maintainers: Annotated[tuple[Account, ...], Field(max_length=1000)] = ()
    workflows: Annotated[tuple[Account, ...], Field(max_length=100)] = ()
    outcomes: Annotated[OutcomeSettings | None, BeforeValidator(nullable)] = None

    @property
    def asks_regimes(self) -> bool:
        """Tell whether the board asks what the languages of a training change, and computes the answer."""
        return self.question is not None and self.question.answer == "regimes"

    @property
    def authors(self) -> str:
        """Return whom a citation of the board names."""
        return self.organisation.name if self.organisation else f"The {self.title} authors"

    @model_validator(mode="after")
    def _roles_differ(self) -> BoardSettings:
        both = {name.lower() for name in self.maintainers} & {name.lower() for name in self.workflows}
        if both:
            raise ValueError(f"{min(both)} cannot be both a maintainer and a workflow")
        return self

    @model_validator(mode="after")
    def _names_differ(self) -> BoardSettings:
        grouped = tuple(name for group in self.groups for name in group.targets)
        for key, names in (("targets", self.targets), ("columns", self.columns), ("groups", grouped)):
            twice = sorted(name for name in set(names) if names.count(name) > 1)
            if twice:
                raise ValueError(f"{key}: {twice[0]} is named twice")
        return self


NO_SETTINGS = BoardSettings(schema_=1)
"""Those of a board that has none of its own."""
