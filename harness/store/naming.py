"""Find what a person names: a submission by slug or folder, or a model by folder or its name on the Hub."""

from __future__ import annotations

import difflib
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.characters import shown
from harness.errors import BadInput
from harness.records.scalars import HUB_ID
from harness.store.file_tree import RESULTS_FOLDER
from harness.store.slugs import former_slugs, locate
from harness.store.submissions import SUBMISSION_FILE, find_submissions

_ADDRESS = re.compile(r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/")
_LISTED = 10
_STEP = re.compile(r"(?:^|[-_.])(?:checkpoint|ckpt|(?:global[-_]?)?step)[-_]?(\d{1,9})(k)?(?![0-9a-zA-Z])")
_TRAINER_STATE = "trainer_state.json"
_MISSPELT = "submission.yml"
# Files by which a folder is a model's, whether or not all that it needs is there.
_MODEL_FILES = ("config.json", "modules.json", "model.safetensors", "model.safetensors.index.json")


@dataclass(frozen=True)
class NamedModel:
    """A model that is no submission: a folder, or a repository of the Hub at a revision.

    An empty revision means the repository's default branch.
    """

    folder: Path | None = None
    hub: str = ""
    revision: str = ""


def training_step(model: NamedModel) -> int | None:
    """Return the step at which a checkpoint of a training was saved, or None for any other model.

    It is in the name of the folder or revision, such as checkpoint-500, step500 or step_20k; of a folder with
    another name in the file that transformers' Trainer writes next to the weights.

    >>> training_step(NamedModel(hub="org/model", revision="stage1-step1000-tokens4B"))
    1000
    """
    name = model.revision if model.folder is None else model.folder.resolve().name
    if match := _STEP.search(name):
        return int(match[1]) * (1000 if match[2] else 1)
    if model.folder is not None and (model.folder / _TRAINER_STATE).is_file():
        with suppress(OSError, ValueError):
            state = json.loads((model.folder / _TRAINER_STATE).read_bytes())
            step = state.get("global_step") if isinstance(state, dict) else None
            return step if type(step) is int and step >= 0 else None
    return None


def existing_submission(name: str, root: Path) -> Path:
    """Return the folder of a submission that is there, by its slug under `root`, folder or submission.yaml.

    Raises BadInput, naming the most similar ones, where there is none.
    """
    folder = _submission(name, root) or locate(name.rstrip("/") or name, root)
    if not folder.is_dir():
        raise unknown(name, root)
    return folder


def submission_or_model(name: str, root: Path) -> Path | NamedModel:
    """Return the folder of a submission, or the model that a folder or ORG/MODEL[@REVISION] names.

    What is on this machine comes first; `hub:` before a name, and a revision after it, mean the Hub. Raises
    BadInput for anything else, with the most similar submissions.
    """
    address = _ADDRESS.match(name)
    if not address and not name.startswith("hub:"):
        if (folder := _submission(name, root)) is not None:
            return folder
        path = Path(name)
        if path.is_dir():
            if any((path / file).exists() for file in _MODEL_FILES):
                return NamedModel(folder=path)
            raise _no_model(path)
        if path.parent != Path() and path.parent.is_dir() and "@" not in name:
            raise unknown(name, root)
    hub, _, revision = name[address.end() if address else 0 :].removeprefix("hub:").partition("@")
    if address:
        hub, _, revision = hub.rstrip("/").partition("/tree/")
    if re.fullmatch(HUB_ID, hub):
        return NamedModel(hub=hub, revision=revision)
    raise unknown(name, root)


def unknown(name: str, root: Path) -> BadInput:
    """Return the error for a name that neither a submission nor a folder has."""
    path = Path(name)
    if path.is_file():
        parent = str(path.parent)
        return BadInput(f"{name} is a file, where a folder is meant", cure=f"name its folder, {parent}")
    slugs = find_submissions(root) if root.is_dir() else ()
    former = former_slugs(root) if root.is_dir() else {}
    word = path.name if path.parent in (Path(), root) else name
    if similar := difflib.get_close_matches(word[:200].lower(), [*slugs, *former], n=3):
        return BadInput(
            f"there is no submission {shown(word)} in {root}", cure=f"did you mean {', '.join(similar)}?"
        )
    listed = ", ".join(slugs[:_LISTED]) + (", …" if len(slugs) > _LISTED else "")
    what = f"one of: {listed}" if slugs else f"stiltboard new {shown(word)[1:-1]} scaffolds one"
    return BadInput(f"there is no submission {shown(word)} in {root}, and no folder of that name", cure=what)


def _submission(name: str, root: Path) -> Path | None:
    """Return the folder of a submission, or of results without one; None where there is neither."""
    path = Path(name)
    folder = path.parent if path.name == _MISSPELT else locate(name.rstrip("/") or name, root)
    if (misspelt := folder / _MISSPELT).is_file() and not (folder / SUBMISSION_FILE).exists():
        raise BadInput(
            f"{misspelt} is not read: the file of a submission is {SUBMISSION_FILE}",
            cure=f"mv {misspelt} {folder / SUBMISSION_FILE}",
        )
    if any((folder / file).exists() for file in (SUBMISSION_FILE, RESULTS_FOLDER)):
        return folder if folder.name not in ("", "..") else folder.resolve()
    return None


def _no_model(path: Path) -> BadInput:
    files = ", ".join(sorted(entry.name for entry in path.iterdir())[:_LISTED]) or "nothing"
    return BadInput(
        f"{path} holds neither a submission (submission.yaml) nor a model (config.json), but {files}",
        cure="name the folder that a model was saved to, a slug, or ORG/MODEL on the Hub",
    )
