"""LAReQA's XQuAD-R and MLQA-R: questions, and the sentences of all languages that answer them."""

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
        files = [folder / f"{code}.json" for code in dataset.counts]
        missing = [file.name for file in files if not file.is_file()]
        if not missing:
            # A file that has changed since it was cached is read again.
            stamps = tuple((file.stat().st_mtime_ns, file.stat().st_size) for file in files)
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
def _read(dataset: _Dataset, folder: Path, stamps: tuple[tuple[int, int], ...]) -> dict[str, Questions]:
    """Read all languages at once: the pool needs them all, and the loader is called once per language."""
    files = {language: _read_file(folder / f"{language}.json") for language in dataset.counts}
    for language, file in files.items():
        _check(dataset, folder / f"{language}.json", file, dataset.counts[language], files)
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
    cure = f"take the official file of {HOME} unchanged"
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
    document = read_json(path)
    file = _File({}, [])
    for paragraph_path, paragraph in _paragraphs(document, path):
        sentences = [
            _typed(sentence, str, path, f"{paragraph_path}.sentences")
            for sentence in _get(paragraph, "sentences", list, path, paragraph_path)
        ]
        breaks = _get(paragraph, "sentence_breaks", list, path, paragraph_path)
        if len(breaks) != len(sentences):
            raise _malformed(
                path, paragraph_path, f"has {len(sentences)} sentences and {len(breaks)} sentence_breaks"
            )
        for j, question in enumerate(_get(paragraph, "qas", list, path, paragraph_path)):
            question_path = f"{paragraph_path}.qas[{j}]"
            identity = _get(question, "id", str, path, question_path)
            if identity in file.questions:
                raise _malformed(path, question_path, f"repeats the question id {identity!r}")
            answers = _get(question, "answers", list, path, question_path)
            if not answers:
                raise _malformed(path, question_path, f"has no answer to question {identity!r}")
            # The sets have one answer per question.
            start = _get(answers[0], "answer_start", int, path, f"{question_path}.answers[0]")
            index = len(file.sentences) + _sentence_at(
                start, breaks, path, f"{question_path}.answers[0]", paragraph_path
            )
            file.questions[identity] = _Question(_get(question, "question", str, path, question_path), index)
        file.sentences.extend(sentences)
    return file


def _paragraphs(document: object, path: Path) -> Iterator[tuple[str, object]]:
    for a, article in enumerate(_get(document, "data", list, path, "the document")):
        for p, paragraph in enumerate(_get(article, "paragraphs", list, path, f"data[{a}]")):
            yield f"data[{a}].paragraphs[{p}]", paragraph


def _sentence_at(
    start: int, breaks: Sequence[object], path: Path, answer_path: str, paragraph_path: str
) -> int:
    for i, span in enumerate(breaks):
        if not (isinstance(span, list) and [type(bound) for bound in span] == [int, int]):
            raise _malformed(
                path, f"{paragraph_path}.sentence_breaks[{i}]", f"is {span!r}, expected [start, end]"
            )
        if span[0] <= start < span[1]:
            return i
    raise _malformed(path, answer_path, f"has answer_start {start}, which is in no sentence")


def _get(value: object, key: str, kind: type, path: Path, json_path: str) -> Any:
    if not isinstance(value, dict):
        raise _malformed(path, json_path, f"is {type(value).__name__}, expected an object")
    if key not in value:
        raise _malformed(path, json_path, f"has no {key!r}")
    return _typed(value[key], kind, path, f"{json_path}.{key}")


def _typed(value: object, kind: type, path: Path, json_path: str) -> Any:
    # In Python a bool is an int.
    if type(value) is not kind:
        raise _malformed(path, json_path, f"is {type(value).__name__}, expected {kind.__name__}")
    return value


def _malformed(path: Path, json_path: str, problem: str) -> BadInput:
    return BadInput(f"{json_path} {problem}", where=Where(str(path)), cure="download it again")
