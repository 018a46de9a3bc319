"""Decide how a checkpoint's vectors are read: as its submission states, or as its folder says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from harness.characters import shown
from harness.errors import BadInput
from harness.models.checkpoint import CheckpointFiles, FolderEncoding, Unreadable
from harness.records import (
    AS_SAVED,
    AnyEncoding,
    Encoding,
    SavedEncoding,
    TextEncoding,
    TextRole,
    View,
)

# The length where neither the folder nor the positions bound it.
_DEFAULT_LENGTH = 512
_DEPARTS = "departs_from_saved: true"
Difference = tuple[str, str, str]  # the key of `encoding:`, what the submission states, what the folder says


def choose_encoding(encoding: AnyEncoding, files: CheckpointFiles, *, roles: bool = True) -> TextEncoding:
    """Return all that is done to a text; `roles` tells whether queries and passages are encoded.

    Raises BadInput where the folder does not say what is asked of it, where what it says is not supported,
    and where the submission states something else without saying that it departs.
    """
    folder = files.folder_encoding
    if isinstance(encoding, SavedEncoding):
        if folder is None:
            raise BadInput(
                f"encoding: {{as: saved}}, but {files.source} has no modules.json, which would say how its "
                "vectors are read",
                cure="state it: encoding: {layer: last, pooling: mean}",
            )
        _refuse_unreadable(folder, files)
        assert isinstance(folder, FolderEncoding)
        return _as_saved(encoding, folder, files, roles=roles)
    layer = files.layers if encoding.layer == "last" else encoding.layer
    stated = TextEncoding.stated(encoding, layer)
    if folder is None and encoding.departs_from_saved:
        raise BadInput(
            f"{_DEPARTS}, but {files.source} has no modules.json to depart from", cure=f"remove {_DEPARTS}"
        )
    if folder is None or (isinstance(folder, Unreadable) and encoding.departs_from_saved):
        return stated
    _refuse_unreadable(folder, files)
    assert isinstance(folder, FolderEncoding)
    _judge(list(_differences(stated, folder, files)), encoding, files, roles=roles)
    return stated


def _refuse_unreadable(folder: FolderEncoding | Unreadable, files: CheckpointFiles) -> None:
    if isinstance(folder, Unreadable):
        raise BadInput(f"{files.source}: {folder.message}", cure=folder.cure)


def _as_saved(
    encoding: SavedEncoding, folder: FolderEncoding, files: CheckpointFiles, *, roles: bool
) -> TextEncoding:
    """Return what the folder says, with what the submission adds or changes."""
    saved = _of_folder(folder, files)
    query, passage = encoding.query_prefix, encoding.passage_prefix
    stated = replace(
        saved,
        prefix=saved.prefix if encoding.prefix is None else encoding.prefix,
        max_length=encoding.max_length or saved.max_length,
        query_prefix=saved.query_prefix if query is None else query,
        passage_prefix=saved.passage_prefix if passage is None else passage,
    )
    stated = replace(stated, view=_view(folder, files, stated))
    differences = list(_differences(stated, folder, files))
    _judge(differences, encoding, files, roles=roles)
    changed = " and ".join(key for key, _, _ in differences)
    return replace(stated, saved=f"{AS_SAVED} except {changed}" if changed else AS_SAVED)


def _of_folder(folder: FolderEncoding, files: CheckpointFiles) -> TextEncoding:
    bounds = [bound for bound in (folder.max_length, files.positions) if bound is not None]
    has_roles = folder.query is not None or folder.passage is not None
    return TextEncoding(
        _view(folder, files),
        prefix=folder.prompt or "",
        max_length=min(bounds, default=_DEFAULT_LENGTH),
        query_prefix=folder.query or "" if has_roles else None,
        passage_prefix=folder.passage or "" if has_roles else None,
        lower_case=folder.lower_case,
    )


def _view(folder: FolderEncoding, files: CheckpointFiles, stated: TextEncoding | None = None) -> View:
    """Return the folder's view; what it says of a prompt's tokens counts where a text has a prefix."""
    prefixed = stated is not None and any((stated.prefix, stated.query_prefix, stated.passage_prefix))
    first, *others = folder.poolings
    noprompt = prefixed and not folder.include_prompt
    return View(files.layers, first, tuple(others), noprompt, tuple(map(str, folder.modules)))


def _differences(
    stated: TextEncoding, folder: FolderEncoding, files: CheckpointFiles
) -> Iterator[Difference]:
    """Yield what is stated otherwise than the folder says; where it says nothing, nothing differs."""
    saved = _of_folder(folder, files)
    view = _view(folder, files, stated)
    if stated.view.layer != view.layer:
        yield "layer", str(stated.view.layer), f"last, which is {view.layer}"
    if stated.view.reading != view.reading:
        yield "pooling", stated.view.reading, view.reading
    if folder.prompt is not None and stated.prefix != folder.prompt:
        yield "prefix", shown(stated.prefix), shown(folder.prompt)
    for key, role, prompt in (
        ("query_prefix", TextRole.QUERY, saved.query_prefix),
        ("passage_prefix", TextRole.PASSAGE, saved.passage_prefix),
    ):
        if prompt is not None and stated.prefix_of(role) != prompt:
            yield key, shown(stated.prefix_of(role)), shown(prompt)
    if folder.max_length is not None and stated.max_length != saved.max_length:
        yield "max_length", str(stated.max_length), str(saved.max_length)
    if stated.lower_case != saved.lower_case:
        yield "lower case", "no", "yes"


def _judge(
    differences: list[Difference], encoding: AnyEncoding, files: CheckpointFiles, *, roles: bool
) -> None:
    """Raise BadInput where the submission departs without saying so, or says so without departing."""
    if encoding.departs_from_saved:
        if not differences:
            raise BadInput(
                f"{_DEPARTS}, but encoding: states what the folder of {files.source} says",
                cure=f"remove {_DEPARTS}",
            )
        return
    if not roles:
        differences = [each for each in differences if each[0] not in ("query_prefix", "passage_prefix")]
    if differences:
        named = "; ".join(f"{key}: {stated}, the folder {saved}" for key, stated, saved in differences)
        form = "layer: last, pooling: …" if isinstance(encoding, Encoding) else "as: saved, …"
        raise BadInput(
            f"encoding: departs from what {files.source} says of itself in modules.json: {named}",
            cure=f"encoding: {{as: saved}} takes the folder's; to depart on purpose: {{{form}, {_DEPARTS}}}",
        )
