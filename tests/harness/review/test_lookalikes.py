"""Names that readers would take for another row's: the same ones are asked about, confusable ones refused."""

from __future__ import annotations

import pytest

from harness.review import Review, Verdict, review
from harness.review.lookalikes import mixed_word, skeletons
from tests.support.pull_requests import Repository, about, begin

NEW = "submissions/new/submission.yaml"


def submission(
    slug: str = "new", title: str = "New", *, submitter: str = "Eve", hub: str = "eve", family: str = "toy"
) -> bytes:
    """Return a submission of eve's."""
    text = about(slug, "eve").decode()
    for old, new in (
        (f"title: {slug.title()}\n", f'title: "{title}"\n'),
        (f"name: {slug.title()},", f'name: "{submitter}",'),
        (f"hub: {slug}/", f"hub: {hub}/"),
        ("family: toy", f"family: {family}"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text.encode()


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """Return a board with a row of bob's and a row of eve's."""
    theirs = submission(
        "lodestar-1",
        "Lodestar XL modern",
        submitter="Observatory Group",
        hub="1nternet",
        family="star1",
    )
    files = {
        "submissions/lodestar-1/submission.yaml": theirs.replace(b"github.com/eve", b"github.com/bob"),
        "submissions/mine/submission.yaml": submission("mine", "Mine and mine"),
    }
    return begin(tmp_path_factory.mktemp("names") / "repository", files)


def judged(board: Repository, data: bytes, path: str = NEW, *, maintainer: bool = False) -> Review:
    head = board.pull({path: data})
    return review(board.base, head, board.folder / "submissions", actor="eve", maintainer=maintainer)


@pytest.mark.parametrize(
    "title",
    [
        "L\u043edestar XL modern",  # Cyrillic o
        "Lodestar \u03a7L modern",  # Greek capital chi
        "Lodestar XL modem",  # rn and m
        "Iodestar XL modern",  # capital i
        "L0destar XL modern",
        "L\u00f3destar XL modern",
        "Lo\u0323destar XL modern",
        "L\u00f8destar XL modern",
        "\uff2codestar XL modern",  # full width
        "\U0001d40bodestar XL modern",  # a mathematical letter
        "Lodestar\u00a0XL\u2003mod\u0435rn",
    ],
)
def test_a_confusable_title_of_another_owner_is_refused(board: Repository, title: str) -> None:
    found = judged(board, submission(title=title))
    (reason,) = (reason for reason in found.reasons if reason.refuses)
    assert (reason.rule, reason.file) == ("lookalike", NEW)
    assert reason.what.endswith("is confusable with the title of lodestar-1, 'Lodestar XL modern'")
    assert reason.cure == "choose a name that readers can tell apart from it"
    by_maintainer = judged(board, submission(title=title), maintainer=True)
    assert (by_maintainer.verdict, len(by_maintainer.reasons)) == (Verdict.ACCEPTED, 1)
    assert [reason.rule for reason in by_maintainer.reasons] == ["lookalike"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (
            submission(title="Lodestar XL modern"),
            "title: 'Lodestar XL modern' is also the title of lodestar-1",
        ),
        (submission(title="lodestar xl MODERN"), "is also the title of lodestar-1, 'Lodestar XL modern'"),
        (submission(title="Lodestar-1"), "title: 'Lodestar-1' is also the slug of lodestar-1"),
        (submission(title="Observatory Group"), "is also the submitter of lodestar-1, 'Observatory Group'"),
        (
            submission(title="1nternet"),
            "title: '1nternet' is also the organisation of lodestar-1, '1nternet'",
        ),
        (submission(submitter="Observatory Group"), "submitter: 'Observatory Group' is also the submitter"),
    ],
)
def test_the_same_name_of_another_owner_is_a_question(board: Repository, data: bytes, what: str) -> None:
    found = judged(board, data)
    assert (found.verdict, [reason.rule for reason in found.reasons]) == (Verdict.MAINTAINER, ["lookalike"])
    assert what in found.reasons[0].what
    assert judged(board, data, maintainer=True).verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("path", "data", "what"),
    [
        (
            "submissions/lodestar-l/submission.yaml",
            submission("lodestar-l"),
            "slug: 'lodestar-l' is confusable with the slug of lodestar-1",
        ),
        (
            NEW,
            submission(submitter="Observat\u043ery Group"),
            "submitter: 'Observat\u043ery Group' is confusable with the submitter of lodestar-1, 'Observatory Group'",
        ),
        (NEW, submission(hub="Internet"), "organisation: 'Internet' is confusable with the organisation"),
        (
            NEW,
            submission(family="starl"),
            "family: 'starl' is confusable with the family of lodestar-1, 'star1'",
        ),
    ],
)
def test_slugs_submitters_organisations_and_families_are_compared_too(
    board: Repository, path: str, data: bytes, what: str
) -> None:
    found = judged(board, data, path)
    assert found.verdict is Verdict.REFUSED
    assert any(what in reason.what for reason in found.reasons if reason.refuses), found.reasons


@pytest.mark.parametrize(
    "data",
    [
        submission(title="Mine and mine"),  # of the author's own row
        submission(hub="1nternet", family="star1"),  # of several rows
        submission(hub="1NTERNET"),
        submission(title="Lodestar XL modern, layer 6"),
        submission(title="多言語モデルE5 北京 한국어 μ and \u00b5P"),
        submission(title="Многоязычная модель, large"),
        submission(title="מודל רב־לשוני C++\u200e"),
    ],
)
def test_other_names_are_accepted(board: Repository, data: bytes) -> None:
    found = judged(board, data)
    assert (found.verdict, found.reasons) == (Verdict.ACCEPTED, ())


def test_a_row_that_was_merged_may_not_take_a_confusable_title_later(board: Repository) -> None:
    path = "submissions/mine/submission.yaml"
    found = judged(board, submission("mine", "Lodestar XL mod\u0435rn"), path)
    assert {reason.rule for reason in found.reasons if reason.refuses} == {"lookalike"}
    untouched = judged(
        board, submission("mine", "Mine and mine") + b"links: {code: 'https://example.org'}\n", path
    )
    assert [reason.rule for reason in untouched.reasons] == ["edited"]


def test_a_word_of_two_scripts_is_a_question(board: Repository) -> None:
    found = judged(board, submission(title="G\u043e\u043egle"))
    assert found.verdict is Verdict.MAINTAINER
    assert [reason.what for reason in found.reasons] == [
        "title: 'G\u043e\u043egle' mixes Latin and Cyrillic letters in the word 'G\u043e\u043egle'"
    ]
    assert mixed_word("Google модель μ-BERT 日本語E5") is None


def test_a_row_that_cannot_be_read_hides_no_other(board: Repository) -> None:
    base = board.pull({"submissions/broken/submission.yaml": b"title: [\n"})
    head = board.pull({NEW: submission(title="Lodestar XL modem")}, base)
    found = review(base, head, board.folder / "submissions", actor="eve")
    assert [reason.rule for reason in found.reasons] == ["lookalike"]


@pytest.mark.parametrize(
    ("one", "two", "confusable"),
    [
        ("scope", "\u0455\u0441\u043e\u0440\u0435", True),
        ("MODEL", "model", True),
        ("MODEL", "MOD\u0395L", True),
        ("paypal", "paypa1", True),
        ("\u4e00", "\u30fc", True),
        ("e5-small-l12", "e5-small-l2", False),
        ("e5-small", "e5-base", False),
        ("क", "का", False),  # a vowel sign of a script is no mark that can be left out
    ],
)
def test_skeletons_are_those_of_unicode(one: str, two: str, confusable: bool) -> None:
    assert bool(skeletons(one) & skeletons(two)) is confusable
