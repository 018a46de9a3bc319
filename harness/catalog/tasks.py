"""The catalog of tasks for intermediate training."""

from __future__ import annotations

from typing import Any

from harness.catalog import is_own
from harness.catalog.fine_tuned import PANX_TAGS, UPOS_TAGS, XNLI_LABELS
from harness.catalog.pair_tasks import OWN_TRANSLATIONS, PAIR_TASKS
from harness.catalog.retrieval import NTREX_NAMES
from harness.errors import WrongUsage
from harness.records import Task

_XNLI = ("en", "ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh")
_STSB = ("en", "de", "es", "fr", "it", "ja", "nl", "pl", "pt", "ru", "zh")
# Wikipedia in the languages of XTREME.
_WIKIPEDIA = (
    "en", "af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id",
    "it", "ja", "jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl", "pt", "ru", "sw", "ta", "te", "th",
    "tl", "tr", "ur", "vi", "yo", "zh",
)  # fmt: skip


def _task(name: str, title: str, kind: str, **fields: Any) -> Task:
    metric = {"pair_regression": "spearman", "qa": "exact_span", "mlm": ""}.get(kind, "accuracy")
    defaults = {
        "name": name,
        "title": title,
        "format": kind,
        "metric": metric,
        "languages": ("en",),
        "seen": name,
    }
    return Task.model_validate({**defaults, **fields})


TASKS = (
    _task(
        "stsb",
        "STS-B",
        "pair_regression",
        languages=_STSB,
        parallel=True,
        translated=True,
        licence="CC BY-SA 4.0 (scores)",
        citation="Daniel Cer et al. 2017. SemEval-2017 Task 1: Semantic Textual Similarity. SemEval. "
        "Translated by Philip May, 2021.",
        homepage="https://github.com/PhilipMay/stsb-multi-mt",
    ),
    _task(
        "xnli_dev",
        "XNLI, dev set",
        "pair_classification",
        labels=XNLI_LABELS,
        languages=_XNLI,
        parallel=True,
        seen="xnli",
        licence="CC BY-NC 4.0",
        citation="Alexis Conneau et al. 2018. XNLI: Evaluating Cross-lingual Sentence Representations. "
        "EMNLP.",
        homepage="https://github.com/facebookresearch/XNLI",
    ),
    _task(
        "xnli_translated",
        "MNLI, translated by XNLI's authors",
        "pair_classification",
        labels=XNLI_LABELS,
        languages=_XNLI,
        parallel=True,
        translated=True,
        seen="mnli",
        licence="CC BY-NC 4.0",
        citation="Alexis Conneau et al. 2018. XNLI: Evaluating Cross-lingual Sentence Representations. "
        "EMNLP.",
        homepage="https://huggingface.co/datasets/facebook/xnli",
    ),
    _task(
        "mnli",
        "MNLI",
        "pair_classification",
        labels=XNLI_LABELS,
        licence="OANC and others",
        citation="Adina Williams, Nikita Nangia and Samuel Bowman. 2018. A Broad-Coverage Challenge Corpus. "
        "NAACL.",
        homepage="https://huggingface.co/datasets/nyu-mll/multi_nli",
    ),
    _task(
        "snli",
        "SNLI",
        "pair_classification",
        labels=XNLI_LABELS,
        licence="CC BY-SA 4.0",
        citation="Samuel Bowman, Gabor Angeli, Christopher Potts and Christopher Manning. 2015. A large "
        "annotated corpus for learning natural language inference. EMNLP.",
        homepage="https://nlp.stanford.edu/projects/snli/",
    ),
    _task(
        "anli",
        "ANLI",
        "pair_classification",
        labels=XNLI_LABELS,
        licence="CC BY-NC 4.0",
        citation="Yixin Nie et al. 2020. Adversarial NLI: A New Benchmark for Natural Language "
        "Understanding. ACL.",
        homepage="https://huggingface.co/datasets/facebook/anli",
    ),
    _task(
        "qqp",
        "QQP",
        "pair_classification",
        labels=("different", "duplicate"),
        licence="Quora's terms",
        citation="Shankar Iyer, Nikhil Dandekar and Kornél Csernai. 2017. First Quora Dataset Release: "
        "Question Pairs.",
        homepage="https://huggingface.co/datasets/nyu-mll/glue",
    ),
    _task(
        "rte",
        "RTE",
        "pair_classification",
        labels=("entailment", "not_entailment"),
        licence="none stated",
        citation="Alex Wang et al. 2019. GLUE: A Multi-Task Benchmark and Analysis Platform. ICLR.",
        homepage="https://gluebenchmark.com/tasks",
    ),
    _task(
        "sick",
        "SICK, entailment",
        "pair_classification",
        labels=XNLI_LABELS,
        licence="CC BY-NC-SA 3.0",
        citation="Marco Marelli et al. 2014. A SICK cure for the evaluation of compositional distributional "
        "semantic models. LREC.",
        homepage="https://zenodo.org/records/2787612",
    ),
    _task(
        "sick_related",
        "SICK, relatedness",
        "pair_regression",
        seen="sick",
        licence="CC BY-NC-SA 3.0",
        citation="Marco Marelli et al. 2014. A SICK cure for the evaluation of compositional distributional "
        "semantic models. LREC.",
        homepage="https://zenodo.org/records/2787612",
    ),
    _task(
        "socialiqa",
        "SocialIQA",
        "multiple_choice",
        licence="CC BY 4.0",
        citation="Maarten Sap et al. 2019. Social IQa: Commonsense Reasoning about Social Interactions. "
        "EMNLP.",
        homepage="https://huggingface.co/datasets/allenai/social_i_qa",
    ),
    _task(
        "copa",
        "COPA",
        "multiple_choice",
        licence="BSD-2-Clause",
        citation="Melissa Roemmele, Cosmin Bejan and Andrew Gordon. 2011. Choice of Plausible Alternatives. "
        "AAAI Spring Symposium.",
        homepage="https://huggingface.co/datasets/aps/super_glue",
    ),
    _task(
        "cosmosqa",
        "CosmosQA",
        "multiple_choice",
        licence="CC BY 4.0",
        citation="Lifu Huang et al. 2019. Cosmos QA: Machine Reading Comprehension with Contextual "
        "Commonsense Reasoning. EMNLP.",
        homepage="https://huggingface.co/datasets/allenai/cosmos_qa",
    ),
    _task(
        "hellaswag",
        "HellaSwag",
        "multiple_choice",
        licence="MIT",
        citation="Rowan Zellers et al. 2019. HellaSwag: Can a Machine Really Finish Your Sentence? ACL.",
        homepage="https://huggingface.co/datasets/Rowan/hellaswag",
    ),
    _task(
        "commonsenseqa",
        "CommonsenseQA",
        "multiple_choice",
        licence="MIT",
        citation="Alon Talmor et al. 2019. CommonsenseQA: A Question Answering Challenge Targeting "
        "Commonsense Knowledge. NAACL.",
        homepage="https://huggingface.co/datasets/tau/commonsense_qa",
    ),
    _task(
        "squad",
        "SQuAD v1.1",
        "qa",
        licence="CC BY-SA 4.0",
        citation="Pranav Rajpurkar et al. 2016. SQuAD: 100,000+ Questions for Machine Comprehension of Text. "
        "EMNLP.",
        homepage="https://rajpurkar.github.io/SQuAD-explorer/",
    ),
    _task(
        "squad_v2",
        "SQuAD v2.0",
        "qa",
        seen="squad",
        licence="CC BY-SA 4.0",
        citation="Pranav Rajpurkar, Robin Jia and Percy Liang. 2018. Know What You Don't Know: Unanswerable "
        "Questions for SQuAD. ACL.",
        homepage="https://rajpurkar.github.io/SQuAD-explorer/",
    ),
    _task(
        "ccg",
        "CCG supertagging",
        "tagging",
        licence="LDC's licence of CCGbank",
        citation="Julia Hockenmaier and Mark Steedman. 2007. CCGbank: A Corpus of CCG Derivations and "
        "Dependency Structures Extracted from the Penn Treebank. Computational Linguistics 33(3).",
        homepage="https://catalog.ldc.upenn.edu/LDC2005T13",
    ),
    _task(
        "udpos",
        "UD part-of-speech",
        "tagging",
        labels=UPOS_TAGS,
        licence="licences of the UD treebanks",
        citation="Universal Dependencies 2.5. Joakim Nivre et al. 2018.",
        homepage="https://universaldependencies.org",
    ),
    _task(
        "panx",
        "PAN-X",
        "tagging",
        labels=PANX_TAGS,
        licence="unknown (WikiANN)",
        citation="Xiaoman Pan et al. 2017. Cross-lingual Name Tagging and Linking for 282 Languages. ACL.",
        homepage="https://elisa-ie.github.io/wikiann/",
    ),
    _task(
        "wikipedia",
        "Wikipedia",
        "mlm",
        languages=_WIKIPEDIA,
        licence="CC BY-SA 4.0",
        citation="Wikimedia Foundation. 2023. Wikipedia, dump of 2023-11-01.",
        homepage="https://huggingface.co/datasets/wikimedia/wikipedia",
    ),
    _task(
        "ntrex",
        "NTREX-128",
        "mlm",
        languages=("en", *NTREX_NAMES),
        parallel=True,
        licence="CC BY-SA 4.0",
        citation="Christian Federmann, Tom Kocmi and Ying Xin. 2022. NTREX-128. SUMEval.",
        homepage="https://github.com/MicrosoftTranslator/NTREX",
    ),
    *PAIR_TASKS,
)
TASK_BY_NAME = {task.name: task for task in TASKS}


def find_task(name: str) -> Task:
    """Return a task by name, also `bitext.NAME`; raises WrongUsage with all names for an unknown one."""
    if is_own(name) and name.startswith("bitext."):
        return OWN_TRANSLATIONS.model_copy(update={"name": name, "seen": name})
    if name not in TASK_BY_NAME:
        raise WrongUsage(f"no task is named {name!r}", cure=f"one of: {', '.join(TASK_BY_NAME)}")
    return TASK_BY_NAME[name]
