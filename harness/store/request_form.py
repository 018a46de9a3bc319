"""Read a request for an evaluation, the text of an issue that the board's form opened, as a submission.

The text is a stranger's: every value is checked as one of submission.yaml, and nothing else of it is used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.catalog.lookup import targets_named
from harness.characters import shown
from harness.errors import BadInput, Fault, Where
from harness.records.submission import Submitter
from harness.store.files import replace_file
from harness.store.slugs import slug_taken
from harness.store.submissions import SUBMISSION_FILE, parse_submission, slug_faults
from harness.store.yaml.parser import dump

_FIELDS = {
    "Name of the row's folder": "slug",
    "Title": "name",
    "Family": "family",
    "Checkpoint": "checkpoint",
    "Pretrained encoder": "base",
    "Intermediate training": "regime",
    "Tasks": "tasks",
    "Languages of the training": "languages",
    "Training examples": "examples",
    "Everything it was trained on": "trained_on",
    "Pooling": "pooling",
    "Prefix": "prefix",
    "Licence": "license",
    "Targets": "targets",
    "Before you send it": "agreed",
}
"""The fields of the form by their labels, in its order; a test compares them with the form."""

_REGIMES = {"none": "none", "English only": "english", "multilingual": "multilingual"}
AS_SAVED = "as saved"
_EMPTY = "_No response_"
_REQUIRED = ("slug", "name", "family", "checkpoint", "base", "regime", "license")
_CURE = "edit the issue, and put the label on it again"
_PLACE = Where("the request")


@dataclass(frozen=True)
class EvaluationRequest:
    """What is asked for: the submission's slug and text, and the targets, none of them for all of XTREME."""

    slug: str
    submission: str
    targets: tuple[str, ...]


def read_request(text: str, author: str) -> EvaluationRequest:
    """Read the text of an issue; `author` is the GitHub account that opened it.

    Raises BadInput with every fault, each named by the form's label.
    """
    values = _values(text)
    faults = [
        Fault(f"{label}: is empty", _PLACE, _CURE)
        for label, field in _FIELDS.items()
        if field in _REQUIRED and not values[field]
    ]
    model, at, revision = values["checkpoint"].partition("@")
    if values["checkpoint"] and not at:
        faults.append(Fault("Checkpoint: has no commit", _PLACE, "write organisation/model@COMMIT"))
    if values["regime"] and values["regime"] not in _REGIMES:
        message = f"Intermediate training: {shown(values['regime'])} is none of {', '.join(_REGIMES)}"
        faults.append(Fault(message, _PLACE, _CURE))
    faults += slug_faults(values["slug"], values["slug"]) if values["slug"] else ()
    if faults:
        raise BadInput(faults)
    document = dump(
        {
            "schema": 1,
            "title": values["name"],
            "family": values["family"],
            "base": {"id": values["base"], "revision": None},
            "intermediate": _intermediate(values),
            "encoding": _encoding(values),
            "checkpoints": [{"seed": 0, "hub": model, "revision": revision}],
            "trained_on": _names(values["trained_on"]),
            "submitters": [Submitter(name=author, url=f"https://github.com/{author}").model_dump()],
            "license": values["license"],
        }
    )
    parse_submission(document.encode(), "the request, as submission.yaml")
    return EvaluationRequest(values["slug"], document, tuple(targets_named(_names(values["targets"]))))


def write_request(request: EvaluationRequest, submissions: Path) -> Path:
    """Write the submission that is asked for, and return its file; raises BadInput if its slug is taken."""
    folder = submissions / request.slug
    taken = slug_taken(submissions, request.slug) if submissions.is_dir() else ""
    if taken or folder.exists():
        message = taken or "is there already"
        raise BadInput(f"Name of the row's folder: {message}", where=Where(str(folder)), cure=_CURE)
    folder.mkdir(parents=True)
    replace_file(folder / SUBMISSION_FILE, request.submission.encode())
    return folder / SUBMISSION_FILE


def _values(text: str) -> dict[str, str]:
    """Return the values of the form's fields, empty where nothing was answered."""
    values = dict.fromkeys(_FIELDS.values(), "")
    parts = re.split(r"(?m)^### (.+?)[ \t\r]*$", text)
    seen: set[str] = set()
    for label, value in zip(parts[1::2], parts[2::2], strict=True):
        if label not in _FIELDS or label in seen:
            message = f"{shown(label)} is {'there twice' if label in seen else 'no field of the form'}"
            raise BadInput(message, where=_PLACE, cure="open the issue by the form, and change no heading")
        seen.add(label)
        values[_FIELDS[label]] = "" if value.strip() == _EMPTY else value.strip()
    return values


def _names(text: str) -> list[str]:
    return [name for name in re.split(r"[\s,;]+", text) if name]


def _intermediate(values: dict[str, str]) -> dict[str, object]:
    regime = _REGIMES[values["regime"]]
    if regime == "none":
        return {"regime": regime}
    examples = values["examples"].replace(",", "").replace(" ", "")
    return {
        "regime": regime,
        "tasks": _names(values["tasks"]),
        "languages": _names(values["languages"]),
        # What is no number is named when the submission is checked.
        "examples": int(examples) if examples.isascii() and examples.isdigit() else examples,
    }


def _encoding(values: dict[str, str]) -> dict[str, object]:
    prefix = values["prefix"].strip('"')
    if values["pooling"] in ("", AS_SAVED):
        return {"as": "saved", **({"prefix": prefix} if prefix else {})}
    # The form's line has no blank at its end, which a prefix such as `query: ` needs.
    ending = " " if prefix.endswith(":") else ""
    return {"layer": "last", "pooling": values["pooling"], "prefix": f"{prefix}{ending}"}
