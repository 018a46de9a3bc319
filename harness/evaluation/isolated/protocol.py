"""What the two processes of an evaluation tell each other, as JSON: the task, how it goes on, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.characters import shown, visible
from harness.errors import BadInput, CheckFailed, Fault, StiltboardError, Where
from harness.evaluation.run import Options
from harness.models.checkpoint import CheckpointFiles
from harness.observer import Observer
from harness.records import Mining, Parameters, Result

_MARK = "\x1f"  # before what is told to the observer; nothing else that is printed begins with it


@dataclass(frozen=True)
class Task:
    """What `evaluate` is called with."""

    folder: Path
    targets: tuple[str, ...]
    languages: tuple[str, ...]
    options: Options

    def to_json(self) -> str:
        """Return the task as text."""
        options = {each.name: getattr(self.options, each.name) for each in fields(Options)}
        options |= {
            "data": _absolute(self.options.data),
            "own": {name: _absolute(path) for name, path in self.options.own.items()},
            "cache": _absolute(self.options.cache),
            "mining": self.options.mining.model_dump(mode="json"),
            "fetched": {source: _files_to_json(files) for source, files in self.options.fetched.items()},
        }
        return json.dumps({"folder": _absolute(self.folder), "targets": self.targets, "languages": self.languages, "options": options})

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Return the task that a text says."""
        said = json.loads(text)
        given = said["options"]
        options = Options(**given)
        options = replace(
            options,
            data=Path(given["data"]) if given["data"] else None,
            own={name: Path(path) for name, path in given["own"].items()},
            cache=Path(given["cache"]) if given["cache"] else None,
            mining=Mining(**given["mining"]),
            keep_layers=tuple(given["keep_layers"]),
            fetched={source: _files_from_json(files) for source, files in given["fetched"].items()},
        )
        return cls(Path(said["folder"]), tuple(said["targets"]), tuple(said["languages"]), options)


@dataclass(frozen=True)
class Report:
    """What became of a task: its results, or the error that ended it."""

    results: tuple[Result, ...] = ()
    faults: tuple[Fault, ...] = ()
    exit_code: int = 0

    @classmethod
    def of(cls, error: StiltboardError) -> Report:
        """Return the report of an error."""
        return cls(faults=error.faults, exit_code=error.exit_code)

    def to_json(self) -> str:
        """Return the report as text."""
        results = [result.model_dump(mode="json", by_alias=True) for result in self.results]
        return json.dumps({"results": results, "faults": [asdict(fault) for fault in self.faults], "exit_code": self.exit_code})

    @classmethod
    def from_json(cls, data: bytes) -> Report:
        """Return the report that a text says; every record is checked, and nothing in it reaches a terminal unseen.

        Raises CheckFailed for a text that this harness did not write.
        """
        try:
            said = json.loads(data)
            results = tuple(Result.model_validate(each) for each in said["results"])
            faults = tuple(_fault(each) for each in said["faults"])
            return cls(results, faults, int(said["exit_code"]))
        except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as reason:
            raise CheckFailed(f"the evaluation left a report that is none: {shown(reason)}", cure="evaluate again") from None

    def raise_error(self) -> None:
        """Raise the error that ended the evaluation, if one did."""
        if self.faults:
            raise (BadInput if self.exit_code == BadInput.exit_code else CheckFailed)(self.faults)


class Teller:
    """An observer that prints what it is told, for another process to tell to its own."""

    def say(self, message: str) -> None:
        """Hand on one line of news."""
        self._tell("say", message)

    def encoded(self, texts: int, tokens: int, total: int) -> None:
        """Hand on what one batch added."""
        self._tell("encoded", texts, tokens, total)

    def trained(self, step: int, steps: int, loss: float) -> None:
        """Hand on how far a head's training is."""
        self._tell("trained", step, steps, loss)

    def _tell(self, *what: object) -> None:
        print(_MARK + json.dumps(what), flush=True)  # noqa: T201 - the other process reads it


def retell(line: str, observer: Observer) -> None:
    """Tell an observer what a line says; any other line is news."""
    try:
        match json.loads(line.removeprefix(_MARK)) if line.startswith(_MARK) else None:
            case ["encoded", int(texts), int(tokens), int(total)] if 0 <= tokens <= total and texts >= 0:
                observer.encoded(texts, tokens, total)
            case ["trained", int(step), int(steps), int() | float() as loss]:
                observer.trained(step, steps, loss)
            case ["say", str(message)]:
                observer.say(_one_line(message))
            case _:
                observer.say(_one_line(line))
    except (ValueError, RecursionError):
        observer.say(_one_line(line))


def _one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in visible(text))


def _fault(said: dict[str, Any]) -> Fault:
    place = said["where"]
    where = Where(_one_line(str(place["file"])), place["line"], place["column"]) if place else None
    return Fault(_one_line(str(said["message"])), where, _one_line(str(said["cure"])))


def _absolute(path: Path | None) -> str | None:
    return str(path.resolve()) if path else None


def _files_to_json(files: CheckpointFiles) -> dict[str, Any]:
    plain = {each.name: getattr(files, each.name) for each in fields(files) if each.init and not each.name.startswith("_")}
    weights: Sequence[str] = [str(path) for path in files.weight_files]
    return plain | {"folder": str(files.folder), "weight_files": weights, "parameters": files.parameters.model_dump(mode="json")}


def _files_from_json(plain: dict[str, Any]) -> CheckpointFiles:
    return CheckpointFiles(
        **plain
        | {
            "folder": Path(plain["folder"]),
            "weight_files": tuple(map(Path, plain["weight_files"])),
            "parameters": Parameters(**plain["parameters"]),
            "seen": tuple(tuple(each) for each in plain["seen"]),
        }
    )
