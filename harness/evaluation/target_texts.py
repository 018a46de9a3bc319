"""The targets that are named, and their text."""

from __future__ import annotations

from collections.abc import Sequence

from harness.catalog import TARGETS, find_target, is_own
from harness.catalog.lookup import language_named, split_names, split_targets, target_named
from harness.data import find_own_target, load_examples, refuse_inner_folder
from harness.data.examples import Examples
from harness.data.hub import noting_revisions
from harness.errors import BadInput, Fault, Unreachable, WrongUsage
from harness.evaluation.run import Run
from harness.evaluation.target_plan import TargetPlan
from harness.records import Target
from harness.store import find_results


def load_targets(
    names: Sequence[str], languages: Sequence[str], run: Run
) -> tuple[list[TargetPlan], list[Fault]]:
    """Load the named targets; without names the user-provided ones, or else all of XTREME.

    Where results of former weights are measured again, all that have a result and whose text is given.
    """
    if run.options.data is not None:
        refuse_inner_folder(run.options.data)
    if run.options.stale and not names:
        stored = [path.stem for path in find_results(run.folder)]
        names = [name for name in stored if not is_own(name) or name in run.options.own]
    targets = [_find(name, run) for name in split_targets(names) or run.options.own] or _benchmark(run)
    languages = _read_languages(languages, targets, run)
    if not names and not run.options.own:  # of the whole benchmark, the targets that have them
        targets = [target for target in targets if not languages or set(languages) & set(target.languages)]
    for target in targets:
        for language in languages:
            if language not in target.languages and (names or len(targets) == 1):
                language_named(language, target.languages, target.name)  # raises
    plans: list[TargetPlan] = []
    faults: list[Fault] = []
    for target in targets:
        try:
            plans.append(_load_examples(target, languages, run))
        except BadInput as reason:
            faults.extend(reason.faults)
    if not plans:
        raise BadInput(faults)
    return plans, faults


def _read_languages(codes: Sequence[str], targets: Sequence[Target], run: Run) -> list[str]:
    """Return the languages of the targets that the codes mean; report each that is read as another."""
    known = list(dict.fromkeys(language for target in targets for language in target.languages))
    languages = []
    for code in split_names(codes):
        languages.append(language_named(code, known, targets[0].name if len(targets) == 1 else ""))
        if languages[-1] != code:
            run.reporter.report(f"language {code} is read as {languages[-1]}")
    return list(dict.fromkeys(languages))


def _benchmark(run: Run) -> list[Target]:
    """Return XTREME's targets; report those that are left out because the Hub lacks their text."""
    targets = [target.with_mining(run.options.mining) for target in TARGETS if target.in_xtreme]
    if run.options.data is None:
        for target in targets:
            if target.needs_data:
                run.reporter.report(
                    f"{target.name} is left out: the Hub does not have its text; "
                    f"--data DIR reads it from DIR/{target.name}"
                )
        targets = [target for target in targets if not target.needs_data]
    return targets


def _find(written: str, run: Run) -> Target:
    name = target_named(written, run.options.own)
    if name != written:
        run.reporter.report(f"target {written} is read as {name}")
    if is_own(name):
        if name not in run.options.own:
            kind, _, rest = name.partition(".")
            raise WrongUsage(f"no folder is given for the text of {name}", cure=f"--{kind} {rest}=DIR")
        return find_own_target(
            name,
            run.options.own[name],
            ignore_identical_ids=run.options.ignore_identical_ids,
            all_judged=run.options.all_judged,
        )
    target = find_target(name)
    if (retired := target.retired) is not None:
        instead = f"; {retired.superseded_by} replaces it" if retired.superseded_by else ""
        run.reporter.report(f"{name} was retired on {retired.date}: {retired.reason}{instead}")
    return target.with_mining(run.options.mining)


def _load_examples(target: Target, languages: Sequence[str], run: Run) -> TargetPlan:
    """Read a target's text; languages without text are `unreadable`. Raises BadInput if all are."""
    examples: dict[str, Examples] = {}
    fingerprints: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    revisions: dict[str, str] = {}
    faults: list[Fault] = []
    for language in [language for language in target.languages if not languages or language in languages]:
        try:
            with noting_revisions() as read:
                folder = run.options.own.get(target.name, run.options.data)
                all_examples = load_examples(target, language, folder)
        except Unreachable:
            raise
        except BadInput as reason:
            unreadable[language] = reason.faults[0].message
            faults.extend(reason.faults)
            run.reporter.report(f"{target.name} {language} is left out: {reason.faults[0]}")
        else:
            examples[language] = all_examples.first(run.options.limit) if run.options.limit else all_examples
            fingerprints[language] = all_examples.fingerprint
            revisions |= read
    if not examples:
        raise BadInput(faults)
    return TargetPlan(
        target, examples, fingerprints, unreadable, {}, seeds=run.options.seeds, revisions=revisions
    )
