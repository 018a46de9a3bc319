"""`evaluate --config FILE`: a run in one file, whose values are the defaults of the command's options."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from harness.errors import BadInput, Fault, WrongUsage

if TYPE_CHECKING:
    from harness.store.yaml.parser import YamlDocument
    from harness.store.yaml.positions import Plain

_MODELS = "models"
_LISTS = ("targets", "languages")
_TRUTHS = {"true": True, "false": False}
_CURE = "stiltboard evaluate … --print-config prints a file that is understood"


def config_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --config and --print-config to a command that evaluates."""

    @wraps(command)
    def with_config(print_config: bool, **arguments: Any) -> None:
        if print_config:
            click.echo(config_text(click.get_current_context()), nl=False)
        else:
            command(**arguments)

    for option in reversed(_OPTIONS):
        option(with_config)
    return with_config


def config_text(context: click.Context) -> str:
    """Return the file that stands for what a command was called with; defaults are left out."""
    from harness.catalog.lookup import split_names
    from harness.store.yaml.parser import dump

    stated: dict[str, Any] = {}
    for key, parameter in _parameters(context.command).items():
        name = str(parameter.name)
        if context.get_parameter_source(name) in (None, ParameterSource.DEFAULT):
            continue
        value = context.params[name]
        if _is_folders(parameter):
            stated[key] = dict(text.split("=", 1) for text in value)
        elif key in _LISTS:
            stated[key] = split_names(value)
        else:
            stated[key] = list(value) if isinstance(value, tuple) else _plain(value)
    return dump({key: value for key, value in stated.items() if value != []})


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _parameters(command: click.Command) -> dict[str, click.Parameter]:
    """Return the parameters that a file may set, by their keys: the names of the options."""
    keys: dict[str, click.Parameter] = {}
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            keys[_MODELS] = parameter
        elif isinstance(parameter, click.Option) and parameter.expose_value and not parameter.hidden:
            name = str(parameter.name)
            long = next(option for option in parameter.opts if option.startswith("--"))
            keys[name if name in _LISTS else long.removeprefix("--")] = parameter
    keys.pop("print-config", None)
    return keys


def _is_folders(parameter: click.Parameter) -> bool:
    """Tell whether an option is NAME=DIR, which is a mapping in a file."""
    return isinstance(parameter, click.Option) and parameter.metavar == "NAME=DIR"


def _read_config(context: click.Context, _option: click.Parameter, file: Path | None) -> None:
    """Take the values of a file as the defaults of all parameters; raises BadInput with every fault."""
    if file is None:
        return
    from harness.store.files import read_file
    from harness.store.yaml.parser import DEFAULT_LIMIT, parse, refuse

    document = parse(read_file(file, DEFAULT_LIMIT, "name a file that exists"), str(file))
    if not isinstance(document.value, dict):
        raise BadInput(
            "expected keys and values", where=document.where(()), cure="for example `targets: [tatoeba]`"
        )
    parameters = _parameters(context.command)
    faults: list[Fault] = []
    defaults: dict[str, Any] = {}
    for key, value in document.value.items():
        parameter = parameters.get(key)
        if parameter is None:
            similar = difflib.get_close_matches(key[:80], parameters, n=1)
            cure = f"did you mean {similar[0]}?" if similar else f"one of: {', '.join(parameters)}"
            faults.append(Fault(f"unknown key {key!r}", document.where((key,), key=True), cure))
            continue
        found = list(_faults_of(context, key, parameter, value, document))
        faults += found
        if not found:
            defaults[str(parameter.name)] = _default(parameter, value)
    if faults:
        refuse(faults)
    context.default_map = {**(context.default_map or {}), **defaults}


def _default(parameter: click.Parameter, value: Plain) -> Any:
    """Return a value of the file as click takes it."""
    if isinstance(value, Mapping):
        return [f"{name}={folder}" for name, folder in value.items()]
    several = parameter.nargs == -1 or getattr(parameter, "multiple", False)
    if several:
        return [value] if isinstance(value, str) else value
    is_flag = getattr(parameter, "is_flag", False)
    return _TRUTHS[value] if is_flag and isinstance(value, str) else value


def _faults_of(
    context: click.Context, key: str, parameter: click.Parameter, value: Plain, document: YamlDocument
) -> Iterator[Fault]:
    """Yield what is wrong with a value, with its line."""
    where = document.where((key,))
    if _is_folders(parameter):
        fits = isinstance(value, dict) and all(isinstance(folder, str) for folder in value.values())
        expected = "a mapping from names to folders, such as {news: data/news}"
    elif parameter.nargs == -1 or getattr(parameter, "multiple", False):
        fits = isinstance(value, str) or (
            isinstance(value, list) and all(isinstance(item, str) for item in value)
        )
        expected = "a list of names"
    elif getattr(parameter, "is_flag", False):
        fits, expected = isinstance(value, str) and value in _TRUTHS, "true or false"
    else:
        fits, expected = isinstance(value, str), "one value"
    if not fits:
        yield Fault(f"{key}: expected {expected}", where, _CURE)
        return
    try:
        parameter.process_value(context, _default(parameter, value))
    except click.BadParameter as wrong:
        yield Fault(f"{key}: {wrong.message}", where, _CURE)
    except WrongUsage as wrong:
        yield from (Fault(f"{key}: {fault.message}", where, fault.cure) for fault in wrong.faults)


_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        is_eager=True,
        expose_value=False,
        callback=_read_config,
        metavar="FILE",
        help="Take models, targets, languages and options from FILE, where they are not given otherwise.",
    ),
    click.option(
        "--print-config", is_flag=True, help="Print this run as such a FILE instead of starting it."
    ),
)
