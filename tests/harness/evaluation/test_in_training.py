"""harness.callback: a Trainer's model is measured in memory, and is trained as it would be without."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

import harness
from harness.errors import BadInput, WrongUsage

_LANGUAGES = ("de", "fr")


def train(encoder: Path, run: Path, *callbacks: Any, tokenizer: bool = True, **arguments: Any) -> Any:
    """Train a toy for four steps of dropout and shuffled batches, and return its Trainer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        words = transformers.AutoTokenizer.from_pretrained(encoder)
        transformers.set_seed(3)
        model = transformers.AutoModelForSequenceClassification.from_pretrained(encoder)
    texts = ["the cat runs", "a dog sleeps", "the sun shines", "eine katze rennt"] * 4
    rows = [{"input_ids": ids, "labels": number % 2} for number, ids in enumerate(words(texts)["input_ids"])]
    settings = {
        "max_steps": 4,
        "save_steps": 2,
        "learning_rate": 0.01,
        "per_device_train_batch_size": 4,
        "logging_steps": 1,
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": True,
    }
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(output_dir=str(run), **(settings | arguments)),
        train_dataset=rows,
        eval_dataset=rows,
        processing_class=words if tokenizer else None,
        callbacks=list(callbacks),
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    return trainer


def logged(trainer: Any, name: str = "eval_jupyterlab_accuracy") -> dict[int, float]:
    return {line["step"]: line[name] for line in trainer.state.log_history if name in line}


class Heard(transformers.TrainerCallback):  # type: ignore[misc]
    """What a service that the Trainer reports to is given."""

    def __init__(self) -> None:
        self.logs: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        self.logs.append(dict(logs))


def test_the_scores_are_those_of_evaluate_on_the_saved_checkpoints(toy_encoder: Path, tmp_path: Path) -> None:
    heard = Heard()
    callback = harness.callback("jupyterlab", _LANGUAGES, every=2, by_language=True, limit=60)
    trainer = train(toy_encoder, tmp_path / "run", heard, callback)
    means = logged(trainer)
    assert list(means) == [2, 4]
    assert [log["eval_jupyterlab_accuracy"] for log in heard.logs if "eval_jupyterlab_accuracy" in log] == [
        *means.values()
    ]
    for step, mean in means.items():
        saved = tmp_path / f"run/checkpoint-{step}"
        (line,) = harness.evaluate(
            saved, "jupyterlab", _LANGUAGES, limit=60, output=tmp_path / "evaluations"
        ).lines
        assert line.mean == mean
        for language in _LANGUAGES:
            of_language = logged(trainer, f"eval_jupyterlab_accuracy_{language}")
            assert of_language[step] == line.languages[language].score
    assert means[2] != means[4]
    assert all(seconds > 0 for seconds in logged(trainer, "eval_stiltboard_seconds").values())


def test_the_training_is_the_same_with_and_without_it(toy_encoder: Path, tmp_path: Path) -> None:
    states: list[Any] = []

    class Watched(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            numbers = (random.random(), np.random.random(), float(torch.rand(1)))
            states.append((model.training, str(model.device), model.dtype, torch.get_num_threads(), numbers))

    plain = train(toy_encoder, tmp_path / "plain", Watched())
    without, states = states, []
    callback = harness.callback("jupyterlab", "de", every=1, limit=20, dtype="bfloat16", batch_tokens=64)
    measured = train(toy_encoder, tmp_path / "measured", callback, Watched())
    assert states == without
    assert len(logged(measured)) == 4
    for (name, before), after in zip(
        plain.model.state_dict().items(), measured.model.state_dict().values(), strict=True
    ):
        assert torch.equal(before, after), name
    assert len(plain.model.base_model.encoder.layer) == len(measured.model.base_model.encoder.layer)


@pytest.mark.slow
def test_nothing_is_written_but_what_the_trainer_writes(
    toy_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.chdir(tmp_path)
    written: list[str] = []

    class Look(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            written.extend(path.name for path in scratch.rglob("*") if path.is_file())

    train(
        toy_encoder,
        tmp_path / "run",
        harness.callback("jupyterlab", "de", every=2, limit=20, layer=2, prefix="query: "),
        Look(),
        save_strategy="no",
    )
    assert set(written) == {"config.json", "tokenizer.json", "tokenizer_config.json"}
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "evaluations").exists()
    assert not (tmp_path / "cache/vectors").exists()


@pytest.mark.slow
def test_a_score_can_choose_the_best_model(toy_encoder: Path, tmp_path: Path) -> None:
    trainer = train(
        toy_encoder,
        tmp_path / "run",
        harness.callback("jupyterlab", "de", every=None, limit=60),
        eval_strategy="steps",
        eval_steps=2,
        load_best_model_at_end=True,
        metric_for_best_model="jupyterlab_accuracy",
        greater_is_better=True,
    )
    scores = logged(trainer)
    assert list(scores) == [2, 4]
    assert trainer.state.best_metric == max(scores.values())
    assert trainer.evaluate()["eval_jupyterlab_accuracy"] == max(scores.values())


@pytest.mark.slow
def test_a_model_of_sentence_transformers_is_measured_as_its_folder_says(
    toy_encoder: Path, tmp_path: Path
) -> None:
    import sentence_transformers
    from datasets import Dataset
    from sentence_transformers.sentence_transformer import losses, modules

    parts = [modules.Transformer(str(toy_encoder)), modules.Pooling(32, "cls"), modules.Dense(32, 16)]
    model = sentence_transformers.SentenceTransformer(modules=parts, device="cpu")
    texts = ["the cat runs", "a dog sleeps", "the sun shines", "the sea sings"] * 2
    trainer = sentence_transformers.SentenceTransformerTrainer(
        model=model,
        args=sentence_transformers.SentenceTransformerTrainingArguments(
            output_dir=str(tmp_path / "run"),
            max_steps=2,
            save_steps=1,
            per_device_train_batch_size=4,
            learning_rate=0.05,
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=Dataset.from_dict({"first": texts, "second": texts[::-1]}),
        loss=losses.MultipleNegativesRankingLoss(model),
        callbacks=[harness.callback("jupyterlab", "de", every=1, limit=60)],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    scores = logged(trainer)
    for step in (1, 2):
        saved = tmp_path / f"run/checkpoint-{step}"
        (line,) = harness.evaluate(saved, "jupyterlab", "de", limit=60, output=tmp_path / "evaluations").lines
        assert "h3.cls>dense16-tanh|as saved" in str(line.signature)
        assert line.mean == scores[step]
    assert scores[1] != scores[2]


def test_the_encoder_within_a_module_of_ones_own_is_measured(toy_encoder: Path, tmp_path: Path) -> None:
    words = transformers.AutoTokenizer.from_pretrained(toy_encoder)

    class Mine(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.text = transformers.AutoModel.from_pretrained(toy_encoder, add_pooling_layer=False)
            self.out = torch.nn.Linear(32, 1)

        def forward(self, input_ids: torch.Tensor, labels: torch.Tensor) -> dict[str, torch.Tensor]:
            scores = self.out(self.text(input_ids=input_ids).last_hidden_state.mean(dim=1))[:, 0]
            return {"loss": ((scores - labels) ** 2).mean()}

    model = Mine()
    rows = [{**words("the cat runs"), "labels": float(number % 2)} for number in range(8)]
    trainer = transformers.Trainer(
        model=model,
        args=transformers.TrainingArguments(
            output_dir=str(tmp_path / "run"),
            max_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        ),
        train_dataset=rows,
        callbacks=[
            harness.callback("jupyterlab", "de", limit=60, tokenizer=words, encoder_of=lambda mine: mine.text)
        ],
    )
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    for part in (model.text, words):
        part.save_pretrained(tmp_path / "saved")
    results = harness.evaluate(
        tmp_path / "saved", "jupyterlab", "de", limit=60, output=tmp_path / "evaluations"
    )
    assert logged(trainer) == {1: results.lines[0].mean}


@pytest.mark.parametrize(
    ("make", "message", "cure"),
    [
        (lambda: harness.callback("xnli"), "xnli would need a head", "targets that compare vectors"),
        (lambda: harness.callback("tatoba"), "unknown target", "did you mean tatoeba"),
        (lambda: harness.callback(""), "nothing is named", "harness.callback('tatoeba')"),
        (lambda: harness.callback("jupyterlab", every=0), "every is 0", "every=1000"),
        (lambda: harness.callback("jupyterlab", output="x"), "has no option 'output'", "leave it out"),
        (lambda: harness.callback("jupyterlab", poolin="cls"), "no option 'poolin'", "did you mean pooling"),
    ],
)
def test_what_cannot_be_measured_is_refused_when_it_is_named(
    make: Callable[[], Any], message: str, cure: str
) -> None:
    with pytest.raises(WrongUsage) as error:
        make()
    assert message in str(error.value)
    assert cure in str(error.value)


@pytest.mark.parametrize(
    ("callback", "arguments", "message"),
    [
        ({"layer": 7}, {}, "layer 7 of the model in training does not exist"),
        ({"targets": "tatoeba", "data": "."}, {}, "tatoeba"),
        ({"encoder_of": lambda model: model.classifier}, {}, "Linear is no model of transformers"),
        ({}, {"tokenizer": False}, "the Trainer was given no tokenizer"),
    ],
)
def test_what_hinders_a_measurement_ends_the_training_before_its_first_step(
    toy_encoder: Path, tmp_path: Path, callback: dict[str, Any], arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        train(
            toy_encoder,
            tmp_path / "run",
            harness.callback(**{"targets": "jupyterlab", "languages": "de", "every": 1} | callback),
            **arguments,
        )


def test_weights_that_diverge_give_a_warning_and_no_score(toy_encoder: Path, tmp_path: Path) -> None:
    class Diverge(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            if state.global_step == 1:
                model.get_input_embeddings().weight.data.fill_(torch.nan)

    with pytest.warns(
        RuntimeWarning,
        match="step 2 is not evaluated: bert.embeddings.word_embeddings.weight of the model in training",
    ):
        trainer = train(
            toy_encoder,
            tmp_path / "run",
            Diverge(),
            harness.callback("jupyterlab", "de", every=1, limit=5),
            max_steps=2,
            save_strategy="no",
        )
    assert list(logged(trainer)) == [1]
