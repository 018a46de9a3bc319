"""The scalar types of all records: the only place where text becomes a number or a truth value.

This is why `no` stays Norwegian, `0e12…` stays a revision, and `1_000` is an error instead of a surprise.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

SLUG = r"^[a-z0-9]+(?:[-.][a-z0-9]+)*$"
HUB_ID = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$"
# Published in every page: without a name and a password, blanks, quotation marks, tags, query and fragment.
WEB_ADDRESS = (
    r"^https?://(?:[A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%!$&()*+,;=:@/-]*)?$"
)
TAG = r"^[a-z0-9]+(?:[-_.][a-z0-9]+)*$"


def integer(value: object) -> object:
    """Convert text in plain digits to an int; any other type passes unchanged.

    Raises ValueError for text that is not a whole number of at most 18 digits.
    """
    if isinstance(value, str):
        if not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})", value):
            raise ValueError("expected a whole number in plain digits")
        return int(value)
    return value


def _number(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,20})?(?:e-?[0-9]{1,3})?", value):
            raise ValueError("expected a number in plain decimal digits")
        return float(value)
    return value


def _truth(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("expected true or false")
        return value == "true"
    return value


def nullable(value: object) -> object:
    """Convert YAML's `null` to None; it is text here, as every scalar."""
    return None if value == "null" else value


def _one_line(value: str) -> str:
    if value != value.strip() or "\n" in value or "\t" in value:
        raise ValueError("expected one line of text without tabs or spaces around it")
    return value


def _existing_time(value: str) -> str:
    try:
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ" if "T" in value else "%Y-%m-%d")
    except ValueError:
        raise ValueError("there is no such date") from None
    return value


# Bounds precede the validator: pydantic then writes them as minimum and maximum into the JSON Schema.
Integer = Annotated[int, BeforeValidator(integer)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Count = Annotated[int, Field(ge=0), BeforeValidator(integer)]
Number = Annotated[float, Field(allow_inf_nan=False), BeforeValidator(_number)]
Points = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False), BeforeValidator(_number)]
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]
LongLine = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_one_line)]
Tag = Annotated[str, Field(pattern=TAG, max_length=64)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$", max_length=24)]
Slug = Annotated[str, Field(pattern=SLUG, max_length=80)]
HubId = Annotated[str, Field(pattern=HUB_ID, max_length=193)]
Revision = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Timestamp = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    AfterValidator(_existing_time),
]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_existing_time)]
PythonName = Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$", max_length=200)]
# The name or the version of a Python package.
PackageWord = Annotated[str, Field(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,98}[A-Za-z0-9])?$")]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
# Quotation marks, spaces and brackets, which end a link in markdown, CSV or YAML, are refused.
Link = Annotated[
    str,
    Field(
        pattern=r"^https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?#][^\s<>\"`\\{}|^]*)?$",
        max_length=500,
    ),
]
WebAddress = Annotated[str, Field(pattern=WEB_ADDRESS, max_length=500)]
