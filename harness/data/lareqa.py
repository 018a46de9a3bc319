"""LAReQA's XQuAD-R and MLQA-R: questions, and the sentences of all languages that answer them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple

from harness.data.json_files import member, read_json, typed
from harness.data.raw_files import DOWNLOAD_AGAIN, find
from harness.data.text_files import fingerprint
from harness.errors import BadInput, Unreachable, Where
from harness.records import TextRole

HOME = "https://github.com/google-research-datasets/lareqa"
NO_ANSWER = -1


@dataclass(frozen=True)
class Pool:
    """The candidates: the sentences of all languages in a row; those of languages[i] begin at starts[i]."""

    languages: tuple[str, ...]
    sentences: tuple[str, ...]
    starts: tuple[int, ...]


@dataclass(frozen=True)
class Questions:
    """The questions of one language with the positions of their answers in the pool.

    relevant[i][j] is the index of the answer to question i in the pool's language j, or `NO_ANSWER`.
    """

    language: str
    questions: tuple[str, ...]
    relevant: tuple[tuple[int, ...], ...]
    pool: Pool
    source: str

    @cached_property
    def fingerprint(self) -> str:
        """Return sha256 over questions, answers and the whole pool in order, independent of the source."""
        layout = [self.language, *zip(self.pool.languages, self.pool.starts, strict=True)]
        return fingerprint([layout, *zip(self.questions, self.relevant, strict=True), *self.pool.sentences])

    @property
    def sides(self) -> Mapping[str, Sequence[str]]:
        """Return the questions and the pool."""
        return {f"{self.language} questions": self.questions, "candidates": self.pool.sentences}

    @property
    def languages(self) -> Mapping[str, str | Sequence[str]]:
        """Return the language of the questions, and of each candidate."""
        pool = self.pool
        ends = (*pool.starts[1:], len(pool.sentences))
        counts = [end - start for start, end in zip(pool.starts, ends, strict=True)]
        of_candidates = [
            code for code, count in zip(pool.languages, counts, strict=True) for _ in range(count)
        ]
        return dict(zip(self.sides, (self.language, of_candidates), strict=True))

    @property
    def roles(self) -> Mapping[str, tuple[TextRole, ...]]:
        """Return that questions are queries and candidates passages."""
        questions, candidates = self.sides
        return {questions: (TextRole.QUERY,), candidates: (TextRole.PASSAGE,)}

    def __len__(self) -> int:
        """Count the questions."""
        return len(self.questions)

    def first(self, n: int) -> Questions:
        """Return the first n questions; the pool stays whole, since a smaller one would be an easier task."""
        return replace(self, questions=self.questions[:n], relevant=self.relevant[:n])


@dataclass(frozen=True, eq=False)
class _Dataset:
    """One of LAReQA's sets: languages in XTREME's order with official numbers of questions and candidates."""

    title: str
    folders: tuple[str, ...]
    counts: Mapping[str, tuple[int, int]]
    # Every question exists and is answered in every language.
    parallel: bool
    # Why it cannot be read from the Hub.
    hub: str


# The numbers are those of "Dataset statistics" in the repository's README at 343180b, the folders its names
# at several commits.
XQUAD_R = _Dataset(
    title="XQuAD-R",
    folders=("lareqa/xquad-r", "xquad_r"),
    counts={
        "en": (1190, 1180), "es": (1190, 1215), "de": (1190, 1276), "el": (1190, 1234),
        "ru": (1190, 1219), "tr": (1190, 1167), "ar": (1190, 1222), "vi": (1190, 1209),
        "th": (1190, 852), "zh": (1190, 1196), "hi": (1190, 1244),
    },
    parallel=True,
    hub="the Hub's google-research-datasets/xquad_r lacks the sentence breaks that make the candidates",
)  # fmt: skip
MLQA_R = _Dataset(
    title="MLQA-R",
    folders=("lareqa/mlqa-dev-r", "lareqa/mlqa-r", "mlqa_r"),
    counts={
        "en": (1148, 6264), "es": (500, 1787), "de": (512, 2362), "ar": (517, 2545),
        "hi": (507, 2426), "vi": (511, 2828), "zh": (504, 2322),
    },
    parallel=False,
    hub="the Hub has no copy of its sentences",
)  # fmt: skip


def xquad_r(language: str, data: Path | None) -> Questions:
    """Read XQuAD-R's questions of one language from `data/lareqa/xquad-r` or `data/xquad_r`.

    The folder must have the files of all languages.
    """
    return _load(XQUAD_R, language, data)


def mlqa_r(language: str, data: Path | None) -> Questions:
    """Read MLQA-R's questions of one language from `data/lareqa/mlqa-dev-r` or `data/mlqa_r`.

    The folder must have the files of all languages.
    """
    return _load(MLQA_R, language, data)


def _load(dataset: _Dataset, language: str, data: Path | None) -> Questions:
    cure = (
        f"download {HOME} and give its parent folder: "
        f"--data DIR reads DIR/{dataset.folders[0]}/{language}.json"
    )
    if data is None:
        raise Unreachable(f"{dataset.title} is read from files only: {dataset.hub}", cure=cure)
    for folder in (data / name for name in dataset.folders):
        files = {code: find(folder / f"{code}.json") for code in dataset.counts}
        missing = [f"{code}.json" for code, file in files.items() if file is None]
        if not missing:
            # A file that has changed since it was cached is read again.
            present = [file for file in files.values() if file]
            stamps = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in present)
            return _read(dataset, folder, stamps)[language]
        if len(missing) < len(files):
            raise BadInput(
                f"{folder} lacks {', '.join(missing)}: "
                f"the candidates of {dataset.title} are the sentences of all its languages",
                cure=cure,
            )
    raise BadInput(
        f"{dataset.title} is not in {' or '.join(str(data / name) for name in dataset.folders)}", cure=cure
    )


class _Question(NamedTuple):
    """A question with the index, in its file, of the sentence that answers it."""

    text: str
    answer: int


class _File(NamedTuple):
    """The file of one language: questions by id, in file order, and all sentences."""

    questions: dict[str, _Question]
    sentences: list[str]


@lru_cache(maxsize=2)
def _read(dataset: _Dataset, folder: Path, stamps: tuple[tuple[Path, int, int], ...]) -> dict[str, Questions]:
    """Read all languages at once: the pool needs them all, and the loader is called once per language.

    `stamps` are each language's file, its time of change and its size.
    """
    paths = dict(zip(dataset.counts, (path for path, _, _ in stamps), strict=True))
    files = {language: _read_file(path) for language, path in paths.items()}
    for language, file in files.items():
        _check(dataset, paths[language], file, dataset.counts[language], files)
    sentences: list[str] = []
    starts = []
    for file in files.values():
        starts.append(len(sentences))
        sentences += file.sentences
    pool = Pool(tuple(files), tuple(sentences), tuple(starts))

    def relevant(identity: str) -> tuple[int, ...]:
        return tuple(
            start + file.questions[identity].answer if identity in file.questions else NO_ANSWER
            for start, file in zip(starts, files.values(), strict=True)
        )

    return {
        language: Questions(
            language,
            tuple(question.text for question in file.questions.values()),
            tuple(map(relevant, file.questions)),
            pool,
            source=str(folder),
        )
        for language, file in files.items()
    }


def _check(
    dataset: _Dataset, path: Path, file: _File, official: tuple[int, int], files: Mapping[str, _File]
) -> None:
    cure = f"get the file of {HOME} again"
    counts = (len(file.questions), len(file.sentences))
    for unit, count, expected in zip(("questions", "candidates"), counts, official, strict=True):
        if count != expected:
            raise BadInput(
                f"{count:,} {unit}, the official {dataset.title} has {expected:,}",
                where=Where(str(path)),
                cure=cure,
            )
    if dataset.parallel:
        for language, translated in files.items():
            for identity in translated.questions:
                if identity not in file.questions:
                    raise BadInput(
                        f"question {identity!r} of {language}.json is missing",
                        where=Where(str(path)),
                        cure=cure,
                    )


def _read_file(path: Path) -> _File:
    """Read a SQuAD file whose paragraphs also have `sentences` and `sentence_breaks`.

    A break is [start, end) in characters of the context.
    """
    document, where = read_json(path), Where(str(path))
    file = _File({}, [])
    for paragraph_path, paragraph in _paragraphs(document, where):
        sentences = [
            typed(sentence, str, where, f"{paragraph_path}.sentences")
            for sentence in member(paragraph, "sentences", list, where, paragraph_path)
        ]
        breaks = member(paragraph, "sentence_breaks", list, where, paragraph_path)
        if len(breaks) != len(sentences):
            problem = f"has {len(sentences)} sentences and {len(breaks)} sentence_breaks"
            raise _malformed(where, paragraph_path, problem)
        for j, question in enumerate(member(paragraph, "qas", list, where, paragraph_path)):
            question_path = f"{paragraph_path}.qas[{j}]"
            identity = member(question, "id", str, where, question_path)
            if identity in file.questions:
                raise _malformed(where, question_path, f"repeats the question id {identity!r}")
            answers = member(question, "answers", list, where, question_path)
            if not answers:
                raise _malformed(where, question_path, f"has no answer to question {identity!r}")
            # The sets have one answer per question.
            answer_path = f"{question_path}.answers[0]"
            start = member(answers[0], "answer_start", int, where, answer_path)
            index = len(file.sentences) + _sentence_at(start, breaks, where, answer_path, paragraph_path)
            text = member(question, "question", str, where, question_path)
            file.questions[identity] = _Question(text, index)
        file.sentences.extend(sentences)
    return file


def _paragraphs(document: object, where: Where) -> Iterator[tuple[str, object]]:
    for a, article in enumerate(member(document, "data", list, where, "the document")):
        for p, paragraph in enumerate(member(article, "paragraphs", list, where, f"data[{a}]")):
            yield f"data[{a}].paragraphs[{p}]", paragraph


def _sentence_at(
    start: int, breaks: Sequence[object], where: Where, answer_path: str, paragraph_path: str
) -> int:
    for i, span in enumerate(breaks):
        if not (isinstance(span, list) and [type(bound) for bound in span] == [int, int]):
            place = f"{paragraph_path}.sentence_breaks[{i}]"
            raise _malformed(where, place, f"is {span!r}, expected [start, end]")
        if span[0] <= start < span[1]:
            return i
    raise _malformed(where, answer_path, f"has answer_start {start}, which is in no sentence")


def _malformed(where: Where, json_path: str, problem: str) -> BadInput:
    return BadInput(f"{json_path} {problem}", where=where, cure=DOWNLOAD_AGAIN)
