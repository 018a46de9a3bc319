"""`stiltboard demo`: evaluate four sizes of a bundled encoder on bundled text and build the site, offline."""

from __future__ import annotations

from pathlib import Path

import click

from harness.errors import MissingExtra

SIZES = (12, 9, 6, 3)  # the deepest first: its forward passes also give the vectors of the others
TARGET = "jupyterlab"
_SUBMISSION = """\
schema: 1
title: multilingual-e5-small, first {layers} layers
family: multilingual-e5
base: {{id: intfloat/multilingual-e5-small, revision: fd1525a9fd15316a2d503bf26ab031a61d056e98}}
intermediate: {{regime: none}}
encoding: {{layer: last, pooling: mean, prefix: "", max_length: 512}}
checkpoints:
  - {{seed: 0, bundled: multilingual-e5-small, layers: {layers}}}
# What the authors of mteb list for the base model; continued pretraining is not listed.
trained_on: [squad, fever, hotpotqa, miracl, mrtydi, msmarco, nq]
submitters:
  - {{name: The stiltboard authors}}
license: MIT
links: {{model: https://huggingface.co/intfloat/multilingual-e5-small, paper: https://arxiv.org/abs/2402.05672}}
"""


@click.command(name="demo")
@click.option(
    "--submissions",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="The folder for the demonstration's submissions and results.",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("public"), show_default=True
)
@click.option(
    "--dtype", type=click.Choice(["auto", "float32", "bfloat16"]), default="auto", show_default=True
)
@click.pass_context
def command(ctx: click.Context, submissions: Path, out: Path, dtype: str) -> None:
    """Evaluate multilingual-e5-small at 3 to 12 layers on JupyterLab's translations, and build the site.

    The encoder and the text are bundled: once the demo extra is installed, no network is needed.
    """
    try:
        from harness.cli.evaluation_queue import run_all
        from harness.evaluation.story import Options
    except ModuleNotFoundError as missing:
        raise MissingExtra("demo", "demo", str(missing.name)) from missing
    folders = [_write(submissions, layers) for layers in SIZES]
    run_all(folders, [TARGET], [], Options(dtype=dtype, keep_layers=SIZES))
    build = (
        ctx.parent.command.get_command(ctx, "build")
        if ctx.parent and isinstance(ctx.parent.command, click.Group)
        else None
    )
    assert build is not None
    ctx.invoke(build, submissions=submissions, out=out)


def _write(submissions: Path, layers: int) -> Path:
    """Write the submission of one size unless it exists already."""
    folder = submissions / f"me5-small-l{layers:02}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "submission.yaml"
    if not path.exists():
        path.write_text(_SUBMISSION.format(layers=layers), encoding="utf-8")
    return folder
