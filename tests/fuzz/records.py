"""YAML of every record: sound files of each kind with their text or their values changed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from hypothesis import strategies as st

from harness.store.seal import sealed
from harness.store.yaml.parser import dump, parse
from tests.fuzz.mutations import altered, damaged
from tests.support.folders import ROOT, SITE_SUBMISSIONS, SUBMISSIONS
from tests.support.submissions import REPORTED
from tests.support.yaml_mutations import mutated

SLUG = "lantern-b-none"
TARGET = "bucc2018_dev"
_LIMIT, _EVENTS = 8 * 2**20, 2**20
_NOTICES = f"""\
schema: 1
submission: {SLUG}
notices:
  - kind: disputed
    date: "2026-03-02T09:14:07Z"
    reason: the data set was among those that it was trained on
    url: https://example.org/issues/7
    targets: [{TARGET}]
"""
_TOMBSTONE = f"""\
schema: 1
submission: {SLUG}
date: "2026-03-02T09:14:07Z"
reason: the weights were published by mistake
aliases: [lantern-a, lantern-c]
"""


class Example(NamedTuple):
    """A file's kind and bytes."""

    kind: str
    data: bytes


@cache
def originals() -> dict[str, tuple[bytes, ...]]:
    """Return sound files of each kind."""
    lantern = SITE_SUBMISSIONS / SLUG
    training = (ROOT / "submissions/me5-small-l12-sts-multilingual/training.yaml").read_text()
    return {
        "submission": (
            *((SUBMISSIONS / slug / "submission.yaml").read_bytes() for slug in ("toy", "xlmr-large-mnli")),
            REPORTED.encode(),
        ),
        "result": tuple(with_older((lantern / f"results/{TARGET}.yaml").read_bytes())),
        "sweep": tuple(with_older((lantern / f"results/{TARGET}.layers.yaml").read_bytes())),
        "training": (
            training.replace("submission: me5-small-l12-sts-multilingual", f"submission: {SLUG}").encode(),
        ),
        "verification": ((lantern / "verification.yaml").read_bytes(),),
        "notices": (_NOTICES.encode(),),
        "tombstone": (_TOMBSTONE.encode(),),
        "settings": ((ROOT / "stiltboard.yaml").read_bytes(),),
        "recipe": tuple(_recipes()),
    }


def _recipes() -> Iterator[bytes]:
    """Yield the recipes of the reference experiment, and one of each newer objective."""
    reference = [path.read_bytes() for path in sorted((ROOT / "experiments/reference").glob("*.yaml"))]
    yield from reference
    multilingual = ROOT / "experiments/reference/sts-multilingual.yaml"
    tree = parse(multilingual.read_bytes(), "x").value
    assert isinstance(tree, dict)
    teachers = {"bundled": "multilingual-e5-small", "layers": "12"}, {"python": "package.module:teacher"}
    for objective in (
        {"name": "pair_ranking", "temperature": "0.05"},
        *({"name": "distillation", "teacher": teacher} for teacher in teachers),
        {"name": "reranking", "loss": "listwise", "negatives": "4"},
    ):
        task = {"task": "bitext.mine", "languages": ["en", "de"], "objective": objective}
        yield dump({**tree, "batches": "crosslingual", "tasks": [task]}).encode()


def with_older(data: bytes) -> Iterator[bytes]:
    """Yield a result or a sweep, and the same in format 1, which has one run."""
    yield data
    tree = parse(data, "x", limit=_LIMIT, max_events=_EVENTS).value
    assert isinstance(tree, dict)
    runs = tree.pop("runs")
    yield dump({**tree, "schema": "1", "run": runs[0] if runs else {}}).encode()


def sound_examples() -> list[Example]:
    return [Example(kind, data) for kind, files in originals().items() for data in files]


@st.composite
def examples(draw: st.DrawFn) -> Example:
    kind = draw(st.sampled_from(list(originals())))
    files = originals()[kind]
    match draw(st.integers(0, 5)):
        case 0 | 1 | 2:
            data = draw(mutated(files))
        case 3 | 4:
            data = other_values(draw, draw(st.sampled_from(files)))
        case _:
            data = damaged(draw, draw(st.sampled_from(files)))
    if (
        kind == "result"
        and draw(st.booleans())
        and data.rstrip(b"\n").rpartition(b"\n")[2].startswith(b"# sha256")
    ):
        data = sealed(data.rstrip(b"\n").rpartition(b"\n")[0] + b"\n")
    return Example(kind, data)


def other_values(draw: st.DrawFn, data: bytes) -> bytes:
    """Change values of the document, and write it as the harness would."""
    tree = parse(data, "x", limit=_LIMIT, max_events=_EVENTS).value
    for _ in range(draw(st.integers(1, 3))):
        tree = altered(draw, tree)
    try:
        return dump(tree).encode()
    except (ValueError, TypeError, AttributeError):  # what the harness never writes
        return data
