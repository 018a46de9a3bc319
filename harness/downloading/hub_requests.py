"""Requests to the Hub: with a time limit, tried again after faults that pass, waiting as the Hub asks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

from harness.downloading.hub_faults import NotTheHub, asked_to_wait, is_passing
from harness.downloading.transfer_progress import report_download

PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before another try, after tries that brought nothing."""
_LONGEST_WAIT = 300.0  # seconds; a Hub that asks to wait longer ends the command, which says how long
_PAGES = 200  # of a thousand files each
_WEB_PAGE = (b"<!doctype", b"<html", b"<?xml")


class Tries:
    """Counts the tries in a row that brought nothing, and pauses between them."""

    def __init__(self, subject: str) -> None:
        self._subject, self._failed = subject, 0

    def succeeded(self) -> None:
        """Count from zero again, after a try that brought something."""
        self._failed = 0

    def pause(self, reason: Exception) -> None:
        """Wait before the next try; raises `reason` where another try is no use."""
        if not is_passing(reason) or self._failed >= len(PAUSES):
            raise reason
        response = getattr(reason, "response", None)
        wait = asked_to_wait(response) if response is not None else None
        if wait is not None and wait > _LONGEST_WAIT:
            raise reason
        seconds = PAUSES[self._failed] if wait is None else wait
        self._failed += 1
        cause = type(reason).__name__ if response is None else f"status {response.status_code}"
        report_download(f"{self._subject}: {cause}; next try in {seconds:g} s")
        time.sleep(seconds)


def patient_session() -> Any:
    """Return the HTTP client that `huggingface_hub` shares, in which no request waits without end.

    Some of its requests have no time limit; here they get that of HF_HUB_DOWNLOAD_TIMEOUT.
    """
    from huggingface_hub import get_session  # noqa: PLC0415 - heavy

    session = get_session()
    hooks = session.event_hooks
    if _limit_time not in hooks["request"]:
        session.event_hooks = {**hooks, "request": [*hooks["request"], _limit_time]}
    return session


def _limit_time(request: Any) -> None:
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    limits = request.extensions.get("timeout") or dict.fromkeys(("connect", "read", "write", "pool"))
    request.extensions["timeout"] = {
        name: constants.HF_HUB_DOWNLOAD_TIMEOUT if seconds is None else seconds
        for name, seconds in limits.items()
    }


@contextmanager
def answer(url: str, headers: dict[str, str] | None = None) -> Iterator[Any]:
    """Yield the answer to one GET request before its body is read, redirects followed.

    The token is sent to the Hub only, never to where it redirects. Raises the client's exceptions.
    """
    from huggingface_hub import utils  # noqa: PLC0415 - heavy

    own = utils.build_hf_headers(library_name="stiltboard")  # type: ignore[attr-defined]  # loaded lazily
    own |= {"Accept-Encoding": "identity", **(headers or {})}
    with patient_session().stream("GET", url, headers=own, timeout=None) as response:
        if response.status_code != 416:  # a range that a shorter file does not have
            utils.hf_raise_for_status(response)  # type: ignore[attr-defined]  # the same
        yield response


def json_pages(url: str, subject: str, *, once: bool = False) -> Iterator[Any]:
    """Yield the parsed pages of an answer of the API, which links from each to the next.

    Raises NotTheHub for anything but JSON, and the client's exceptions after several tries, or `once`.
    """
    following: str | None = url
    for _ in range(_PAGES):
        if following is None:
            return
        response = _whole_answer(following, subject, once)
        yield _parsed(response)
        following = response.links.get("next", {}).get("url")
        if following is not None and urlsplit(following).netloc != urlsplit(url).netloc:
            raise NotTheHub(f"{url} goes on at another host")  # which would get the token
    raise NotTheHub(f"the listing has more than {_PAGES} pages")


def current_commit(repository: str, kind: str, revision: str = "main", *, once: bool = False) -> str:
    """Return the commit of a branch or a tag, of a repository whose `kind` is models or datasets.

    Raises what `json_pages` raises.
    """
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    url = f"{constants.ENDPOINT}/api/{kind}/{repository}/revision/{quote(revision, safe='')}"
    about = next(json_pages(url, repository, once=once))
    commit = about.get("sha") if isinstance(about, dict) else None
    if not isinstance(commit, str):
        raise NotTheHub(f"{url} is not an answer of the Hub")
    return commit


def refuse_web_page(beginning: bytes, content_type: str, url: str) -> None:
    """Raise NotTheHub for a web page where a file or JSON is meant, as a network's login page sends it."""
    if content_type.startswith("text/html") or beginning.lstrip()[:9].lower().startswith(_WEB_PAGE):
        raise NotTheHub(f"a web page came instead of {url}")


def _whole_answer(url: str, subject: str, once: bool) -> Any:
    tries = Tries(subject)
    while True:
        try:
            with answer(url) as response:
                response.read()
                return response
        except Exception as reason:
            if once:
                raise
            tries.pause(reason)  # raises it again unless another try may help


def _parsed(response: Any) -> Any:
    refuse_web_page(response.content[:64], response.headers.get("content-type", ""), str(response.url))
    try:
        return response.json()
    except ValueError as reason:
        raise NotTheHub(f"{response.url} is not JSON") from reason
