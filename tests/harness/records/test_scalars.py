"""Links: every address that browsers open is one, and nothing that would end it on a page or in a file."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from harness.records.scalars import Link

LINK = TypeAdapter(Link)


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org",
        "https://example.org:8443/paper",
        "https://example.org:8443",
        "https://example.org?id=7",
        "https://example.org#results",
        "https://example.org/o'brien/it's-a-model",
        "https://github.com/ada?tab=repositories",
        "https://example.org/a_(b)?q=1&r=%20#top",
    ],
)
def test_an_address_may_have_a_port_a_query_and_an_apostrophe(link: str) -> None:
    assert LINK.validate_python(link) == link


@pytest.mark.parametrize(
    "link",
    [
        "http://example.org",
        "javascript:alert(1)",
        "https://",
        "https://user@example.org",
        "https://example.org:443@elsewhere.org",
        "https://example.org:port/",
        "https://example.org:123456/",
        'https://example.org/"onclick=',
        "https://example.org/<b>",
        "https://example.org?a b",
        "https://example.org?a\nb",
        "https://example.org/{x}",
        "https://еxample.org/",
    ],
)
def test_anything_else_is_no_address(link: str) -> None:
    with pytest.raises(ValidationError):
        LINK.validate_python(link)
