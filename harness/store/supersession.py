"""Record in submission.yaml that a result is replaced, without touching anything else in the file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.errors import BadInput, Where
from harness.records import ReportedSubmission, Result, Superseded
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.files import no_link, plain_record, read_file, replace_file
from harness.store.results import load_result, results_lock
from harness.store.submissions import SUBMISSION_FILE, parse_submission
from harness.store.yaml.parser import DEFAULT_LIMIT, dump

_KEY = "supersedes"
_LONGEST_REASON = 200


def supersede(folder: Path, target: str, reason: str, date: str) -> bool:
    """Write that a submission's present result on a target is replaced; False where that is on record.

    `date` is a timestamp or a day. Raises BadInput where there is no such result, or where the entry cannot
    be written without changing the rest of submission.yaml.
    """
    path = folder / SUBMISSION_FILE
    with results_lock(folder):
        result = load_result(folder / RESULTS_FOLDER / f"{target}.yaml")
        entry = supersession_of(result, reason, date)
        no_link(path)
        before = read_file(path, DEFAULT_LIMIT, "name a submission's slug")
        after = with_supersession(before, str(path), entry)
        if after != before:
            replace_file(path, after)
    return after != before


def joined_reason(reasons: Iterable[str]) -> str:
    """Return several reasons as one, cut to the length that an entry may have."""
    reason = "; ".join(reasons)
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[: _LONGEST_REASON - 1].rstrip()}…"


def supersession_of(result: Result, reason: str, date: str) -> Superseded:
    """Return the entry by which a result is replaced."""
    return Superseded(
        target=result.target,
        outcomes=result.outcomes.sha256,
        reason=reason,
        date=date[:10],
        score=result.score,
        version=result.signature.version,
    )


def with_supersession(data: bytes, file: str, entry: Superseded) -> bytes:
    """Return submission.yaml with one entry more under `supersedes`, or as it was if it has that entry.

    Comments, order and style of everything else stay. Raises BadInput where the result would state anything
    else than before, as in a file that is one line in braces.
    """
    submission = parse_submission(data, file)
    if isinstance(submission, ReportedSubmission):
        raise BadInput("holds published numbers, which are edited, not replaced", where=Where(file))
    if any(_is_of_the_same(earlier, entry) for earlier in submission.supersedes):
        return data
    after = _inserted(data.decode(), entry).encode()
    expected = submission.model_copy(update={_KEY: (*submission.supersedes, entry)})
    try:
        written = parse_submission(after, file) == expected
    except BadInput:
        written = False
    if not written:
        raise BadInput(
            f"{_KEY}: an entry cannot be added without changing the rest of the file",
            where=Where(file),
            cure=f"add this to its list by hand: {_flow(entry)}",
        )
    return after


def _is_of_the_same(earlier: Superseded, entry: Superseded) -> bool:
    """Tell whether two entries are about the same scores of the same outcomes."""
    return (earlier.target, earlier.outcomes) == (entry.target, entry.outcomes) and earlier.version in (
        None,
        entry.version,
    )


# ---- the text ----------------------------------------------------------------------------------


def _inserted(text: str, entry: Superseded) -> str:
    listed = _list_in(text)
    if listed is None:
        whole = text if text.endswith("\n") else f"{text}\n"
        return whole + dump({_KEY: [_fields(entry)]})
    if listed.flow_style:
        at = listed.value[-1].end_mark.index if listed.value else listed.start_mark.index + 1
        return f"{text[:at]}{', ' if listed.value else ''}{_flow(entry)}{text[at:]}"
    end = _last_value(listed).end_mark.index
    line_end = text.find("\n", end - 1)  # a value in block style ends after its last line
    before, after = (text, "") if line_end < 0 else (text[: line_end + 1], text[line_end + 1 :])
    indent = " " * listed.start_mark.column
    lines = [f"{indent}{line}\n" for line in dump([_fields(entry)]).splitlines()]
    return "".join((before, "" if before.endswith("\n") else "\n", *lines, after))


def _list_in(text: str) -> yaml.SequenceNode | None:
    """Return the top level's list of replaced results; None where a file, which is valid, has none."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    return next((value for key, value in entries if key.value == _KEY), None)


def _last_value(node: yaml.Node) -> yaml.Node:
    """Return the last node in a list in block style whose end is that of its text."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return node


def _flow(entry: Superseded) -> str:
    """Return an entry in braces, on one line; text is quoted."""
    pairs = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in _fields(entry).items()]
    return "{" + ", ".join(pairs) + "}"


def _fields(entry: Superseded) -> Mapping[str, Any]:
    fields = plain_record(entry)
    assert isinstance(fields, dict)
    return fields
