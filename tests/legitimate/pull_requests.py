"""Pull requests that the check accepts, or about which it asks a maintainer where the documents say so."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from harness.review import Verdict, review
from tests.legitimate.setting import Case, Setting
from tests.support.pull_requests import Edits, about, commit, git, measured, written

MINE = "submissions/mine/submission.yaml"
NEW = "submissions/new/submission.yaml"
REVISION = "0123456789" * 4


def judged(
    edits: Callable[[Setting], Edits], *, actor: str = "ada", asks: bool = False, maintainer: bool = False
) -> Case:
    """Return a case: a pull request that is accepted, or with `asks`, is a maintainer's to decide."""

    def case(setting: Setting) -> None:
        board = setting.board
        head = board.pull(edits(setting))
        found = review(board.base, head, board.folder / "submissions", actor=actor, maintainer=maintainer)
        reasons = [(reason.rule, reason.what) for reason in found.reasons]
        if asks:
            assert (found.verdict, bool(reasons)) == (Verdict.MAINTAINER, True), reasons
        else:
            assert (found.verdict, reasons) == (Verdict.ACCEPTED, [])

    return case


def row(*replacements: tuple[str, str], more: str = "", actor: str = "ada") -> Case:
    """Return the case of a new submission whose text was changed, or has further lines."""

    def edits(_: Setting) -> Edits:
        text = about("new", "ada").decode()
        for old, new in replacements:
            assert old in text
            text = text.replace(old, new)
        return {NEW: (text + more).encode()}

    return judged(edits, actor=actor)


def title(text: str) -> Case:
    return row(("title: New", f"title: {text}"))


def submitter(name: str) -> Case:
    return row(("name: New", f"name: {name}"))


def account(url: str, actor: str = "ada") -> Case:
    return row(("https://github.com/ada", url), actor=actor)


def link(address: str) -> Case:
    return row(more=f'links: {{paper: "{address}"}}\n')


# ---- results -----------------------------------------------------------------------------------


def _new_with_result(setting: Setting) -> Edits:
    return {NEW: about("new", "ada"), **written(setting.folder, *measured("new", draw=5))}


def _language_added(setting: Setting) -> Edits:
    result, table = measured("mine")
    more, rows = measured("mine", ("fi",), draw=3)
    checkpoint = result.checkpoints[0]
    scores = {**checkpoint.scores, **more.checkpoints[0].scores}
    update = {
        "checkpoints": (checkpoint.model_copy(update={"scores": scores}),),
        "data": {**result.data, **more.data},
        "measured": 3,
    }
    return written(setting.folder, result.model_copy(update=update), pa.concat_tables([table, rows]))


def _other(setting: Setting) -> Edits:
    return written(setting.folder, *measured("mine", right=0.7, draw=5))


def _superseded(reason: str) -> Callable[[Setting], Edits]:
    def edits(setting: Setting) -> Edits:
        landed = setting.board.files["submissions/mine/results/jupyterlab.yaml"].decode()
        digest = next(line.split()[1] for line in landed.splitlines() if line.startswith("  sha256: "))
        entry = f"supersedes: [{{target: jupyterlab, outcomes: {digest}, reason: {reason}}}]\n"
        return {**_other(setting), MINE: setting.board.files[MINE] + entry.encode()}

    return edits


def _seed_added(setting: Setting) -> Edits:
    result, table = measured("mine")
    second, rows = measured("mine", draw=9, seed=1)
    checkpoint = second.checkpoints[0].model_copy(update={"weights": f"sha256:{'a' * 64}"})
    both = result.model_copy(update={"checkpoints": (*result.checkpoints, checkpoint)})
    text = setting.board.files[MINE].decode()
    entry = f", {{seed: 1, hub: mine/model, revision: {REVISION}}}]"
    assert "}]\nsubmitters" in text
    return {
        MINE: text.replace("}]\nsubmitters", "}" + entry + "\nsubmitters").encode(),
        **written(setting.folder, both, pa.concat_tables([table, rows])),
    }


def _first_result(setting: Setting) -> Edits:
    return written(setting.folder, *measured("empty", draw=6))


# ---- history -----------------------------------------------------------------------------------


def _behind(setting: Setting) -> None:
    """Review a branch that began before another pull request landed."""
    board = setting.board
    later = commit(board.folder, {"submissions/another/submission.yaml": about("another", "bob")}, board.base)
    head = board.pull({NEW: about("new", "ada")})
    found = review(later, head, board.folder / "submissions", actor="ada")
    assert (found.verdict, found.submissions) == (Verdict.ACCEPTED, ("new",))


def _merged_main(setting: Setting) -> None:
    """Review a branch into which main was merged in between."""
    board = setting.board
    later = commit(board.folder, {"submissions/another/submission.yaml": about("another", "bob")}, board.base)
    branch = board.pull({NEW: about("new", "ada")})
    both = commit(board.folder, {NEW: about("new", "ada")}, later)
    tree = git(board.folder, "rev-parse", f"{both}^{{tree}}")
    head = git(board.folder, "commit-tree", tree, "-p", branch, "-p", later, "-m", "merge main")
    found = review(later, head, board.folder / "submissions", actor="ada")
    assert (found.verdict, found.submissions) == (Verdict.ACCEPTED, ("new",))


def _revert(setting: Setting) -> None:
    """Review a branch that adds a file and removes it again: nothing changes."""
    board = setting.board
    middle = board.pull({NEW: about("new", "ada")})
    head = commit(board.folder, {NEW: None}, middle)
    assert review(board.base, head, board.folder / "submissions", actor="ada").verdict is Verdict.ACCEPTED


_VERIFIED = b"schema: 1\nsubmission: theirs\nresults: []\n"
_NOTICES = b"""\
schema: 1
submission: theirs
notices: [{kind: retired, date: "2026-03-02T09:14:07Z", reason: a newer one replaces it}]
"""
_REPORTED = b"""\
schema: 1
title: A model of a paper
family: toy
base: null
intermediate: {regime: none}
encoding: null
reported:
  citation: "Ada Lovelace, B. O'Brien & C. M\xc3\xbcller (2020). Notes: on \xe2\x80\x9cencoders\xe2\x80\x9d. Table 2, p. 7\xe2\x80\x938."
  source: https://aclanthology.org/2020.acl-main.1/?x=1#page=7
  scores:
    xnli: {means: {accuracy: 79.2}}
submitters: [{name: Ada, url: "https://github.com/ada"}]
license: null
"""
_BLOCK_STYLE = b"""\
# The same as a person writes it: comments, quotes, one item a line.
schema: 1
title: "New: a model"   # quoted, because of the colon
family: 'toy'

base:
  id: toys/toy
  revision: null
intermediate:
  regime: multilingual
  tasks:
    - mnli
    - xnli
  languages: [de, "no", zh-Hant]
  examples: 392702
  translated: true
encoding: {layer: last, pooling: cls, prefix: "query: ", max_length: 512}
checkpoints:
  - seed: 0
    hub: ada/model-0
    revision: 0123456789012345678901234567890123456789
  - {seed: 7, hub: ada/model-7, revision: 0e12345678901234567890123456789012345678}
finetuning:
  xnli: {recipe: jiant, epochs: 3, learning_rate: 2e-5}
trained_on: [mnli, xnli, wikipedia]
submitters:
  - name: Ada
    url: https://github.com/ada
  - name: Bob
license: CC-BY-SA-4.0
links: {code: "https://github.com/ada/code", paper: "https://arxiv.org/abs/2005.12345"}
"""

CASES: dict[str, Case] = {
    # results
    "a new row without results": row(),
    "a new row with a result": judged(_new_with_result),
    "another language of a landed result": judged(_language_added),
    "the first result of a landed row": judged(_first_result),
    "a second seed of a landed row": judged(_seed_added),
    "a result that supersedes another with its reason": judged(_superseded("the text was cut by mistake")),
    "a long reason": judged(_superseded("x" * 200)),
    "a reason with quotes and parentheses": judged(_superseded("\"don't (ever) cut: 'query'\"")),
    "a maintainer's record of a verification": judged(
        lambda _: {"submissions/theirs/verification.yaml": _VERIFIED}, actor="carol", maintainer=True
    ),
    "a maintainer's notice about a row": judged(
        lambda _: {"submissions/theirs/notices.yaml": _NOTICES}, actor="carol", maintainer=True
    ),
    "numbers of a publication": judged(lambda _: {NEW: _REPORTED}, asks=True),
    "a change of code alone": judged(lambda _: {"README.md": b"a better board\n"}, asks=True),
    "a submission in block style with comments": judged(lambda _: {NEW: _BLOCK_STYLE}),
    # titles and names
    "a title in Arabic": title("نموذج متعدد اللغات"),
    "a title in Hebrew with a mark of direction": title("מודל C++\u200e רב-לשוני"),
    "a title in Persian with a non-joiner": title("مدل می‌خواهم"),
    "a title in Devanagari with a joiner": title("बहुभाषी मॉडल क्‍ष"),
    "a title in Chinese": title("多语言模型(大)"),
    "a title in Vietnamese, decomposed": title("Mô hi\u0300nh \u0111a ngo\u0302n ngu\u031b\u0303"),
    "a title in Greek and Cyrillic": title("Γλώσσα и язык"),
    "a title in Thai": title("แบบจำลองหลายภาษา"),
    "a title with signs": title('"XLM-R (large) + MNLI/XNLI, 50 % → v1.5 & more"'),
    "a title of 200 characters": title("A long title " + "x" * 187),
    "a name with accents": submitter("Åsa Müller-Łukasiewicz"),
    "a name with accents, decomposed": submitter("A\u030asa Mu\u0308ller"),
    "a name with an apostrophe": submitter("Niamh O'Brien"),
    "a name in Japanese": submitter("山田 太郎"),
    "a row of one's own with the title of another": row(
        ("title: New", "title: Mine"), ("name: New", "name: Mine")
    ),
    # accounts
    "an account with an underscore": account("https://github.com/a_b", actor="a_b"),
    "an account with a query": account("https://github.com/ada?tab=repositories"),
    "an account with a slash at its end": account("https://github.com/ada/"),
    "an account in capitals": account("https://github.com/Ada"),
    "an actor in capitals": row(actor="ADA"),
    "an account at www.": account("https://www.github.com/ada"),
    "two submitters, one with an account": row(("submitters: [", "submitters: [{name: Bob}, ")),
    # links
    "a link with a port": link("https://example.org:8443/paper"),
    "a link with a query and no path": link("https://example.org?id=7&lang=de"),
    "a link with an apostrophe": link("https://example.org/o'brien"),
    "a link with parentheses": link("https://en.wikipedia.org/wiki/BERT_(language_model)"),
    "a link with a fragment": link("https://example.org/paper#table-2"),
    "a link with escapes and a tilde": link("https://example.org/~ada/%C3%A9t%C3%A9?a=b%20c"),
    "a link to a DOI": link("https://doi.org/10.18653/v1/2020.acl-main.747"),
    # the form of submissions
    "a prefix that ends in a space": row(('prefix: ""', 'prefix: "Represent this sentence: "')),
    "weights in a subfolder's name with dots": row(("hub: new/model", "hub: new-org/model_v1.5-large.sts")),
    "a long list of data sets": row(
        more="trained_on: [" + ", ".join(f"corpus-{i}.v1_0" for i in range(40)) + "]\n"
    ),
    # history
    "a branch that is behind main": _behind,
    "a branch into which main was merged": _merged_main,
    "a branch that takes back its change": _revert,
}
