"""Build the tokenizer of a folder that holds a SentencePiece model alone, by what that model says.

transformers builds it from classes that leave out parts of the model for some families: the table of its
normaliser, the unknown piece's number, the tokens around a text. Here normaliser, spaces, pieces and scores
come from the model itself, and from the family only what the model does not hold: how its pieces are numbered
and which tokens are put around a text. Format: sentencepiece_model.proto of google/sentencepiece.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from harness.characters import shown
from harness.errors import BadInput, MissingExtra

_CURE = "save the tokenizer again, so that tokenizer.json is next to the weights"
_UNIGRAM = 1
_NFKC = ("nfkc", "nmt_nfkc", "nfkc_cf", "nmt_nfkc_cf")
# sentencepiece_model.proto, ModelProto.SentencePiece.Type
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 1, 2, 3, 4, 6


@dataclass(frozen=True)
class PieceFamily:
    """What a family of encoders adds to its SentencePiece model.

    The first `dropped` pieces of the model have no number; `first` are numbered before the others, `last`
    after them where the model does not hold them. `names` gives the special tokens, `types` tells whether the
    encoder reads token types.
    """

    names: Mapping[str, str]
    single: str
    pair: str
    first: tuple[str, ...] = ()
    dropped: int = 0
    last: tuple[str, ...] = ()
    types: bool = False


_FAIRSEQ = {
    **{"bos_token": "<s>", "eos_token": "</s>", "cls_token": "<s>", "sep_token": "</s>"},
    **{"unk_token": "<unk>", "pad_token": "<pad>", "mask_token": "<mask>"},
}
_BERT = {
    **{"bos_token": "[CLS]", "eos_token": "[SEP]", "cls_token": "[CLS]", "sep_token": "[SEP]"},
    "mask_token": "[MASK]",
}
_T5 = PieceFamily(
    {"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}, "$A </s>", "$A </s> $B </s>"
)
_AS_BERT = "[CLS]:0 $A:0 [SEP]:0", "[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"
_AS_ROBERTA = "<s> $A </s>", "<s> $A </s> </s> $B </s>"
FAMILIES = {
    "XLMRoberta": PieceFamily(
        _FAIRSEQ, *_AS_ROBERTA, first=("<s>", "<pad>", "</s>", "<unk>"), dropped=3, last=("<mask>",)
    ),
    "Camembert": PieceFamily(
        _FAIRSEQ,
        *_AS_ROBERTA,
        first=("<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"),
        dropped=1,
        last=("<mask>",),
    ),
    "DebertaV2": PieceFamily(
        {**_BERT, "unk_token": "[UNK]", "pad_token": "[PAD]"}, *_AS_BERT, last=("[MASK]",), types=True
    ),
    "RemBert": PieceFamily({**_BERT, "unk_token": "<unk>", "pad_token": "<pad>"}, *_AS_BERT, types=True),
    "T5": _T5,
}
_FAMILY_OF_TYPE = {
    **dict.fromkeys(("xlm-roberta", "xlm-roberta-xl", "xmod", "gte", "jina_embeddings_v3"), "XLMRoberta"),
    **dict.fromkeys(("t5", "mt5", "umt5", "longt5", "switch_transformers"), "T5"),
    **{"camembert": "Camembert", "deberta-v2": "DebertaV2", "rembert": "RemBert"},
}


def find_family(settings: Mapping[str, Any], model_type: str) -> str | None:
    """Return the key of FAMILIES that a tokenizer's settings name, or else its model type; or None."""
    named = settings.get("tokenizer_class")
    if named is None:
        return _FAMILY_OF_TYPE.get(model_type)
    stem = str(named).removesuffix("Fast").removesuffix("Tokenizer").replace("MT5", "T5")
    return stem if stem in FAMILIES else None


class SentencePieceModel:
    """A SentencePiece model that was read: as a tokenizer of the family, and as sentencepiece reads it."""

    def __init__(
        self, path: Path, family: str, settings: Mapping[str, Any], added: Mapping[str, int]
    ) -> None:
        """Read the model; `added` maps tokens that were added to its vocabulary to their numbers.

        Raises BadInput for a model or a setting that would be read differently.
        """
        self._path, self.family, self._settings = path, FAMILIES[family], settings
        try:
            import sentencepiece  # noqa: PLC0415 - optional
            from sentencepiece import sentencepiece_model_pb2 as protobuf  # noqa: PLC0415 - the same
        except ImportError as reason:
            raise MissingExtra("evaluate", "eval", str(reason.name)) from reason
        self._model: Any = getattr(protobuf, "ModelProto")()  # noqa: B009 - its classes are made at run time
        self._model.ParseFromString(path.read_bytes())
        self._processor: Any = sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes())
        self._refuse_what_is_read_differently()
        self.tokenizer = self._build(added)
        self._numbers = self._number_pieces()

    @property
    def names(self) -> dict[str, str]:
        """Return the special tokens by their names in transformers."""
        return dict(self.family.names)

    def read(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids that sentencepiece itself gives, without the tokens around a text."""
        preparing = normalizers.Sequence(self._preparing())
        prepared = [preparing.normalize_str(text) for text in texts]
        return [[self._numbers[piece] for piece in ids] for ids in self._processor.encode(prepared)]

    def _refuse_what_is_read_differently(self) -> None:
        trainer, normalizer = self._model.trainer_spec, self._model.normalizer_spec
        if trainer.model_type != _UNIGRAM:
            raise BadInput(f"{self._path.name} is no unigram model of SentencePiece", cure=_CURE)
        if trainer.treat_whitespace_as_suffix or not normalizer.escape_whitespaces:
            raise BadInput(f"{self._path.name} marks spaces in another way than before words", cure=_CURE)
        if self._settings.get("split_by_punct"):
            raise BadInput(f"split_by_punct is not known where {self._path.name} is alone", cure=_CURE)
        for name, token in self.family.names.items():
            value = self._settings.get(name, token)
            value = value.get("content") if isinstance(value, dict) else value
            if value not in (token, None):
                raise BadInput(
                    f"tokenizer_config.json names {shown(value)} as {name}, where {token!r} is known",
                    cure=_CURE,
                )

    def _build(self, added: Mapping[str, int]) -> Any:
        """Return the tokenizer, with the tokens around a text."""
        family, pieces = self.family, self._model.pieces
        vocabulary = [(token, 0.0) for token in family.first]
        vocabulary += [(piece.piece, piece.score) for piece in pieces[family.dropped :]]
        known = {token: number for number, (token, _) in enumerate(vocabulary)}
        for token in family.last:
            if token not in known:
                known[token] = len(vocabulary)
                vocabulary.append((token, 0.0))
        unknown = family.names["unk_token"]
        around = [token for token in ("<s>", "</s>", "[CLS]", "[SEP]") if token in family.single]
        if missing := [token for token in (unknown, *around) if token not in known]:
            raise BadInput(f"{self._path.name} holds no piece {missing[0]!r}", cure=_CURE)
        bytes_known = any(piece.type == _BYTE for piece in pieces)
        tokenizer = Tokenizer(models.Unigram(vocabulary, known[unknown], byte_fallback=bytes_known))
        tokenizer.normalizer = normalizers.Sequence([*self._preparing(), *self._normalizing()])
        scheme = "always" if self._model.normalizer_spec.add_dummy_prefix else "never"
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
        tokenizer.post_processor = processors.TemplateProcessing(
            single=family.single, pair=family.pair, special_tokens=[(token, known[token]) for token in around]
        )
        control = [piece.piece for piece in pieces if piece.type in (_UNKNOWN, _CONTROL)]
        special = [*family.first, *control, *family.names.values()]
        tokenizer.add_special_tokens([token for token in dict.fromkeys(special) if token in known])
        own = [piece.piece for piece in pieces if piece.type == _USER_DEFINED]
        tokenizer.add_tokens([AddedToken(token, normalized=False) for token in own])
        for token, number in sorted(added.items(), key=lambda item: item[1]):
            tokenizer.add_tokens([AddedToken(token, normalized=False)])
            if tokenizer.token_to_id(token) != number:
                raise BadInput(
                    f"the added token {shown(token)} has the number {number}, "
                    f"{self._path.name} gives it {tokenizer.token_to_id(token)}",
                    cure=_CURE,
                )
        return tokenizer

    def _preparing(self) -> list[Any]:
        """Return what is done to a text before the SentencePiece model reads it."""
        return [normalizers.Lowercase()] if self._settings.get("do_lower_case") else []

    def _normalizing(self) -> list[Any]:
        """Return what the model's own normaliser does: its table, then spaces."""
        normalizer = self._model.normalizer_spec
        table = normalizer.precompiled_charsmap
        # tokenizers looks up a letter with its marks up to six bytes. A composed letter is shorter, and a
        # table of NFKC makes the same of both forms.
        steps: list[Any] = [normalizers.NFC()] if normalizer.name in _NFKC else []
        steps += [normalizers.Precompiled(table)] if table else []
        if normalizer.remove_extra_whitespaces:
            steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
        return steps

    def _number_pieces(self) -> list[int]:
        """Return the number of each piece of the model; what has none is the unknown token's."""
        unknown = self.tokenizer.token_to_id(self.family.names["unk_token"])
        numbers = []
        for piece in self._model.pieces:
            number = None if piece.type == _UNKNOWN else self.tokenizer.token_to_id(piece.piece)
            numbers.append(unknown if number is None else number)
        return numbers
