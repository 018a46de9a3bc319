"""The catalog: one literal entry per target, languages in the order of its protocol."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.catalog.fine_tuned import FINE_TUNED_TARGETS
from harness.catalog.own import ALL_JUDGED, CONVENTIONS, IGNORE_IDENTICAL_IDS, OWN_KINDS
from harness.catalog.retrieval import JUPYTERLAB_LOCALES, NTREX_NAMES, RETRIEVAL_TARGETS, TATOEBA_ISO3
from harness.catalog.target_entries import ENTRIES
from harness.errors import WrongUsage
from harness.records import Result, Signature, StepCurve, Sweep, Target
from harness.records.target import LABELS

__all__ = [
    "BY_NAME",
    "JUPYTERLAB_LOCALES",
    "NTREX_NAMES",
    "OWN_KINDS",
    "TARGETS",
    "TATOEBA_ISO3",
    "conventions",
    "counts_all_judged",
    "find_target",
    "ignores_identical_ids",
    "is_known",
    "is_own",
    "own_target",
    "target_of",
]

# XTREME's targets first, retrieval before the others; then those outside the benchmark, and the entries.
TARGETS = (
    *sorted((*RETRIEVAL_TARGETS, *FINE_TUNED_TARGETS), key=lambda target: not target.in_xtreme),
    *(entry.target(name) for name, entry in ENTRIES.items()),
)
BY_NAME = {target.name: target for target in TARGETS}


def is_own(name: str) -> bool:
    """Tell whether a name is that of a target on user-provided text, such as `bitext.NAME`."""
    kind, dot, rest = name.partition(".")
    return kind in OWN_KINDS and bool(dot and rest)


def own_target(name: str, languages: Sequence[str], conventions: Collection[str] = ()) -> Target:
    """Return a user-provided target, such as `bitext.NAME`, over the given languages, or pairs of languages.

    `conventions`, which its signature then names, are those of test collections, and how many labels a
    labelled task has.
    """
    kind, _, rest = name.partition(".")
    template = OWN_KINDS[kind]
    options = (*template.options, *(option for option in CONVENTIONS if option in conventions))
    options += tuple(option for option in conventions if option.startswith(LABELS))
    title = f"{template.title} {rest}"
    return template.model_copy(
        update={"name": name, "title": title, "languages": tuple(languages), "options": options}
    )


def conventions(protocol: Target | Signature) -> tuple[str, ...]:
    """Return the options of a target that its text or a user chooses."""
    chosen = (option for option in CONVENTIONS if option in protocol.options)
    return (*chosen, *(option for option in protocol.options if option.startswith(LABELS)))


def counts_all_judged(protocol: Target | Signature) -> bool:
    """Tell whether judged queries without a relevant document count as 0, rather than being left out."""
    return ALL_JUDGED in protocol.options


def ignores_identical_ids(protocol: Target | Signature) -> bool:
    """Tell whether a test collection's documents are not ranked for the query of the same id."""
    return IGNORE_IDENTICAL_IDS in protocol.options


def is_known(name: str) -> bool:
    """Tell whether a target is in the catalog or on user-provided text."""
    return name in BY_NAME or is_own(name)


def target_of(record: Result | Sweep | StepCurve) -> Target:
    """Return the target of a record of scores; on user-provided text, over the record's languages, sorted.

    Raises KeyError for an unknown target, which the store refuses to read.
    """
    languages = record.languages if isinstance(record, Result) else ()
    if not is_own(record.target):
        return BY_NAME[record.target]
    return own_target(record.target, sorted({*languages, *record.data}), conventions(record.signature))


def find_target(name: str) -> Target:
    """Return a target of the catalog by name; raises WrongUsage with all names for an unknown one."""
    if name not in BY_NAME:
        raise WrongUsage(f"unknown target {name!r}", cure=f"one of: {', '.join(BY_NAME)}")
    return BY_NAME[name]
