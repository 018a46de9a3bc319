"""The history of the catalog holds together: versions, pins, added scores, retired targets."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from harness.catalog import BY_NAME, TARGETS
from harness.catalog.fingerprints import FINGERPRINTS
from harness.catalog.pins import FORMER_PINS, by_correction, former_pin, former_texts, pinned
from harness.records import FormerPin, ProtocolChange, Retirement, Target
from harness.records.result import TRAINING_TEXT
from tests.support.changed_targets import DAY, REASON, TARGET, corrected_text

TATOEBA = BY_NAME["tatoeba"]


def faults(targets: tuple[Target, ...]) -> list[str]:
    """Return where the recorded history of targets contradicts itself."""
    found = []
    for target in targets:
        versions = [change.version for change in target.changes]
        if versions != list(range(2, target.version + 1)):
            found.append(f"{target.name} is of version {target.version}, and has changes to {versions}")
        known = {*target.secondary, *target.quantities, *target.languages}
        found += [
            f"{target.name} has no {name}, which was added" for name in target.added if name not in known
        ]
        later = target.retired.superseded_by if target.retired else None
        if later is not None and later not in BY_NAME:
            found.append(f"{target.name} is superseded by {later}, which does not exist")
    for name, languages in FORMER_PINS.items():
        for language, pins in languages.items():
            days = [pin.until for pin in pins]
            if days != sorted(set(days)) or pinned(name, language) in {
                f"sha256:{pin.digest}" for pin in pins
            }:
                found.append(f"{name} {language}: not one pin after the other")
            if name not in FINGERPRINTS or language not in {*BY_NAME[name].languages, TRAINING_TEXT}:
                found.append(f"{name} {language}: nothing is pinned today")
    return found


def test_the_catalogs_history_holds_together() -> None:
    assert faults(TARGETS) == []


def test_a_history_that_does_not_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    change = ProtocolChange(version=3, date=DAY, reason="x")
    broken = TATOEBA.model_copy(
        update={
            "version": 2,
            "changes": (change,),
            "added": {"f2": DAY},
            "retired": Retirement(date=DAY, reason="x", superseded_by="tatoeba2"),
        }
    )
    pin = FormerPin(digest=FINGERPRINTS[TARGET]["de"], until=DAY, reason=REASON)
    monkeypatch.setitem(FORMER_PINS, TARGET, {"de": (pin,)})  # type: ignore[arg-type]
    assert faults((broken,)) == [
        "tatoeba is of version 2, and has changes to [3]",
        "tatoeba has no f2, which was added",
        "tatoeba is superseded by tatoeba2, which does not exist",
        "jupyterlab de: not one pin after the other",
    ]


def test_former_texts_are_found_by_digest_and_grouped_by_correction(monkeypatch: pytest.MonkeyPatch) -> None:
    before = FINGERPRINTS[TARGET]
    corrected_text(monkeypatch, "de", "it")
    assert pinned(TARGET, "de") == f"sha256:{'c' * 64}"
    assert pinned("tatoeba", "xx") is None
    assert former_pin(TARGET, "de", f"sha256:{before['it']}") is None
    found = former_texts(TARGET, {language: f"sha256:{digest}" for language, digest in before.items()})
    assert [(pin.until, languages) for pin, languages in by_correction(found)] == [(DAY, ["it", "de"])]


@pytest.mark.parametrize("day", ["2026-5-1", "2026-02-30", "yesterday", "2026-05-01T00:00:00Z"])
def test_a_day_is_a_day(day: str) -> None:
    with pytest.raises(ValidationError):
        Retirement(date=day, reason="x")


def test_what_was_added_later_may_be_missing_before_that_day() -> None:
    target = TATOEBA.model_copy(update={"added": {"f1": DAY}})
    assert target.not_required("2026-04-30T23:59:59Z") == {"f1"}
    assert target.not_required("") == {"f1"}
    assert target.not_required(DAY) == frozenset()


def test_the_published_entry_names_what_happened_only_where_something_did() -> None:
    assert not {"added", "changes", "retired"} & TATOEBA.published().keys()
    retired = TATOEBA.model_copy(update={"retired": Retirement(date=DAY, reason="x"), "added": {"f1": DAY}})
    published = retired.published()
    assert published["retired"] == {"date": DAY, "reason": "x", "superseded_by": None}
    assert published["added"] == {"f1": DAY}
    assert "changes" not in published
