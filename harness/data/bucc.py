"""BUCC 2018's comparable corpora: sentences with ids on two sides and gold pairs of ids, in two splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from harness.data.delimited import tab_separated
from harness.data.raw_files import DOWNLOAD_AGAIN, find
from harness.data.text_files import fingerprint
from harness.errors import BadInput, Fault, Where
from harness.records import TextRole

# XTREME's name of a split → the name that the shared task and LASER use.
_SPLITS = {"dev": "sample", "test": "training"}


@dataclass(frozen=True)
class Split:
    """Sentences by id on both sides, in file order, and the gold pairs (foreign id, English id)."""

    foreign: Mapping[str, str]
    english: Mapping[str, str]
    gold: tuple[tuple[str, str], ...]

    def first(self, n: int) -> Split:
        """Return the first n gold pairs, with their sentences and the first n sentences of each side."""
        gold = self.gold[:n]
        sides = []
        for side, gold_ids in (
            (self.foreign, {pair[0] for pair in gold}),
            (self.english, {pair[1] for pair in gold}),
        ):
            selected = gold_ids | set(list(side)[:n])
            sides.append({name: text for name, text in side.items() if name in selected})
        return Split(sides[0], sides[1], gold)


@dataclass(frozen=True)
class Comparable:
    """The splits of one language paired with English; the last one is scored."""

    language: str
    splits: Mapping[str, Split]
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over ids, sentences and gold pairs of every split, independent of the file layout."""
        rows = (
            chain(
                ([name, "foreign", *row] for row in split.foreign.items()),
                ([name, "english", *row] for row in split.english.items()),
            )
            for name, split in self.splits.items()
        )
        gold = ([name, "gold", *pair] for name, split in self.splits.items() for pair in split.gold)
        return fingerprint(chain(*rows, gold))

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the languages of both sides of every split."""
        return dict(zip(self.sides, (self.language, "en") * len(self.splits), strict=True))

    @property
    def roles(self) -> Mapping[str, tuple[TextRole, ...]]:
        """Return no role: all sentences are alike."""
        return {}

    @cached_property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return both sides of every split."""
        return {
            f"{side} side of the {name} split": tuple(sentences.values())
            for name, split in self.splits.items()
            for side, sentences in ((self.language, split.foreign), ("en", split.english))
        }

    def __len__(self) -> int:
        """Count the gold pairs of the scored split."""
        return len(list(self.splits.values())[-1].gold)

    def first(self, n: int) -> Comparable:
        """Return the first n gold pairs of every split, with up to n further sentences on each side."""
        return replace(self, splits={name: split.first(n) for name, split in self.splits.items()})


def bucc2018(language: str, data: Path | None) -> Comparable:
    """Read both splits from `data/bucc2018`: dev gives the threshold, test is scored."""
    folder = _folder(data)
    dev, test = (_read_split(folder, language, split) for split in ("dev", "test"))
    if test is None and dev is not None:
        missing = (
            _lacking_gold(folder, language, "test")
            or f"{language}-en.test.* or {language}-en.training.* is missing"
        )
        raise BadInput(
            f"{folder} holds only the dev split of BUCC 2018 {language}-en: {missing}",
            cure="get the training archive of the shared task, "
            "or score the dev split alone with -t bucc2018_dev (oracle threshold)",
        )
    if dev is None or test is None:
        raise _missing(folder, language, "dev" if dev is None else "test")
    return Comparable(language, {"dev": dev, "test": test}, str(folder))


def bucc2018_dev(language: str, data: Path | None) -> Comparable:
    """Read the dev split alone from `data/bucc2018`."""
    folder = _folder(data)
    dev = _read_split(folder, language, "dev")
    if dev is None:
        raise _missing(folder, language, "dev")
    return Comparable(language, {"dev": dev}, str(folder))


def _folder(data: Path | None) -> Path:
    if data is None:
        raise BadInput(
            "BUCC 2018 cannot be read from the Hub: "
            "google/xtreme has its gold pairs without the other sentences, mteb/BUCC has no dev split",
            cure="get the sample and training archives of the shared task "
            "and give --data DIR, which reads DIR/bucc2018",
        )
    return data / "bucc2018"


def _missing(folder: Path, language: str, split: str) -> BadInput:
    suffixes = f"{{{language},en,gold}}"
    missing = _lacking_gold(folder, language, split) or (
        f"neither {language}-en.{split}.{suffixes} nor {language}-en.{_SPLITS[split]}.{suffixes}"
    )
    return BadInput(
        f"the {split} split of BUCC 2018 {language}-en is not in {folder}: {missing}",
        cure="get the sample and training archives of the shared task; --data DIR reads DIR/bucc2018",
    )


def _read_split(folder: Path, language: str, split: str) -> Split | None:
    """Read XTREME's or LASER's files of a split; None without a gold file, BadInput for gold without a side.

    XTREME's download script keeps the test sentences and deletes their gold, so text alone is not a split.
    """
    for paths in _candidate_paths(folder, language, split):
        gold = find(paths[2])
        if gold is None:
            continue
        sides = []
        for path in paths[:2]:
            side = find(path)
            if side is None:
                raise BadInput(
                    f"{path.name} is missing in {path.parent}",
                    cure="take all three files of the split from one archive",
                )
            sides.append(_read_side(side))
        foreign, english = sides
        return Split(foreign, english, _read_gold(gold, foreign, english))
    return None


def _lacking_gold(folder: Path, language: str, split: str) -> str:
    """Describe gold files that are missing next to sentences; empty if there are no sentences either."""
    lacking = [
        paths[2]
        for paths in _candidate_paths(folder, language, split)
        if any(find(side) for side in paths[:2])
    ]
    return " and ".join(f"{gold.name} is missing in {gold.parent}" for gold in lacking)


def _candidate_paths(folder: Path, language: str, split: str) -> Iterator[tuple[Path, Path, Path]]:
    """Yield the possible paths of foreign side, English side and gold, the preferred ones first."""
    for name in (split, _SPLITS[split]):
        for directory in (folder, folder / f"{language}-en", folder / "bucc2018" / f"{language}-en"):
            stem = f"{language}-en.{name}."
            yield directory / (stem + language), directory / (stem + "en"), directory / (stem + "gold")


def _read_side(path: Path) -> dict[str, str]:
    sentences: dict[str, str] = {}
    for number, cells in tab_separated(path):
        where = Where(str(path), number)
        if len(cells) != 2 or not cells[0]:
            raise BadInput("expected an id, a tab and a sentence", where=where, cure=DOWNLOAD_AGAIN)
        name, text = cells
        if name in sentences:
            raise BadInput(f"the id {name!r} occurs twice", where=where, cure=DOWNLOAD_AGAIN)
        sentences[name] = text
    if not sentences:
        raise BadInput("holds no sentence", where=Where(str(path)), cure=DOWNLOAD_AGAIN)
    return sentences


def _read_gold(
    path: Path, foreign: Mapping[str, str], english: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    pairs: dict[tuple[str, str], None] = {}
    faults: list[Fault] = []
    for number, (first, *rest) in tab_separated(path):
        second = "\t".join(rest)
        unknown = [name for name, side in ((first, foreign), (second, english)) if name not in side]
        if unknown:
            faults.append(
                Fault(
                    f"the id {unknown[0]!r} is not among the sentences",
                    Where(str(path), number),
                    "take all files from one archive",
                )
            )
        pairs[first, second] = None
    if faults:
        raise BadInput(faults[:10])
    if not pairs:
        raise BadInput("holds no gold pair", where=Where(str(path)), cure=DOWNLOAD_AGAIN)
    return tuple(pairs)
