"""Rows of published numbers from result files of mteb: a cache of its `ResultCache`, or a part of one.

A model is a folder `{organisation}__{model}/{revision}` with a file for each task and, mostly,
`model_meta.json`. Only Tatoeba is a task of both: mteb searches the English sentence for each foreign one,
which is this board's `accuracy_to_english` and `f1_to_english`. Its other tasks are named and left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.catalog import TATOEBA_ISO3
from harness.errors import BadInput, Fault, Where
from harness.store import SUBMISSION_FILE
from harness.store.files import read_file, replace_file
from harness.store.slugs import slug_taken
from harness.store.submissions import parse_submission
from harness.store.yaml.parser import dump

_LIMIT = 2**24
_TASK, _META = "Tatoeba", "model_meta.json"
_MEANS = {"accuracy": "accuracy_to_english", "f1": "f1_to_english"}
_NOTE = (
    "Means over XTREME's 36 languages. mteb searches the English sentence for every foreign one, XTREME the "
    "other way round."
)


@dataclass(frozen=True)
class MtebModel:
    """A model's folder: its name, the revision, its folder, and the tasks that it has results of."""

    name: str
    revision: str
    folder: Path
    tasks: tuple[str, ...]


@dataclass(frozen=True)
class PublishedRow:
    """A row that was written, and the tasks that have no target here."""

    path: Path
    left_out: tuple[str, ...]


def mteb_models(folder: Path) -> list[MtebModel]:
    """Return the models below a folder that have a result of Tatoeba; raises BadInput where there is none."""
    if not folder.is_dir():
        raise BadInput("there is no folder", where=Where(str(folder)), cure="name a folder of mteb's results")
    models = [_model(path.parent) for path in sorted(folder.rglob(f"{_TASK}.json"))]
    if not models:
        cure = "name a folder with {organisation}__{model}/{revision}/Tatoeba.json, as mteb writes it"
        raise BadInput("has no result of mteb's task Tatoeba", where=Where(str(folder)), cure=cure)
    return models


def _model(folder: Path) -> MtebModel:
    meta = _document(folder / _META) if (folder / _META).is_file() else {}
    name = meta.get("name") or folder.parent.name.replace("__", "/")
    revision = meta.get("revision") or folder.name
    tasks = sorted(path.stem for path in folder.glob("*.json") if path.name != _META)
    return MtebModel(str(name), str(revision), folder, tuple(tasks))


def import_mteb(
    folder: Path, submissions: Path, *, regime: str, source: str, submitter: str
) -> list[PublishedRow]:
    """Write a row of published numbers for each model below a folder of mteb's results.

    `source` is the page that has the numbers; `{model}` and `{revision}` in it are replaced. Raises BadInput,
    with nothing written, where a file is no result of mteb, lacks a language, or a slug is taken.
    """
    rows: dict[str, tuple[str, MtebModel]] = {}
    faults: list[Fault] = []
    for model in mteb_models(folder):
        slug = f"reported-{re.sub('[^a-z0-9]+', '-', model.name.rpartition('/')[2].lower()).strip('-')}"
        try:
            row = _row(model, slug, regime, source, submitter)
            if slug in rows:
                message = f"{model.name} has a result of a second revision, {model.revision}"
                raise BadInput(
                    message, where=Where(str(model.folder)), cure="name the folder of one revision"
                )
            if taken := slug_taken(submissions, slug) if submissions.is_dir() else None:
                raise BadInput(taken, where=Where(str(submissions / slug)), cure="remove it, or rename it")
        except BadInput as error:
            faults += error.faults
        else:
            rows[slug] = row, model
    if faults:
        raise BadInput(faults)
    return [_written(submissions / slug, row, model) for slug, (row, model) in rows.items()]


def _written(folder: Path, row: str, model: MtebModel) -> PublishedRow:
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(folder / SUBMISSION_FILE, row.encode())
    return PublishedRow(folder / SUBMISSION_FILE, tuple(task for task in model.tasks if task != _TASK))


def _row(model: MtebModel, slug: str, regime: str, source: str, submitter: str) -> str:
    """Return the row's submission.yaml; raises BadInput where its values are not those of one."""
    path = model.folder / f"{_TASK}.json"
    document = _document(path)
    meta = _document(model.folder / _META) if (model.folder / _META).is_file() else {}
    version = document.get("mteb_version")
    measured = f", measured with mteb {version}" if isinstance(version, str) else ""
    is_on_hub = model.name.count("/") == 1
    fields: dict[str, object] = {
        "schema": 1,
        "title": model.name.rpartition("/")[2],
        "family": slug.removeprefix("reported-"),
        "intermediate": {"regime": regime},
        "reported": {
            "citation": f"mteb's results of {model.name} at {model.revision[:40]}, Tatoeba{measured}",
            "source": source.replace("{model}", model.name).replace("{revision}", model.revision),
            **_parameters(meta),
            "note": _NOTE,
            "scores": {"tatoeba": {"means": _means(document, path)}},
        },
        "submitters": [{"name": submitter}],
        **({"links": {"model": f"https://huggingface.co/{model.name}"}} if is_on_hub else {}),
    }
    text = dump(fields)
    parse_submission(text.encode(), f"{slug}/{SUBMISSION_FILE}")
    return text


def _parameters(meta: dict[str, Any]) -> dict[str, int]:
    number = meta.get("n_parameters")
    return {"parameters": number} if isinstance(number, int) and number > 0 else {}


def _means(document: dict[str, Any], path: Path) -> dict[str, float]:
    """Return the means over all 36 languages in points; raises BadInput where one is missing or no share."""
    found = {_language(entry): entry for entry in _entries(document, path)}
    missing = [language for language in TATOEBA_ISO3 if language not in found]
    if missing:
        message = f"lacks {len(missing)} of XTREME's 36 languages: {', '.join(missing)}"
        cure = "import it when mteb has measured them: a mean over some languages is no score"
        raise BadInput(message, where=Where(str(path)), cure=cure)
    means = {}
    for name, ours in _MEANS.items():
        values = [found[language].get(name) for language in TATOEBA_ISO3]
        if all(value is None for value in values):
            continue
        shares = [value for value in values if isinstance(value, int | float) and 0 <= value <= 1]
        if len(shares) < len(values):
            message = f"{name} is not a number from 0 to 1 in every language"
            raise BadInput(message, where=Where(str(path)), cure="copy the file again from where it is from")
        means[ours] = round(100 * sum(shares) / len(shares), 4)
    if not means:
        message = "has neither accuracy nor f1"
        raise BadInput(message, where=Where(str(path)), cure="measure it with a newer mteb")
    return means


def _entries(document: dict[str, Any], path: Path) -> Iterator[dict[str, Any]]:
    scores = document.get("scores")
    test = scores.get("test") if isinstance(scores, dict) else None
    if document.get("task_name") != _TASK or not isinstance(test, Sequence):
        message = "is no result of mteb's task Tatoeba: expected task_name and scores with a list under test"
        cure = "name a folder of results that mteb 1.11 or later wrote"
        raise BadInput(message, where=Where(str(path)), cure=cure)
    return (entry for entry in test if isinstance(entry, dict))


def _language(entry: dict[str, Any]) -> str:
    """Return our code of an entry's language, from its subset such as `deu-eng`; empty for any other."""
    codes = {f"{iso3}-eng": language for language, iso3 in TATOEBA_ISO3.items()}
    return codes.get(str(entry.get("hf_subset")), "")


def _document(path: Path) -> dict[str, Any]:
    data = read_file(path, _LIMIT, "name a folder of mteb's results")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as reason:
        message = f"is no JSON: {str(reason)[:100]}"
        raise BadInput(message, where=Where(str(path)), cure="copy it again from where it is from") from None
    if not isinstance(document, dict):
        raise BadInput(
            "is a JSON file without keys", where=Where(str(path)), cure="name a folder of mteb's results"
        )
    return document
