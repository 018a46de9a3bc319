"""The difference multilingual − English-only by language, those trained on apart from others; pure."""

from __future__ import annotations

from dataclasses import dataclass

from site_gen.board.board import Standing
from site_gen.board.gap import Gap, SizeGap, gaps
from site_gen.board.model_size import size_words
from site_gen.board.recipe import recipe_title


@dataclass(frozen=True)
class LanguageGapLine:
    """One size: its name, and the difference in points by language, the mean over the seeds of both sides."""

    size: str
    differences: dict[str, float]


@dataclass(frozen=True)
class LanguageGaps:
    """The differences of one recipe by language and size, in the order of the target's languages.

    `trained` languages are those of the multilingual training, `other` ones it never saw.
    """

    family: str
    task: str
    trained: tuple[str, ...]
    other: tuple[str, ...]
    lines: tuple[LanguageGapLine, ...]


def trained_languages(standing: Standing) -> tuple[str, ...]:
    """Return the target's languages that the intermediate training of some row saw, in their order."""
    seen = {language for row in standing.rows for language in row.submission.intermediate.languages}
    return tuple(language for language in standing.target.languages if language in seen)


def language_gaps(standing: Standing) -> tuple[LanguageGaps, ...]:
    """Return the differences by language for every gap of a target."""
    return tuple(_of(standing, gap) for gap in gaps(standing))


def _of(standing: Standing, gap: Gap) -> LanguageGaps:
    submission = gap.sizes[-1].multilingual.submission
    seen = set(submission.intermediate.languages)
    languages = standing.target.languages
    return LanguageGaps(
        gap.family,
        recipe_title(submission),
        tuple(language for language in languages if language in seen),
        tuple(language for language in languages if language not in seen),
        tuple(_line(standing, size) for size in gap.sizes),
    )


def _line(standing: Standing, size: SizeGap) -> LanguageGapLine:
    multilingual, english = (standing.cell(row) for row in (size.multilingual, size.english))
    differences = {}
    for language in standing.target.languages:
        scores = [cell.result.language_score(language) for cell in (multilingual, english)]
        if scores[0] is not None and scores[1] is not None:
            differences[language] = scores[0] - scores[1]
    return LanguageGapLine(size_words(size.multilingual, multilingual), differences)
