"""Turn what the Hub's clients raise into an error that says what happened, and a cure for it.

docs/hub.md has the table of the faults; the tests provoke each of them over HTTP. Exceptions of the HTTP
library are recognised by the names of their classes: the Hub's client has changed its library before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from harness.characters import visible
from harness.errors import BadInput, StiltboardError, Unreachable, Unwritable, is_disk_full

GOES_ON = "the same command goes on from what is there"
_LOGIN = "`hf auth login`"
_RATE_LIMIT = re.compile(r";\s*r\s*=\s*0\s*;\s*t\s*=\s*([0-9]{1,7})\b")
_SENTENCE = 300  # characters of what a server says about itself
_TRANSPORT = {
    "ProxyError": ("the proxy refuses to reach the Hub", "correct HTTPS_PROXY, or unset it"),
    "UnsupportedProtocol": ("the Hub's address is no web address", "correct HF_ENDPOINT, or unset it"),
    "InvalidURL": ("the Hub's address is no web address", "correct HF_ENDPOINT, or unset it"),
    "LocalProtocolError": (
        "the request to the Hub is not valid",
        "correct HF_TOKEN and HF_ENDPOINT, or unset them",
    ),
    "TooManyRedirects": (
        "the Hub's address redirects without end",
        "check HF_ENDPOINT and the network's proxy",
    ),
    "ConnectTimeout": ("the Hub does not answer", f"check the network, its proxy and HF_ENDPOINT; {GOES_ON}"),
    "TimeoutException": (
        "the connection to the Hub stalled: no byte came for {seconds:g} seconds, at every try",
        f"try again, with a larger HF_HUB_DOWNLOAD_TIMEOUT on a slow line; {GOES_ON}",
    ),
    "ConnectError": ("the Hub cannot be reached", f"check the network, its proxy and HF_ENDPOINT; {GOES_ON}"),
    "NetworkError": ("the connection to the Hub was cut at every try", f"check the network; {GOES_ON}"),
    "RemoteProtocolError": (
        "the connection to the Hub was cut at every try",
        f"check the network; {GOES_ON}",
    ),
    "DecodingError": ("the Hub's answer is damaged", f"check the network's proxy; {GOES_ON}"),
    "OfflineModeIsEnabled": (
        "it is not on this machine, and offline mode forbids to ask the Hub",
        "unset HF_HUB_OFFLINE, or copy HF_HOME from a machine where it was downloaded",
    ),
}
"""Exceptions without an answer of the Hub: message and cure, special ones before general ones."""


class NotTheHub(Exception):
    """Something else than the Hub answered: a login page of a network, a proxy, another server."""


def hub_error(
    reason: BaseException, repository: str, part: str = "", kind: str = "models"
) -> StiltboardError | None:
    """Return the error for what a client of the Hub raised about a repository, None for any other fault.

    `part` follows the repository's name in the message, such as @ and a commit; `kind` is models or datasets.
    What is no decision of the Hub about this repository is Unreachable, a full disk Unwritable.
    """
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    subject = f"{repository}{part}"
    page = f"{constants.ENDPOINT}/{'' if kind == 'models' else 'datasets/'}{repository}"
    for error, is_cause in _chain(reason):
        if (response := _response(error)) is not None:
            if not is_cause and response.status_code == 404:  # a client asked whether there is such a file
                continue
            return _of_response(response, subject, page)
        if isinstance(error, NotTheHub):
            return _not_the_hub(str(error), subject)
        if is_disk_full(error):
            return Unwritable(
                f"{subject} cannot be downloaded: {getattr(error, 'strerror', '')}",
                cure=f"free space, or point HF_HOME to a larger disk; {GOES_ON}",
            )
        if isinstance(error, OSError) and error.filename is not None:
            return BadInput(
                f"{subject} cannot be kept: {error.strerror}: {error.filename}",
                cure="make the Hub's cache writable, or point HF_HOME to a folder that is",
            )
        names = {kind.__name__ for kind in type(error).__mro__}
        for name, (message, cure) in _TRANSPORT.items():
            if name in names:
                return _of_transport(error, name, message, cure, subject)
    return None


def _not_the_hub(what: str, subject: str) -> Unreachable:
    return Unreachable(
        f"{subject} cannot be downloaded: {what}",
        cure="open a page in a browser on this machine and log in to the network; check HF_ENDPOINT",
    )


def is_passing(reason: BaseException) -> bool:
    """Tell whether another try may succeed: the connection failed, or the server is overloaded."""
    if (response := _response(reason)) is not None:
        return response.status_code in (408, 429, 500, 502, 503, 504)
    names = {kind.__name__ for kind in type(reason).__mro__}
    certificate = "certificate" in str(reason).lower()
    return bool(names & {"TimeoutException", "NetworkError", "RemoteProtocolError"}) and not certificate


def _response(error: BaseException) -> Any:
    """Return the answer of a server that an exception carries, or None."""
    response = getattr(error, "response", None)
    return response if hasattr(response, "status_code") else None


def asked_to_wait(response: Any) -> float | None:
    """Return the seconds that the Hub asks to wait before the next request, if it does.

    Its header `ratelimit` is that of the IETF's draft "RateLimit header fields for HTTP": r requests are
    left, and more after t seconds.
    """
    limit = _RATE_LIMIT.search(response.headers.get("ratelimit", ""))
    if response.status_code == 429 and limit:
        return float(limit[1])
    value = response.headers.get("retry-after", "").strip()
    return float(value) if value.isdecimal() and len(value) < 8 else None


def _of_transport(error: BaseException, name: str, message: str, cure: str, subject: str) -> StiltboardError:
    from huggingface_hub import constants  # noqa: PLC0415 - heavy

    if "certificate" in str(error).lower():
        message, cure = (
            "the Hub's certificate is not accepted",
            "correct the clock; behind a proxy, name its certificates in SSL_CERT_FILE",
        )
    request = getattr(error, "_request", None)  # the property raises where there is none
    details = [request.url.netloc.decode()] if request is not None else []
    details += [_sentence(error)] if str(error) and name != "OfflineModeIsEnabled" else []
    message = message.format(seconds=constants.HF_HUB_DOWNLOAD_TIMEOUT)
    detail = f" ({', '.join(details)})" if details else ""
    return Unreachable(f"{subject} cannot be downloaded: {message}{detail}", cure=cure)


def _of_response(response: Any, subject: str, page: str) -> StiltboardError:
    """Return the error for an answer of the Hub other than a file, with the Hub's own sentence."""
    sentence, status = _said(response), response.status_code
    said = f": {sentence}" if sentence else ""
    if status == 511:
        return _not_the_hub("the network asks for a login (511)", subject)
    if status == 429:
        seconds = asked_to_wait(response)
        wait = f"wait {seconds:,.0f} seconds" if seconds is not None else "wait some minutes"
        return Unreachable(
            f"the Hub has no time for {subject} now: too many requests{said}",
            cure=f"{wait}, then {GOES_ON}; {_LOGIN} allows more requests",
        )
    if status >= 500 or status == 408:
        return Unreachable(
            f"the Hub answers {status} {response.reason_phrase} for {subject}{said}",
            cure=f"try again later; {GOES_ON}",
        )
    message, cure = _refusal(response.headers.get("X-Error-Code", ""), status, sentence.lower())
    message = message.format(subject=subject, status=f"{status} {response.reason_phrase}")
    return BadInput(f"{message}{said}", cure=cure.format(page=page))


def _refusal(code: str, status: int, sentence: str) -> tuple[str, str]:
    """Return message and cure of what the Hub decided, by its code and its sentence."""
    if code == "GatedRepo":
        return (
            "the Hub gives {subject} only to those whom its owners admit",
            f"ask for access at {{page}}, then {_LOGIN} as the account that was admitted",
        )
    if status == 401 and "credentials" in sentence:
        return "the Hub refuses this machine's token", f"{_LOGIN} with a valid token, or unset HF_TOKEN"
    if "disabled" in sentence:
        return "the Hub has disabled {subject}", "ask its owners at {page}"
    by_code = {
        "RevisionNotFound": ("the Hub has no such revision: {subject}", "name one of those at {page}"),
        "EntryNotFound": ("the Hub lacks a file of {subject}", "see what is there at {page}"),
    }
    if code not in by_code and status in (401, 404):
        code = "RepoNotFound"
    by_code["RepoNotFound"] = (
        "the Hub has no repository of {subject}, or it is private",
        f"correct its name; a private one needs {_LOGIN}",
    )
    other = "the Hub answers {status} for {subject}", f"see {{page}}; a private repository needs {_LOGIN}"
    return by_code.get(code, other)


def _said(response: Any) -> str:
    """Return the Hub's own sentence about a refusal: from its header, or from the JSON of its body."""
    if message := response.headers.get("X-Error-Message"):
        return _sentence(message)
    try:
        error = response.json().get("error", "")
    except (AttributeError, ValueError, RuntimeError):  # no object, no JSON, a body that was not read
        return ""
    return _sentence(error)


def _sentence(text: object) -> str:
    return visible(str(text).strip().partition("\n")[0])[:_SENTENCE].rstrip(".")


def _chain(reason: BaseException) -> Iterator[tuple[BaseException, bool]]:
    """Yield an exception and those behind it, each with whether it is named as a cause.

    `datasets` wraps what the Hub's client raises, and drops the cause of what it raises again: only the
    exception that was being handled is known then, which need not be the reason.
    """
    seen: set[int] = set()
    error: BaseException | None = reason
    is_cause = True
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error, is_cause
        is_cause = is_cause and error.__cause__ is not None
        error = error.__cause__ or error.__context__
