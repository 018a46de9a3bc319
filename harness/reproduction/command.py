"""The command that measures a result again; its module is light, because the site prints the command."""

from __future__ import annotations

from harness.catalog import counts_all_judged, ignores_identical_ids, is_own
from harness.records import Result, Target


def reproducing_command(slug: str, target: Target, result: Result) -> str:
    """Return the command that reproduces a result, with every option that its numbers depend on."""
    return " ".join(("stiltboard evaluate", slug, *reproducing_options(target, result), "--overwrite"))


def reproducing_options(target: Target, result: Result, folder: str = "DIR") -> list[str]:
    """Return the options of `evaluate`; `folder` is where the text is that has to be brought along."""
    kind, _, name = target.name.partition(".")
    user_provided = is_own(target.name)
    options = [f"--{kind}", f"{name}={folder}"] if user_provided else ["-t", target.name]
    options += ["--data", folder] if target.needs_data and not user_provided else []
    if result.last_run and (dtype := result.last_run.dtype) in ("float32", "bfloat16"):
        options += ["--dtype", dtype]
    if kind == "clir":
        ignored = ignores_identical_ids(result.signature)
        options.append("--ignore-identical-ids" if ignored else "--rank-identical-ids")
        options.append("--all-judged" if counts_all_judged(result.signature) else "--only-with-relevant")
    if set(result.languages) < set(target.languages):
        options += [word for language in result.languages for word in ("-l", language)]
    return options + _mining_options(target, result)


def _mining_options(target: Target, result: Result) -> list[str]:
    """Return the options for mining settings that differ from the target's protocol."""
    mining, default = result.signature.mining, target.mining
    if mining is None or default is None:
        return []
    options = ["--margin", mining.margin.value] if mining.margin is not default.margin else []
    return options + (["--keep-duplicates"] if mining.keep_duplicates and not default.keep_duplicates else [])
