"""The submission.yaml that `stiltboard new` writes: all keys explained, placeholders in angle brackets."""

from __future__ import annotations

from harness.store.yaml.parser import scalar

_TEMPLATE = """\
# One recipe at one size; its checkpoints are its seeds. Replace everything in <angle brackets>,
# then run: stiltboard validate {slug}
schema: 1

# The row's name on the leaderboard, one line.
title: {title}

# Rows of one family are joined to a curve over model sizes: xlm-roberta, mbert, …
family: {family}

# The pretrained encoder before any further training, and the commit it was taken from (null if unknown).
base:
  id: <organisation/model>
  revision: <40 hexadecimal digits>

# The training between pretraining and evaluation. For none:
# regime: none, tasks: [], languages: [], examples: 0
intermediate:
  regime: english               # none, english or multilingual
  tasks: [<task>]               # such as mnli
  languages: [en]               # [en] for english; two or more for multilingual
  examples: <number of training examples>
  continued_mlm: false          # masked language modelling continued next to the task
  translated: false             # the training data were machine-translated

# How a text becomes a vector.
encoding:
  layer: last                   # last, or an index into hidden_states: 0 is the embedding output
  pooling: mean                 # mean over all tokens, or cls
  prefix: ""                    # put before every text; e5 models expect "query: "
  max_length: 512               # in tokens, special tokens included

# One entry per seed, as hub + revision; for weights that are not public, path: a folder, relative to this
# file's.
checkpoints:
  - seed: 0
    hub: <organisation/model>
    revision: <40 hexadecimal digits>

# Every data set seen in training, compared with the targets and shown next to the score.
trained_on: [<task>]

# Who is responsible for this submission. A GitHub account given as url may change it later:
#   url: https://github.com/account
submitters:
  - name: <your name>

license: <SPDX identifier of the weights' licence>

# Optional: paper, code and other addresses that begin with https://
links: {{}}
"""


def scaffold(slug: str, title: str = "", family: str = "") -> str:
    """Return a submission to fill in; `stiltboard validate` reports every placeholder that remains."""
    return _TEMPLATE.format(
        slug=slug,
        title=scalar(title) if title else "<the row's name>",
        family=scalar(family) if family else "<family>",
    )
