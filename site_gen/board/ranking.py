"""Entries → rows, ranks, tie groups and coverage; pure.

Cells, rows and standings that equal those of the previous board are taken from it, with everything cached on
them; equality is decided by the stamps of their inputs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.catalog import TARGETS, conventions, is_own, own_target
from harness.catalog.pins import by_correction, former_texts, pinned
from harness.records import FormerPin, SeedPriors, Target
from harness.records.result import TRAINING_TEXT
from harness.scoring.statistics.blockwise_ranks import placings
from harness.scoring.statistics.entrant import Entrant
from harness.scoring.statistics.moderation import Priors
from harness.scoring.target_priors import target_priors
from site_gen.board.board import Board, Cell, NotShown, Row, Standing
from site_gen.board.compact_result import CompactResult
from site_gen.board.entry import AnyEntry, Contender, Entry, WithdrawnEntry
from site_gen.board.reported import ReportedEntry, ReportedRow, reported_rows
from site_gen.formatting import language_name, listed


def make_board(
    entries: Iterable[AnyEntry],
    targets: Sequence[Target] = TARGETS,
    before: Board | None = None,
    not_shown: Iterable[NotShown] = (),
    seed_priors: SeedPriors | None = None,
) -> Board:
    """Rank entries per target, reported ones separately; the order of the entries does not matter.

    Withdrawn submissions are only listed.

    User-provided targets, which exist only in results, follow the given targets. Unchanged parts of the board
    `before` are reused. `not_shown` are the submissions that could not be read. Ranks borrow from
    `seed_priors`.
    """
    if before is not None and before.seed_priors != seed_priors:
        before = None
    ordered = sorted(entries, key=lambda entry: entry.slug)
    measured = [entry for entry in ordered if isinstance(entry, Entry)]
    reported = reported_rows([entry for entry in ordered if isinstance(entry, ReportedEntry)], targets)
    withdrawn = tuple(entry.tombstone for entry in ordered if isinstance(entry, WithdrawnEntry))
    targets = (*_shown(targets, measured, reported), *_user_targets(measured))
    old_rows = {row.slug: row for row in before.rows} if before else {}
    old_standings = {standing.target.name: standing for standing in before.standings} if before else {}
    priors = {target.name: target_priors(seed_priors, target.name) for target in targets}
    cells = {
        target.name: _rank(target, measured, priors[target.name], old_standings.get(target.name))
        for target in targets
    }
    rows = {entry.slug: _row(entry, cells, old_rows.get(entry.slug)) for entry in measured}
    standings = [
        _standing(
            target, cells[target.name], rows, reported, priors[target.name], old_standings.get(target.name)
        )
        for target in targets
    ]
    return Board(
        tuple(rows.values()),
        tuple(standings),
        reported,
        tuple(not_shown),
        withdrawn,
        seed_priors=seed_priors,
    )


def _shown(
    targets: Sequence[Target], measured: Sequence[Entry], reported: Sequence[ReportedRow]
) -> Sequence[Target]:
    """Return the targets without those beyond XTREME that nobody measured or published a number on."""
    present = {name for entry in measured for name in entry.contenders}
    present |= {name for row in reported for name in row.cells}
    return [target for target in targets if not target.beyond_xtreme or target.name in present]


def _user_targets(entries: Iterable[Entry]) -> Iterator[Target]:
    """Yield user-provided targets by name, each over the languages of all its results, sorted by code.

    Which documents are ranked and which queries count is as in most of its results, of two equally many as
    with fewer options.
    """
    languages: dict[str, set[str]] = {}
    chosen: dict[str, Counter[tuple[str, ...]]] = {}
    for entry in entries:
        for name, contender in entry.contenders.items():
            if is_own(name):
                result = contender.result
                languages.setdefault(name, set()).update(result.languages, result.data)
                chosen.setdefault(name, Counter())[conventions(result.signature)] += 1
    for name in sorted(languages):
        most_common = max(sorted(chosen[name], key=len), key=chosen[name].__getitem__)
        yield own_target(name, sorted(languages[name]), most_common)


def _row(entry: Entry, cells: Mapping[str, Mapping[str, Cell]], previous: Row | None) -> Row:
    """Return an entry with its cells in the order of the targets; the previous row if it is equal."""
    row_cells = {
        name: target_cells[entry.slug] for name, target_cells in cells.items() if entry.slug in target_cells
    }
    if previous is not None and previous.stamp == entry.stamp and _are_same(previous.cells, row_cells):
        return previous
    return Row(entry.slug, entry.submission, row_cells, entry.details, entry.stamp, entry.notices)


def _are_same(left: Mapping[str, Cell], right: Mapping[str, Cell]) -> bool:
    return len(left) == len(right) and all(left.get(key) is cell for key, cell in right.items())


# ---- one target ----------------------------------------------------------------------------------


def _rank(
    target: Target, entries: Iterable[Entry], priors: Priors, previous: Standing | None
) -> Mapping[str, Cell]:
    """Return the cells of a target by slug, with the rank by score and the range of possible ranks.

    Scores that are equal when rounded share a rank: a reader must not see an order that two decimals hide.
    """
    contenders = {
        entry.slug: entry.contenders[target.name] for entry in entries if target.name in entry.contenders
    }
    previous_cells = previous.cells if previous is not None and previous.target == target else {}
    if previous_cells.keys() == contenders.keys() and all(
        cell.contender == contenders[slug] for slug, cell in previous_cells.items()
    ):
        return previous_cells
    missing = {slug: _missing(target, contender.result) for slug, contender in contenders.items()}
    shared = _shared_text(
        target,
        [
            contender.result
            for slug, contender in contenders.items()
            if not missing[slug] and not contender.trust.notices
        ],
    )
    reasons = {
        slug: contender.trust.objection or _why_unranked(target, contender.result, missing[slug], shared)
        for slug, contender in contenders.items()
    }
    ranked = {slug: contender for slug, contender in contenders.items() if not reasons[slug]}
    scores = {slug: round(contender.result.score or 0.0, 2) for slug, contender in ranked.items()}
    positions = _positions(scores.values())
    ranges = placings([_entrant(contender) for contender in ranked.values()], priors)
    placed = dict(zip(ranked, ranges, strict=True))
    cells = {}
    for slug, contender in contenders.items():
        measured = len(target.languages) - len(missing[slug])
        if slug in ranked:
            cell = Cell(target, contender, measured, positions[scores[slug]], "", placed[slug])
        else:
            cell = Cell(target, contender, measured, reason=reasons[slug])
        cells[slug] = previous_cells[slug] if previous_cells.get(slug) == cell else cell
    return cells


def _entrant(contender: Contender) -> Entrant:
    assert contender.entrant is not None  # a complete result has one
    return contender.entrant


def _positions(scores: Iterable[float]) -> Mapping[float, int]:
    """Return the rank of each score: one more than the number of higher scores."""
    above = 0
    positions = {}
    for score, count in sorted(Counter(scores).items(), reverse=True):
        positions[score] = above + 1
        above += count
    return positions


def _missing(target: Target, result: CompactResult) -> list[str]:
    if result.has(target.languages):
        return []
    return [language for language in target.languages if result.language_score(language) is None]


def _shared_text(target: Target, complete: Iterable[CompactResult]) -> Mapping[str, str]:
    """Return the text fingerprints to rank by: the pinned ones, and without pins those of most results.

    Only results that name every language's text, none of it corrected since, count towards the majority; ties
    go to those that sort first.
    """
    official = {language: pinned(target.name, language) for language in target.languages}
    names = set(target.languages)
    texts = [
        result.texts
        for result in complete
        if names <= result.data.keys() and not former_texts(target.name, result.texts)
    ]
    # Results read from the build cache share equal fingerprints, so that few have to be compared.
    by_identity = {id(fingerprints): fingerprints for fingerprints in texts}
    counts: Counter[tuple[tuple[str, str], ...]] = Counter()
    for identity, count in Counter(map(id, texts)).items():
        counts[tuple(sorted(by_identity[identity].items()))] += count
    most = dict(min(counts.items(), key=lambda item: (-item[1], item[0]))[0]) if counts else {}
    return {**most, **{language: digest for language, digest in official.items() if digest is not None}}


def _why_unranked(
    target: Target, result: CompactResult, missing: Sequence[str], shared: Mapping[str, str]
) -> str:
    """Return the reason why a result has no rank; empty if it has one."""
    if target.is_former(result.signature):
        return _why_former(target, result)
    if missing:
        return f"no score for {_language_list(missing)}"
    if result.signature.protocol != target.signature:
        return f"measured as {result.signature.protocol}, not as {target.signature}"
    if corrections := by_correction(former_texts(target.name, result.texts)):
        return "; ".join(_why_corrected(pin, languages) for pin, languages in corrections)
    for checkpoint in () if result.has_sizes(target.sizes) else result.checkpoints:
        for language, size in target.sizes.items():
            if (n := checkpoint.scores[language].n) != size:
                return f"only {n:,} of {size:,} {target.unit} in {language_name(language)}"
    return _why_other_text(target, result, shared)


def _why_former(target: Target, result: CompactResult) -> str:
    changes = target.changes_since(result.signature.version)
    since = [f"v{change.version} of {change.date}: {change.reason.rstrip('.')}" for change in changes]
    newest = "; ".join(since) or f"v{target.version}"
    return f"measured by protocol v{result.signature.version}, now it is {newest}"


def _why_corrected(pin: FormerPin, languages: Sequence[str]) -> str:
    """Return since when texts of a result are no longer the official ones, and why."""
    reason = pin.reason.rstrip(".")
    if languages == [TRAINING_TEXT]:
        return f"fine-tuned on the English text of before {pin.until} ({reason})"
    names = _language_list([language for language in languages if language != TRAINING_TEXT])
    return f"measured on the text of before {pin.until} in {names} ({reason})"


def _why_other_text(target: Target, result: CompactResult, shared: Mapping[str, str]) -> str:
    """Return where a result was measured on other text than most; empty if it was not."""
    if result.data == shared and result.texts == shared:
        return ""
    if unnamed := [language for language in target.languages if language not in result.data]:
        return f"names no text in {_language_list(unnamed)}"
    if differing := [
        language for language in target.languages if result.data.get(language) != shared.get(language)
    ]:
        return f"measured on other data than most rows in {_language_list(differing)}"
    if any(name not in result.data and text != shared.get(name, text) for name, text in result.texts.items()):
        return "fine-tuned on other English text than most rows"
    return ""


def _language_list(languages: Sequence[str]) -> str:
    names = [language_name(language) for language in languages]
    return listed(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more languages"


# ---- the rows of a target ------------------------------------------------------------------------


def _standing(
    target: Target,
    cells: Mapping[str, Cell],
    rows: Mapping[str, Row],
    reported: Iterable[ReportedRow],
    priors: Priors,
    previous: Standing | None,
) -> Standing:
    """Order the rows of a target; return the previous standing if it is equal.

    What its rows hold on other targets may then be older than the board: use a standing for its target only.
    """
    target_reported = tuple(row for row in reported if target.name in row.cells)
    if (
        previous is not None
        and previous.target == target
        and previous.reported == target_reported
        and _holds(previous, cells, rows)
    ):
        return previous

    def order(slug: str) -> tuple[float, int, str]:
        cell = cells[slug]
        return (cell.rank if cell.rank is not None else float("inf"), -cell.measured, slug)

    return Standing(target, tuple(rows[slug] for slug in sorted(cells, key=order)), target_reported, priors)


def _holds(standing: Standing, cells: Mapping[str, Cell], rows: Mapping[str, Row]) -> bool:
    """Tell whether a standing has these cells, and its submissions declare the same as before."""
    return _are_same(standing.cells, cells) and all(
        _declares_the_same(row, rows[row.slug]) for row in standing.rows
    )


def _declares_the_same(left: Row, right: Row) -> bool:
    return left is right or (left.submission == right.submission and left.parameters == right.parameters)
