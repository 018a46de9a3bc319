"""What a target says about the board's question, in sentences: one finding a line, each with its mark; pure.

The numbers are those of `gaps` and `baselines`; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.records import Regime
from site_gen.board.baseline import baselines
from site_gen.board.board import Standing
from site_gen.board.gap import LEVEL, Gap, SizeGap, UntestedPair, gaps, untested_pairs
from site_gen.board.model_size import size_words
from site_gen.board.recipe import recipe_title
from site_gen.board.regimes import REGIME_NAMES
from site_gen.formatting import counted, listed, p_words, signed, spelled
from site_gen.once import once

DECIDED, OPEN, BELOW = "decided", "open", "below no training"
MARKS = {DECIDED: "●", OPEN: "○", BELOW: "▼"}


@dataclass(frozen=True)
class AnswerLine:
    """One line of the answer: what it is about, its state, one of `MARKS`, and the sentences."""

    about: str
    state: str
    text: str

    @property
    def mark(self) -> str:
        """Return the mark of the state."""
        return MARKS[self.state]


@dataclass(frozen=True)
class AnswerLines:
    """The answer of one target: a sentence, its findings, and one line on what was measured."""

    sentence: str
    lines: tuple[AnswerLine, ...]
    basis: str


@once
def answer_lines(standing: Standing) -> AnswerLines | None:
    """Return what a target says about the question; None without a gap between the regimes."""
    found = gaps(standing)
    if not found:
        return None
    titles = [recipe_title(gap.sizes[-1].multilingual.submission) for gap in found]
    names = [title.partition(" (")[0] for title in titles]
    series = [
        _Series(standing, gap, baselines(standing, gap), title, name if names.count(name) == 1 else title)
        for gap, title, name in zip(found, titles, names, strict=True)
    ]
    lines = [
        *(one.effect for one in series),
        *(one.together for one in series if len(one.gap.sizes) > 1),
        *(finding for one in series for finding in one.against_none),
        *(one.trend for one in series if len(one.gap.sizes) > 1),
        *(finding for one in series for finding in one.unused),
        *(_untested(standing, pairs) for pairs in untested_pairs(standing).values()),
    ]
    return AnswerLines(_sentence(standing, series), tuple(lines), _basis(standing, series))


@dataclass(frozen=True)
class _Series:
    """The gaps of one family and recipe with the differences to no training, in words.

    `title` is the recipe's, `task` its shortest name that no other series has.
    """

    standing: Standing
    gap: Gap
    against: Mapping[Regime, Gap]
    title: str
    task: str

    def size(self, gap: SizeGap) -> str:
        """Return the size of a gap as people name it."""
        return size_words(gap.multilingual, self.standing.cell(gap.multilingual))

    @property
    def effect(self) -> AnswerLine:
        """Return which regime is ahead, by how much, and whether that is beyond chance."""
        sizes, decided = self.gap.sizes, self.gap.real
        tested = f"allowing for {spelled(len(sizes))} sizes tested" if len(sizes) > 1 else "at the one size"
        if decided:
            largest = max(p for size, p in zip(sizes, self.gap.p_together, strict=True) if size in decided)
            where = listed([f"{_difference(size)} at {self.size(size)}" for size in decided])
            tested += f" ({'largest ' if len(decided) > 1 else ''}{p_words(largest)})"
            rest = len(sizes) - len(decided)
            others = (
                f"; the other {'size is' if rest == 1 else f'{spelled(rest)} sizes are'} open" if rest else ""
            )
            return AnswerLine(f"After {self.title}", DECIDED, f"{where}. Beyond chance, {tested}{others}.")
        ahead = [size for size in sizes if size.points > 0]
        if len(sizes) == 1:
            text = f"{_difference(sizes[0])} at {self.size(sizes[0])}. Open: it can be chance."
        else:
            low, high = (pick(size.points for size in sizes) for pick in (min, max))
            text = (
                f"multilingual is ahead at {len(ahead)} of {len(sizes)} sizes, by {signed(low)} to "
                f"{signed(high)} points. Open: each can be chance, {tested}."
            )
        return AnswerLine(f"After {self.title}", OPEN, text)

    @property
    def together(self) -> AnswerLine:
        """Return the mean gap over the sizes, and how it would change under other assumptions."""
        model = self.gap.model
        assert model is not None  # the gap of two regimes has one
        low, high = model.mean.interval
        text = (
            f"multilingual minus English-only is {signed(model.mean.points)} points on the mean of the "
            f"{spelled(len(self.gap.sizes))} sizes ({signed(low)} to {signed(high)})."
        )
        decided = model.mean.p < 1 - LEVEL
        text += f" {'Beyond chance' if decided else 'Open'} ({p_words(model.mean.p)}"
        others = sorted(effect.p for effect in model.sensitivity.values())
        if others:
            least, most = (p_words(p).removeprefix("p ") for p in (others[0], others[-1]))
            span = least if least == most else f"{least} to {most}"
            text += f"; {span} under other assumptions about what the sizes of one seed share"
        text += ")."
        return AnswerLine(f"{self.task}, all sizes together", DECIDED if decided else OPEN, text)

    @property
    def against_none(self) -> Iterator[AnswerLine]:
        """Yield how both regimes compare with the same encoder without intermediate training."""
        if not self.against:
            return
        parts = []
        for regime, gap in self.against.items():
            parts.append(
                f"{REGIME_NAMES[regime]} is {_above_or_below([size.points for size in gap.sizes])}, "
                f"beyond chance at {len(gap.real)} of {counted(len(gap.sizes), 'size')}"
            )
        below = all(size.points < 0 for gap in self.against.values() for size in gap.sizes)
        decided = any(gap.real for gap in self.against.values())
        state = BELOW if below else DECIDED if decided else OPEN
        yield AnswerLine(f"{self.task}, against no intermediate training", state, f"{'; '.join(parts)}.")

    @property
    def trend(self) -> AnswerLine:
        """Return how the gap changes with the size of the model."""
        about, trend = f"{self.task}, with size", self.gap.trend
        if trend is None:
            return AnswerLine(about, OPEN, "a change with size needs at least three sizes.")
        low, high = trend.interval
        is_decided = low > 0 or high < 0
        return AnswerLine(
            about,
            DECIDED if is_decided else OPEN,
            f"the gap changes by {signed(trend.points)} points ({signed(low)} to {signed(high)}) "
            f"per doubling of the model. {'Beyond chance' if is_decided else 'Open'}.",
        )

    @property
    def unused(self) -> Iterator[AnswerLine]:
        """Yield which rows are not part of the answer, though they form a pair."""
        if self.gap.unused:
            names = ", ".join(self.gap.unused)
            yield AnswerLine(
                self.task, OPEN, f"one pair is used per size (most seeds, then by name); not used: {names}."
            )

    @property
    def losing(self) -> bool:
        """Tell whether both regimes are below no training at every size."""
        return bool(self.against) and all(
            size.points < 0 for gap in self.against.values() for size in gap.sizes
        )


def _sentence(standing: Standing, series: Sequence[_Series]) -> str:
    """Return the whole answer in one or two sentences."""
    parts = []
    for one in series:
        by_sign: dict[bool, list[SizeGap]] = {}
        for size in one.gap.real:
            by_sign.setdefault(size.points > 0, []).append(size)
        for is_multilingual, sizes in by_sign.items():
            name = REGIME_NAMES[Regime.MULTILINGUAL if is_multilingual else Regime.ENGLISH]
            parts.append(
                f"after {one.task}, {name} training is better at {listed(list(map(one.size, sizes)))}"
            )
    open_tasks = [one.task for one in series if not one.gap.real]
    if open_tasks:
        parts.append(f"after {listed(open_tasks)}, neither is beyond chance")
    text = f"On {standing.target.title}, {'; '.join(parts)}.{_together(series)}"
    named = [one.size(size) for one in series for size in one.gap.real]
    if named:  # what the number of a size counts, where it is said first
        text = text.replace(named[0], f"{named[0]} parameters", 1)
    losing = [one.task for one in series if one.losing]
    if losing:
        text += f" After {listed(losing)}, either training is below no intermediate training at every size."
    return text


def _untested(standing: Standing, pairs: Sequence[UntestedPair]) -> AnswerLine:
    """Return how pairs differ of which a side was trained once."""
    differences = [
        f"{signed(pair.points)} at {size_words(pair.multilingual, standing.cell(pair.multilingual))}"
        for pair in pairs
    ]
    return AnswerLine(
        f"After {recipe_title(pairs[-1].multilingual.submission)}",
        OPEN,
        f"multilingual minus English-only is {listed(differences)}. Not tested: trained once, and another "
        "training may differ.",
    )


def _together(series: Sequence[_Series]) -> str:
    """Return what all sizes say together where single sizes are beyond chance; empty where none is."""
    several = [one for one in series if len(one.gap.sizes) > 1]
    if not any(one.gap.real for one in several):
        return ""
    better: dict[Regime, list[str]] = {}
    for one in several:
        mean = one.gap.model.mean if one.gap.model is not None else None
        if mean is not None and mean.p < 1 - LEVEL:
            regime = Regime.MULTILINGUAL if mean.points > 0 else Regime.ENGLISH
            better.setdefault(regime, []).append(one.task)
    if not better:
        after = f" after {listed([one.task for one in several])}" if len(several) < len(series) else ""
        return f" Over all sizes together{after} it is open."
    said = [
        f"{REGIME_NAMES[regime]} training is better after {listed(tasks)}" for regime, tasks in better.items()
    ]
    return f" Over all sizes together, {'; '.join(said)}."


def _basis(standing: Standing, series: Sequence[_Series]) -> str:
    """Return what was measured, in one line."""
    sizes = [(size.parameters, one.size(size)) for one in series for size in one.gap.sizes]
    rows = [row for one in series for size in one.gap.sizes for row in (size.english, size.multilingual)]
    seeds = sorted({len(row.submission.checkpoints) for row in rows})
    span = min(sizes)[1] if len(set(sizes)) == 1 else f"{min(sizes)[1]} to {max(sizes)[1]}"
    many = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return (
        f"{listed(sorted({one.gap.family for one in series}))}, {span}; {standing.target.title} in "
        f"{counted(len(standing.target.languages), 'language')}; {many} seeds each. "
        "Ranges are at 95\u00a0%, over seeds and examples."
    )


def _above_or_below(points: Sequence[float]) -> str:
    """Return differences to the untrained encoder in words: 7.7 to 25.3 points below, by size."""
    low, high = min(points), max(points)
    if len(points) == 1:
        return f"{abs(low):.1f} points {'below' if low < 0 else 'above'}"
    if low < 0 <= high:
        return f"between {-low:.1f} points below and {high:.1f} above, by size"
    least, most = sorted((abs(low), abs(high)))
    return f"{least:.1f} to {most:.1f} points {'below' if low < 0 else 'above'}, by size"


def _difference(size: SizeGap) -> str:
    ahead = REGIME_NAMES[Regime.MULTILINGUAL if size.points > 0 else Regime.ENGLISH]
    sign = 1 if size.points > 0 else -1
    low, high = sorted(sign * bound for bound in size.interval)
    return f"{ahead} is ahead by {signed(abs(size.points))} points ({signed(low)} to {signed(high)})"
