"""Where a board keeps the outcomes of its results: a part of stiltboard.yaml."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from harness.records.record import Record
from harness.records.scalars import Line, Link, Number, Truth, nullable

_HUB = "hf://datasets/"
# As fsspec writes the address of a bucket, or of a data set on the Hub, with a prefix of names in it.
_ADDRESSES = {
    "s3": r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_.=-]+)*",
    "hf": r"hf://datasets/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(/[A-Za-z0-9_.=-]+)*",
}


def _place(value: str) -> str:
    scheme, separator, _ = value.partition("://")
    if separator and not (scheme in _ADDRESSES and re.fullmatch(_ADDRESSES[scheme], value)):
        raise ValueError("expected a folder, s3://BUCKET/PREFIX or hf://datasets/OWNER/NAME")
    return value


class OutcomeSettings(Record):
    """Where a board keeps outcomes that are not in git, and how much of them a machine keeps.

    `where` is a folder, relative to that of stiltboard.yaml, or an address as fsspec writes it. `cache_gb`
    bounds what the cache holds of them, in 10⁹ bytes. A bucket is read without credentials if it is
    `anonymous`. `public` is the web address under which anyone reads the same files.
    """

    where: Annotated[Line, AfterValidator(_place)]
    cache_gb: Annotated[Number, Field(gt=0, le=1_000_000)] = 10.0
    anonymous: Truth = False
    public: Annotated[Link | None, BeforeValidator(nullable)] = None

    @model_validator(mode="after")
    def _only_buckets_are_anonymous(self) -> OutcomeSettings:
        if self.anonymous and not self.where.startswith("s3://"):
            raise ValueError("anonymous is for a bucket, s3://…")
        return self

    @property
    def is_address(self) -> bool:
        """Tell whether the place is elsewhere than in a folder."""
        return "://" in self.where

    def public_address(self, digest: str) -> str | None:
        """Return the web address of outcomes by their digest; None where not everybody can read them."""
        if self.public is not None:
            return f"{self.public.rstrip('/')}/{kept_name(digest)}"
        if not self.where.startswith(_HUB):
            return None
        owner, repository, *inside = self.where.removeprefix(_HUB).split("/")
        path = "/".join([*inside, kept_name(digest)])
        return f"https://huggingface.co/datasets/{owner}/{repository}/resolve/main/{path}"


def kept_name(digest: str) -> str:
    """Return a file's name in the place of outcomes: in 256 folders, by its digest's first two digits."""
    return f"{digest[:2]}/{digest}.parquet"
