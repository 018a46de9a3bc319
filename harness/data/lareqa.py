"""Questions and the sentences of every language that answer them: LAReQA's XQuAD-R and MLQA-R."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from harness.data.text_files import fingerprint, read_json
from harness.errors import BadInput, Unreachable, Where

HOME = "https://github.com/google-research-datasets/lareqa"
NO_ANSWER = -1


@dataclass(frozen=True)
class Pool:
    """The candidates: the sentences of all languages, one language after the other; those of languages[i] begin at starts[i]."""

    languages: tuple[str, ...]
    sentences: tuple[str, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Questions:
    """The questions of one language; relevant[i][j] is where the pool holds the answer to question i in the pool's language j.

    `NO_ANSWER` stands where that language does not answer the question.
    """

    language: str
    questions: tuple[str, ...]
    relevant: tuple[tuple[int, ...], ...]
    pool: Pool
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over the questions with their answers and over the whole pool, in their order; the source does not enter."""
        layout = [self.language, *zip(self.pool.languages, self.pool.starts, strict=True)]
        return fingerprint([layout, *zip(self.questions, self.relevant, strict=True), *self.pool.sentences])

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the questions and the pool."""
        return {f"{self.language} questions": self.questions, "candidates": self.pool.sentences}

    def __len__(self) -> int:
        """Count the questions."""
        return len(self.questions)

    def first(self, n: int) -> Questions:
        """Return the first n questions; the pool stays whole, or the trial would be another task."""
        return replace(self, questions=self.questions[:n], relevant=self.relevant[:n])


@dataclass(frozen=True, eq=False)
class _Set:
    """One of LAReQA's sets: its language codes in XTREME's order, each with its official numbers of questions and of candidates."""

    title: str
    folders: tuple[str, ...]
    counts: Mapping[str, tuple[int, int]]
    # Every question is asked and answered in every language.
    parallel: bool
    # What the Hub has of it.
    hub: str


# The numbers are those of "Dataset statistics" in the repository's README at 343180b, the folders its names
# at several commits.
XQUAD_R = _Set(
    title="XQuAD-R",
    folders=("lareqa/xquad-r", "xquad_r"),
    counts={
        "en": (1190, 1180), "es": (1190, 1215), "de": (1190, 1276), "el": (1190, 1234), "ru": (1190, 1219), "tr": (1190, 1167),
        "ar": (1190, 1222), "vi": (1190, 1209), "th": (1190, 852), "zh": (1190, 1196), "hi": (1190, 1244),
    },
    parallel=True,
    hub="the Hub's google-research-datasets/xquad_r lacks the sentence breaks that make the candidates",
)  # fmt: skip
MLQA_R = _Set(
    title="MLQA-R",
    folders=("lareqa/mlqa-dev-r", "lareqa/mlqa-r", "mlqa_r"),
    counts={
        "en": (1148, 6264), "es": (500, 1787), "de": (512, 2362), "ar": (517, 2545), "hi": (507, 2426), "vi": (511, 2828),
        "zh": (504, 2322),
    },
    parallel=False,
    hub="the Hub has no copy of its sentences",
)  # fmt: skip


def xquad_r(language: str, data: Path | None) -> Questions:
    """Read XQuAD-R's questions of one language from `data/lareqa/xquad-r` or `data/xquad_r`, where all languages' files lie."""
    return _load(XQUAD_R, language, data)


def mlqa_r(language: str, data: Path | None) -> Questions:
    """Read MLQA-R's questions of one language from `data/lareqa/mlqa-dev-r` or `data/mlqa_r`, where all languages' files lie."""
    return _load(MLQA_R, language, data)


def _load(which: _Set, language: str, data: Path | None) -> Questions:
    cure = f"download {HOME} and give the folder it lies in: --data DIR reads DIR/{which.folders[0]}/{language}.json"
    if data is None:
        raise Unreachable(f"{which.title} is read from files only: {which.hub}", cure=cure)
    for folder in (data / name for name in which.folders):
        files = [folder / f"{code}.json" for code in which.counts]
        missing = [file.name for file in files if not file.is_file()]
        if not missing:
            # A file that was replaced meanwhile is read again.
            stamps = tuple((file.stat().st_mtime_ns, file.stat().st_size) for file in files)
            return _read(which, folder, stamps)[language]
        if len(missing) < len(files):
            raise BadInput(
                f"{folder} lacks {', '.join(missing)}: the candidates of {which.title} are the sentences of all its languages",
                cure=cure,
            )
    raise BadInput(
        f"{which.title} is not in {' or '.join(str(data / name) for name in which.folders)}", cure=cure
    )


class _Question(NamedTuple):
    """A question with the number of the sentence that answers it."""

    question: str
    answer: int


class _File(NamedTuple):
    """One language's file: questions by their id, in the file's order, and all sentences."""

    asked: dict[str, _Question]
    sentences: list[str]


@lru_cache(maxsize=2)
def _read(which: _Set, folder: Path, stamps: tuple[tuple[int, int], ...]) -> dict[str, Questions]:
    """Read all languages at once, because a loader is called for one after the other and each needs them all."""
    files = {language: _read_file(folder / f"{language}.json") for language in which.counts}
    for language, file in files.items():
        _check(which, folder / f"{language}.json", file, which.counts[language], files)
    sentences: list[str] = []
    starts = []
    for file in files.values():
        starts.append(len(sentences))
        sentences += file.sentences
    pool = Pool(tuple(files), tuple(sentences), tuple(starts))

    def relevant(identity: str) -> tuple[int, ...]:
        return tuple(
            start + file.asked[identity].answer if identity in file.asked else NO_ANSWER
            for start, file in zip(starts, files.values(), strict=True)
        )

    return {
        language: Questions(
            language,
            tuple(asked.question for asked in file.asked.values()),
            tuple(map(relevant, file.asked)),
            pool,
            source=str(folder),
        )
        for language, file in files.items()
    }


def _check(
    which: _Set, path: Path, file: _File, official: tuple[int, int], files: Mapping[str, _File]
) -> None:
    cure = f"take the official file of {HOME} unchanged"
    found = (len(file.asked), len(file.sentences))
    for what, number, expected in zip(("questions", "candidates"), found, official, strict=True):
        if number != expected:
            raise BadInput(
                f"{number:,} {what}, the official {which.title} has {expected:,}",
                where=Where(str(path)),
                cure=cure,
            )
    if which.parallel:
        for language, other in files.items():
            for identity in other.asked:
                if identity not in file.asked:
                    raise BadInput(
                        f"question {identity!r} of {language}.json is missing",
                        where=Where(str(path)),
                        cure=cure,
                    )


def _read_file(path: Path) -> _File:
    """Read a SQuAD file whose paragraphs carry `sentences` and their `sentence_breaks`, [start, end) in characters of the context."""
    document = read_json(path)
    file = _File({}, [])
    for place, paragraph in _paragraphs(document, path):
        sentences = [
            _typed(sentence, str, path, f"{place}.sentences")
            for sentence in _get(paragraph, "sentences", list, path, place)
        ]
        breaks = _get(paragraph, "sentence_breaks", list, path, place)
        if len(breaks) != len(sentences):
            raise _malformed(path, place, f"has {len(sentences)} sentences and {len(breaks)} sentence_breaks")
        for j, question in enumerate(_get(paragraph, "qas", list, path, place)):
            asked = f"{place}.qas[{j}]"
            identity = _get(question, "id", str, path, asked)
            if identity in file.asked:
                raise _malformed(path, asked, f"repeats the question id {identity!r}")
            answers = _get(question, "answers", list, path, asked)
            if not answers:
                raise _malformed(path, asked, f"has no answer to question {identity!r}")
            # The sets have one answer a question.
            start = _get(answers[0], "answer_start", int, path, f"{asked}.answers[0]")
            number = len(file.sentences) + _sentence_at(start, breaks, path, f"{asked}.answers[0]", place)
            file.asked[identity] = _Question(_get(question, "question", str, path, asked), number)
        file.sentences.extend(sentences)
    return file


def _paragraphs(document: object, path: Path) -> Iterator[tuple[str, object]]:
    for a, article in enumerate(_get(document, "data", list, path, "the document")):
        for p, paragraph in enumerate(_get(article, "paragraphs", list, path, f"data[{a}]")):
            yield f"data[{a}].paragraphs[{p}]", paragraph


def _sentence_at(start: int, breaks: Sequence[object], path: Path, place: str, paragraph: str) -> int:
    for i, span in enumerate(breaks):
        if not (isinstance(span, list) and [type(bound) for bound in span] == [int, int]):
            raise _malformed(path, f"{paragraph}.sentence_breaks[{i}]", f"is {span!r}, expected [start, end]")
        if span[0] <= start < span[1]:
            return i
    raise _malformed(path, place, f"has answer_start {start}, which lies in no sentence")


def _get(where: object, key: str, kind: type, path: Path, place: str) -> Any:
    if not isinstance(where, dict):
        raise _malformed(path, place, f"is {type(where).__name__}, expected an object")
    if key not in where:
        raise _malformed(path, place, f"has no {key!r}")
    return _typed(where[key], kind, path, f"{place}.{key}")


def _typed(value: object, kind: type, path: Path, place: str) -> Any:
    # In Python a truth value is an int.
    if type(value) is not kind:
        raise _malformed(path, place, f"is {type(value).__name__}, expected {kind.__name__}")
    return value


def _malformed(path: Path, place: str, what: str) -> BadInput:
    return BadInput(f"{place} {what}", where=Where(str(path)), cure="download it again")
