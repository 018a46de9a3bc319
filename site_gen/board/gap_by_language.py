"""The difference multilingual − English-only by language, those trained on apart from others; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.records import Target
from site_gen.board.board import Standing
from site_gen.board.gap import Gap, SizeGap, gaps
from site_gen.board.model_size import size_words
from site_gen.board.recipe import recipe_title
from site_gen.formatting import language_name
from site_gen.once import once


@dataclass(frozen=True)
class LanguageGapLine:
    """One size: its name, its parameters outside the embeddings, and the difference by language.

    A difference is in points, the mean over the seeds of both sides.
    """

    size: str
    parameters: float
    differences: dict[str, float]


@dataclass(frozen=True)
class LanguageGaps:
    """The differences of one recipe by language and size.

    `trained` languages are those of the multilingual training, `other` those it never saw; by English name.
    """

    family: str
    task: str
    trained: tuple[str, ...]
    other: tuple[str, ...]
    lines: tuple[LanguageGapLine, ...]

    @cached_property
    def means(self) -> Mapping[str, float]:
        """Return the mean of the sizes by language, of those languages that every size has."""
        return {
            language: sum(line.differences[language] for line in self.lines) / len(self.lines)
            for language in (*self.trained, *self.other)
            if all(language in line.differences for line in self.lines)
        }


@dataclass(frozen=True)
class RecipeInLanguage:
    """The differences of one recipe in one language, by the name of the size, in points."""

    family: str
    task: str
    is_trained: bool
    differences: Mapping[str, float]


@dataclass(frozen=True)
class GapsInLanguage:
    """The differences of a target in one language, by recipe; `sizes` names all, smallest first."""

    target: Target
    sizes: tuple[str, ...]
    recipes: tuple[RecipeInLanguage, ...]


def trained_languages(standing: Standing) -> tuple[str, ...]:
    """Return the target's languages that the intermediate training of some row saw, in their order."""
    seen = {language for row in standing.rows for language in row.submission.intermediate.languages}
    return tuple(language for language in standing.target.languages if language in seen)


@once
def language_gaps(standing: Standing) -> tuple[LanguageGaps, ...]:
    """Return the differences by language for every gap of a target."""
    return tuple(_of(standing, gap) for gap in gaps(standing))


def gaps_in_language(standing: Standing, language: str) -> GapsInLanguage | None:
    """Return the differences in one language for every gap of a target; None where there is none."""
    sizes: dict[str, float] = {}
    recipes = []
    for gaps_of_recipe in language_gaps(standing):
        lines = [line for line in gaps_of_recipe.lines if language in line.differences]
        sizes.update((line.size, line.parameters) for line in lines)
        if lines:
            recipes.append(
                RecipeInLanguage(
                    gaps_of_recipe.family,
                    gaps_of_recipe.task,
                    language in gaps_of_recipe.trained,
                    {line.size: line.differences[language] for line in lines},
                )
            )
    ordered = tuple(sorted(sizes, key=lambda size: (sizes[size], size)))
    return GapsInLanguage(standing.target, ordered, tuple(recipes)) if recipes else None


def _by_name(languages: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(languages, key=lambda code: (language_name(code).casefold(), code)))


def _of(standing: Standing, gap: Gap) -> LanguageGaps:
    submission = gap.sizes[-1].multilingual.submission
    seen = set(submission.intermediate.languages)
    languages = standing.target.languages
    return LanguageGaps(
        gap.family,
        recipe_title(submission),
        _by_name([language for language in languages if language in seen]),
        _by_name([language for language in languages if language not in seen]),
        tuple(_line(standing, size) for size in gap.sizes),
    )


def _line(standing: Standing, size: SizeGap) -> LanguageGapLine:
    multilingual, english = (standing.cell(row) for row in (size.multilingual, size.english))
    differences = {}
    for language in standing.target.languages:
        scores = [cell.result.language_score(language) for cell in (multilingual, english)]
        if scores[0] is not None and scores[1] is not None:
            differences[language] = scores[0] - scores[1]
    return LanguageGapLine(size_words(size.multilingual, multilingual), size.parameters, differences)
