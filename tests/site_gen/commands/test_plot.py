"""`stiltboard plot`: the files that it writes are what they say, and hold the stored scores."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from harness.errors import BadInput, MissingExtra, Unwritable, WrongUsage
from harness.records import Checkpoint
from harness.store import load_result, load_side
from site_gen.commands.plot import plot
from site_gen.figures.selection import Chosen, selection_figure
from site_gen.figures.svg_document import svg_document
from tests.support.folders import ROOT

_SVG = "{http://www.w3.org/2000/svg}"
SIZES = [ROOT / f"submissions/me5-small-l{layers}" for layers in (3, 6, 12)]
MANY = [
    folder
    for folder in sorted((ROOT / "submissions").glob("me5-small*"))
    if (folder / "results/tatoeba.yaml").exists()
]


def score(folder: Path) -> float:
    value = load_result(folder / "results/tatoeba.yaml").score
    assert value is not None
    return value


def texts(svg: Path) -> list[str]:
    return [element.text or "" for element in ElementTree.parse(svg).iter(f"{_SVG}text")]


def hints(svg: Path) -> list[str]:
    """Return what the pointer shows of each symbol; the first title is the document's."""
    lines = [(element.text or "").split("\n") for element in ElementTree.parse(svg).iter(f"{_SVG}title")]
    return [", ".join(line) for line in lines][1:]


def test_the_points_of_a_drawing_are_the_stored_scores_by_size(tmp_path: Path) -> None:
    file = plot("tatoeba", SIZES, tmp_path / "sizes.svg", None)
    assert [re.sub(r".*, (\S+) points", r"\1", hint) for hint in hints(file)] == [
        f"{score(folder):.2f}" for folder in SIZES
    ]
    assert "Tatoeba: accuracy by model size" in texts(file)
    assert "multilingual-e5, regime none" in texts(file)


def test_languages_are_named_and_sorted_by_score(tmp_path: Path) -> None:
    file = plot("Tatoeba", SIZES[:2], tmp_path / "languages.svg", "language", ["fr,de", "swa"])
    assert [text for text in texts(file) if text in ("de", "fr", "sw")] == ["de", "fr", "sw"]
    assert len(hints(file)) == 6
    assert hints(file)[0] == "me5-small-l3, German, 70.70 points"


def test_a_mean_over_some_languages_says_so(tmp_path: Path) -> None:
    file = plot("tatoeba", SIZES[:2], tmp_path / "part.svg", "size", ["de", "fr"])
    caption = " ".join(texts(file))
    assert "Mean of 2 of 36 languages, not the target's score: fr, de." in caption or (
        "Mean of 2 of 36 languages, not the target's score: de, fr." in caption
    )
    assert hints(file)[0].endswith("62.50 points")


def test_a_picture_and_a_page_hold_the_same_figure(tmp_path: Path) -> None:
    picture = Image.open(io.BytesIO(plot("tatoeba", SIZES, tmp_path / "a.png", "size").read_bytes()))
    assert picture.format == "PNG"
    assert picture.width == 3 * 720
    ink = picture.convert("L").crop((0, 0, picture.width, 90)).histogram()
    assert sum(ink[:80]) > 1000  # the title is there: a font was found
    page = plot("tatoeba", SIZES, tmp_path / "a.HTML", "size").read_text()
    assert f'<td class="number">{score(SIZES[0]):.2f}</td>' in page
    assert page.count("<svg") >= 1
    assert not re.search(r"<(?:script|link|img)[^>]*(?:src|href)=", page)


def at_step(step: int) -> Chosen:
    side = load_side(SIZES[0])
    assert side.submission is not None
    checkpoint = Checkpoint(path=f"runs/<x>/checkpoint-{step}", step=step)
    return Chosen(
        side.results["tatoeba"].model_copy(update={"submission": f"x-checkpoint-{step}"}),
        side.submission.model_copy(update={"checkpoints": (checkpoint,)}),
    )


def test_checkpoints_of_a_training_are_drawn_by_step(tmp_path: Path) -> None:
    figure = selection_figure([at_step(step) for step in (1500, 500, 1000)], "step")
    (curve,) = figure.curves
    assert (curve.label, curve.joined) == ("<x>", True)
    assert [point.x for point in curve.points] == [500, 1000, 1500]
    file = tmp_path / "steps.svg"
    file.write_text(svg_document(figure))
    assert {"<x>", "Training step", "1,000"} <= set(texts(file))  # a name is text, not markup


@pytest.mark.parametrize(
    ("target", "folders", "name", "across", "languages", "message", "cure"),
    [
        ("tatoeba", SIZES, "a.pdf", None, (), "a.pdf ends in none of .svg, .png, .html", "a.svg"),
        ("xnli", SIZES[:1], "a.svg", None, (), "me5-small-l3 has no result on xnli", "stiltboard evaluate"),
        ("tatoeba", SIZES, "a.svg", "step", (), "no checkpoint of a training whose step is known", "--x size"),
        ("tatoeba", SIZES, "a.svg", "size", ("en",), "no language 'en'", "one of:"),
        ("tatoba", SIZES, "a.svg", "size", (), "unknown target", "did you mean tatoeba"),
        ("tatoeba", SIZES, "no/a.svg", "size", (), "cannot be written", "make the folder writable"),
        ("tatoeba", MANY, "a.svg", "language", ("de",), "curves, of which 9 can be told apart", "name fewer"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(
    tmp_path: Path, target: str, folders: Sequence[Path], name: str, across: str | None,
    languages: Sequence[str], message: str, cure: str,
) -> None:  # fmt: skip
    with pytest.raises((BadInput, Unwritable)) as error:
        plot(target, folders, tmp_path / name, across, languages)  # type: ignore[arg-type]
    assert message in str(error.value)
    assert cure in str(error.value)


def test_a_picture_without_the_extra_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtra, match=r"plot -o FILE\.png.*'resvg_py'") as error:
        plot("tatoeba", SIZES[:1], tmp_path / "a.png", "size")
    assert "[plot]" in str(error.value)
    assert not (tmp_path / "a.png").exists()
    assert isinstance(error.value, MissingExtra) and not isinstance(error.value, WrongUsage)
