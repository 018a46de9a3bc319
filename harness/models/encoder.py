"""Turn texts into sentence vectors at the requested layers, with torch and transformers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from harness.errors import BadInput
from harness.models.batching import Indices, Tokens, plan_batches
from harness.models.cache_keys import StateAddress
from harness.models.checkpoint import CheckpointFiles
from harness.models.device import choose_device, choose_dtype
from harness.models.forward_passes import CPU_BATCH_TOKENS, GPU_BATCH_TOKENS, Passes
from harness.models.loading import check_ids, fewest_tokens, find_layers, open_model
from harness.models.pooling import pooled
from harness.models.tokenization import TokenIds, ids_of_texts
from harness.models.tokenizer_comparison import differences
from harness.models.tokenizer_opening import open_tokenizer
from harness.models.transformers_errors import opening, passing
from harness.models.vector_cache import Vectors
from harness.models.vector_modules import load_modules
from harness.records import View

# Below this many rows the CPU's matrix products use another kernel, which adds in another order.
_MIN_ROWS = 16

_ENCODER_ALONE = "the encoder of a sequence-to-sequence model is evaluated, without its decoder"


@dataclass
class EncodingReport:
    """What one run of the encoder did; `failed` maps a view and an index of the texts to the reason."""

    texts: int = 0
    tokens: int = 0
    passes: int = 0
    seconds: float = 0.0
    batch_tokens: int = 0
    retried: int = 0
    events: list[str] = field(default_factory=list)
    failed: dict[View, dict[int, str]] = field(default_factory=dict)

    @classmethod
    def joined(cls, reports: Sequence[EncodingReport]) -> EncodingReport:
        """Return the sums of several runs, without their failures, whose indices are of different texts."""
        return cls(
            texts=sum(report.texts for report in reports),
            tokens=sum(report.tokens for report in reports),
            passes=sum(report.passes for report in reports),
            seconds=sum(report.seconds for report in reports),
            batch_tokens=max((report.batch_tokens for report in reports), default=0),
            retried=sum(report.retried for report in reports),
            events=list(dict.fromkeys(event for report in reports for event in report.events)),
        )

    def fail(self, views: Iterable[View], index: int, reason: str) -> None:
        """Note why a text has no vector in some views."""
        for view in views:
            self.failed.setdefault(view, {})[index] = reason


class Encoder:
    """An open checkpoint. Only the layers up to the deepest of `views` are kept and computed."""

    def __init__(
        self,
        files: CheckpointFiles,
        views: Sequence[View],
        *,
        max_length: int = 512,
        lower_case: bool = False,
        device: str = "auto",
        dtype: str = "auto",
        batch_tokens: int | None = None,
        weights: Mapping[str, torch.Tensor] | None = None,
        tokenizer: Any = None,
    ) -> None:
        """Open the checkpoint from its verified folder, without network and without code from it.

        With `lower_case` texts and prefixes are lower-cased before they are tokenised. `weights` are the
        encoder's where they are not saved, `tokenizer` is that of the folder, opened before. Raises
        BadInput when a view's layer does not exist, `max_length` exceeds the positions, or weights are
        missing.
        """
        self.device = choose_device(device)
        self.dtype = choose_dtype(dtype, self.device)
        self.views = tuple(sorted(set(views)))
        self.max_length, self._lower_case = max_length, lower_case
        self.on_gpu = self.device.startswith("cuda")
        self.batch_tokens = batch_tokens or (GPU_BATCH_TOKENS if self.on_gpu else CPU_BATCH_TOKENS)
        self._source, self._depth = files.source, files.layers
        self._notes = (_ENCODER_ALONE,) if files.is_encoder_decoder else ()
        self._check(files)
        with opening(files.source):
            self.tokenizer = open_tokenizer(files) if tokenizer is None else tokenizer
            self._model = open_model(files, self.dtype, self.device, weights)
        # A decoder would keep keys and values, for a text that is never continued.
        self._model.config.use_cache = False
        self._layers = find_layers(self._model, files)
        self.hidden_size = int(self._model.config.hidden_size)
        self._captured = threading.local()
        self._capture_states()
        with passing(files.source):
            norm_follows = self._compare_with_hidden_states()
        self._addresses = StateAddress(self._model, self._layers, files, norm_follows=norm_follows)
        del self._layers[max(self.views[-1].layer, 1) :]
        self._modules = {view: load_modules(files, view, self.device) for view in self.views}

    def _check(self, files: CheckpointFiles) -> None:
        if not 0 <= self.views[0].layer <= self.views[-1].layer <= files.layers:
            wrong = next(view.layer for view in self.views if not 0 <= view.layer <= files.layers)
            raise BadInput(
                f"layer {wrong} of {files.source} does not exist",
                cure=f"0 (embeddings) to {files.layers}, or last",
            )
        files.check_length(self.max_length)

    def _capture_states(self) -> None:
        """Capture the requested hidden states: h[0], the first layer's input; h[i], layer i's output."""

        def capture_input(_module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self._captured.states[0] = args[0] if args else kwargs["hidden_states"]

        def capture_output(layer: int) -> Callable[..., None]:
            def capture(_module: Any, _args: Any, output: Any) -> None:
                self._captured.states[layer] = output[0] if isinstance(output, tuple) else output

            return capture

        for layer in sorted({view.layer for view in self.views}):
            if layer == 0:
                self._layers[0].register_forward_pre_hook(capture_input, with_kwargs=True)
            elif layer < self._depth:
                self._layers[layer - 1].register_forward_hook(capture_output(layer))

    @torch.inference_mode()
    def _compare_with_hidden_states(self) -> bool:
        """Refuse an architecture whose captured states differ from its hidden_states.

        Returns whether something, such as a norm, follows the last layer.
        """
        tokens = [int(i) for i in self.tokenizer("a b c")["input_ids"]][: self.max_length]
        self._check_ids([tokens])
        self._captured.states = {}
        outputs: list[Any] = []
        hook = self._layers[-1].register_forward_hook(lambda _module, _args, output: outputs.append(output))
        output = self._model(
            input_ids=torch.tensor([tokens], device=self.device), output_hidden_states=True, return_dict=True
        )
        hook.remove()
        states = self._captured.states | {self._depth: output.last_hidden_state}
        for layer in sorted({view.layer for view in self.views}):
            # The last state comes last, also where an architecture has states besides those of its layers.
            expected = output.hidden_states[layer if layer < self._depth else -1]
            if (
                layer not in states
                or states[layer].shape != expected.shape
                or not torch.equal(states[layer], expected)
            ):
                raise BadInput(
                    f"layer {layer} of {self._source} ({type(self._model).__name__}) "
                    f"is not its hidden_states[{layer}]",
                    cure="choose another layer, or an architecture with one plain stack of layers",
                )
        last = outputs[-1] if outputs else None
        last = last[0] if isinstance(last, tuple) else last
        return not (torch.is_tensor(last) and torch.equal(last, output.last_hidden_state))

    def address(self, layer: int) -> str:
        """Return the address of h[layer], not above the deepest view: the sha256 of what it depends on."""
        return self._addresses.of(layer)

    def width(self, view: View) -> int:
        """Return the width of a view's vectors."""
        widths = [module.width for module in self._modules[view] if module.width]
        return widths[-1] if widths else self.hidden_size * len(view.poolings)

    def _check_ids(self, ids: Iterable[Tokens]) -> None:
        check_ids(self._model, ids, self._source)

    def close(self) -> None:
        """Release the weights now: the hooks in the model and this object refer to each other."""
        del self._model, self._layers, self._addresses

    # ---- one pass ----

    def tokenize(self, texts: Sequence[str], prefix: str = "") -> TokenIds:
        """Return token ids, specials included, cut at `max_length`."""
        if self._lower_case:
            texts, prefix = [_lower(text) for text in texts], _lower(prefix)
        with passing(self._source):
            return ids_of_texts(self.tokenizer, texts, self.max_length, prefix)

    def _prompt_tokens(self, prefix: str) -> int:
        """Return how many tokens at the start are the prefix's, where a view leaves them out."""
        if not prefix or not any(view.noprompt for view in self.views):
            return 0
        (ids,) = self.tokenize([prefix])
        return len(ids) - (int(ids[-1]) in self.tokenizer.all_special_ids)

    @torch.inference_mode()
    def forward(self, token_ids: Iterable[Tokens], prompt_tokens: int = 0) -> dict[View, Vectors]:
        """Encode texts of one token count; returns L2-normalised float32 vectors (texts, width) per view.

        Views that leave the prefix out do not pool the first `prompt_tokens`.
        """
        states = self.states(token_ids)
        return {
            view: self._vectors(states[view.layer], view, prompt_tokens).cpu().numpy() for view in self.views
        }

    @torch.inference_mode()
    def states(self, token_ids: Iterable[Tokens]) -> dict[int, torch.Tensor]:
        """Return the views' hidden states (texts, tokens, hidden) by layer, of texts of one token count."""
        rows = [np.asarray(text, dtype=np.int64) for text in token_ids]
        ids = torch.from_numpy(np.stack(rows))  # (texts, tokens)
        texts = ids.shape[0]
        if not self.on_gpu and ids.numel() < _MIN_ROWS:
            ids = ids.repeat(-(-_MIN_ROWS // ids.numel()), 1)
        self._captured.states = {}
        output = self._model(input_ids=ids.to(self.device), return_dict=True)
        states = self._captured.states
        states[self._depth] = output.last_hidden_state
        self._captured.states = {}
        return {view.layer: states[view.layer][:texts] for view in self.views}

    def _vectors(self, state: torch.Tensor, view: View, prompt_tokens: int) -> torch.Tensor:
        """Return vectors (texts, width) of length 1 of a hidden state (texts, tokens, hidden)."""
        if view.noprompt and prompt_tokens:
            mask = torch.ones(state.shape[:2], device=state.device)
            mask[:, :prompt_tokens] = 0
            vectors = pooled(state.float(), view.poolings, mask)
        else:
            vectors = pooled(state.float(), view.poolings)
        if modules := self._modules[view]:
            texts = len(vectors)
            if not self.on_gpu and texts < _MIN_ROWS:  # as for the tokens of a pass
                vectors = vectors.repeat(-(-_MIN_ROWS // texts), 1)
            for module in modules:
                vectors = module(vectors)
            vectors = vectors[:texts]
        norms = vectors.norm(dim=1, keepdim=True)
        # A vector without direction (zero, or too long for its norm) becomes NaN here and is reported as
        # failed.
        unit: torch.Tensor = vectors / norms.where(norms.isfinite(), torch.nan)
        return unit

    # ---- many texts ----

    def encode(
        self,
        texts: Sequence[str],
        *,
        prefix: str = "",
        sink: Callable[[View, Indices, Vectors], None],
        progress: Callable[[int, int, int], None] = lambda texts, tokens, total: None,
    ) -> EncodingReport:
        """Encode distinct texts; `sink(view, indices, vectors)` receives each batch, in any order.

        `progress(texts, tokens, total tokens)` is called with what each batch added. When memory runs out,
        the budget is halved and encoding goes on. A text whose vector is not finite is tried alone; if it is
        still not finite, the report names it and the sink does not receive it.
        """
        started = time.perf_counter()
        ids = self.tokenize(texts, prefix)
        self._check_ids([ids.values])
        lengths = ids.lengths
        report = EncodingReport(texts=len(texts), tokens=sum(lengths), batch_tokens=self.batch_tokens)
        fewest = fewest_tokens(self._model)
        for index, length in enumerate(lengths):
            if length < fewest:
                reason = f"the encoder reads {fewest} tokens or more, it has {length}"
                report.fail(self.views, index, reason if length else "the tokenizer gives no token for it")
        batches = [batch for batch in plan_batches(lengths, self.batch_tokens) if lengths[batch[0]] >= fewest]
        passes = self._passes(ids, self._prompt_tokens(prefix))
        for indices, vectors in passes.run(batches, lengths):
            if vectors is None:
                report.fail(
                    self.views, int(indices[0]), f"out of memory on its {lengths[indices[0]]} tokens alone"
                )
                continue
            not_finite = self._emit_finite(indices, vectors, sink)
            for index in sorted({int(index) for failed in not_finite.values() for index in failed}):
                self._retry_alone(
                    index, passes, [view for view in not_finite if index in not_finite[view]], sink, report
                )
            progress(len(indices), sum(lengths[i] for i in indices), report.tokens)
        report.events.extend((*passes.events, *differences(self.tokenizer), *self._notes))
        if report.retried:
            report.events.append(f"{report.retried} vectors were not finite and were tried alone")
        report.seconds, report.passes = time.perf_counter() - started, passes.completed
        report.batch_tokens = self.batch_tokens = passes.tokens
        return report

    def rehearse(self, texts: Sequence[str], *, prefix: str = "", passes: int = 24) -> EncodingReport:
        """Report what encoding the texts would take, estimated from some passes spread over all lengths."""
        ids = self.tokenize(texts, prefix)
        self._check_ids([ids.values])
        lengths = ids.lengths
        fewest = fewest_tokens(self._model)
        batches = [batch for batch in plan_batches(lengths, self.batch_tokens) if lengths[batch[0]] >= fewest]
        report = EncodingReport(
            texts=len(texts), tokens=sum(lengths), passes=len(batches), batch_tokens=self.batch_tokens
        )
        if not batches:
            return report
        sample = [
            batches[i]
            for i in sorted({round(i) for i in np.linspace(0, len(batches) - 1, min(passes, len(batches)))})
        ]
        for _ in self._passes(ids).run(sample[:2], lengths):
            pass  # the first passes include what is set up once
        started = time.perf_counter()
        for _ in self._passes(ids).run(sample, lengths):
            pass
        share = sum(len(batch) * lengths[batch[0]] for batch in sample) / report.tokens
        report.seconds = (time.perf_counter() - started) / share
        return report

    def _emit_finite(
        self, indices: Indices, vectors: dict[View, Vectors], sink: Callable[[View, Indices, Vectors], None]
    ) -> dict[View, Indices]:
        """Pass the finite vectors to the sink, and return for each view the texts without one."""
        not_finite = {}
        for view, rows in vectors.items():
            finite = np.isfinite(rows).all(axis=1)  # (texts,)
            if finite.all():
                sink(view, indices, rows)
                continue
            not_finite[view] = indices[~finite]
            if finite.any():
                sink(view, indices[finite], rows[finite])
        return not_finite

    def _retry_alone(
        self,
        index: int,
        passes: Passes[dict[View, Vectors]],
        views: Sequence[View],
        sink: Callable[[View, Indices, Vectors], None],
        report: EncodingReport,
    ) -> None:
        """Encode one text alone for the views in which its vector was not finite."""
        vectors = passes.attempt(np.array([index]))
        report.retried += 1
        if vectors is None:
            report.fail(views, index, "out of memory when tried alone")
            return
        not_finite = self._emit_finite(np.array([index]), {view: vectors[view] for view in views}, sink)
        report.fail(not_finite, index, f"its vector is not finite in {self.dtype}")

    def _passes(self, ids: TokenIds, prompt_tokens: int = 0) -> Passes[dict[View, Vectors]]:
        def release() -> None:
            self._captured.states = {}

        return Passes(
            lambda batch: self.forward([ids[i] for i in batch], prompt_tokens),
            self.batch_tokens,
            self.on_gpu,
            release,
            source=self._source,
        )


def _lower(text: str) -> str:
    """Lower-case a text letter by letter, as the tokenizers library does: Σ has one small letter."""
    return "".join(map(str.lower, text))
