"""A signature prints as one line and is read back from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.catalog import OWN_KINDS, TARGETS
from harness.records import Encoding, Margin, Mining, Pooling, Signature, Target, TextEncoding, View

ENCODING = Encoding(layer="last", pooling=Pooling.MEAN, prefix="query: ", max_length=128)


@pytest.mark.parametrize("target", [*TARGETS, *OWN_KINDS.values()], ids=lambda target: target.name)
def test_every_target_of_the_catalog_is_read_back(target: Target) -> None:
    for signature in (
        target.signature,
        target.signature.encoded(TextEncoding.stated(ENCODING, 12), roles=False),
        target.signature.encoded(TextEncoding.stated(ENCODING, 0), roles=False).of_all_views,
        target.signature.predicted("xtreme,epochs=3,lr=0.0001"),
    ):
        assert Signature.parse(str(signature)) == signature
        assert signature.protocol == target.signature


def test_the_parts_are_in_their_fields() -> None:
    text = "bucc2018_dev|f1|xx–en|distance.k4.keep|oracle threshold|h8.cls|prefix=a\\u007cb\\n|len=512|v2"
    assert Signature.parse(text) == Signature(
        target="bucc2018_dev",
        metric="f1",
        direction="xx–en",
        version=2,
        mining=Mining(margin=Margin.DISTANCE, keep_duplicates=True),
        options=("oracle threshold",),
        view=View(8, Pooling.CLS),
        prefix="a|b\n",
        max_length=512,
    )
    assert str(Signature.parse(text)) == text


@given(st.text(max_size=40))
def test_any_prefix_is_one_part_of_one_line(prefix: str) -> None:
    signature = TARGETS[0].signature.encoded(
        TextEncoding.stated(ENCODING.model_copy(update={"prefix": prefix}), 3), roles=False
    )
    assert Signature.parse(str(signature)) == signature
    assert (len(str(signature).split("|")), "\n" in str(signature)) == (len(signature.parts), False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tatoeba",
        "tatoeba|acc|v1",
        "tatoeba|acc|en→xx|cos",
        "tatoeba|acc|en→xx|cos|v01",
        "tatoeba|acc|en→xx|len=512|prefix=|v1",
        "tatoeba|acc|en→xx|h3.mean|cos|v1",
        "tatoeba|acc|en→xx|cos|h3.mean|h4.mean|v1",
        'tatoeba|acc|en→xx|cos|prefix="|v1',
    ],
)
def test_what_no_signature_prints_as_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Signature.parse(text)
