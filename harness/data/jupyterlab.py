"""Read JupyterLab's human translations from pinned language-pack wheels: the demonstration's bitext."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from harness.data.json_files import read_json
from harness.errors import BadInput

VERSION = "4.5.post3"
_MARKS = re.compile(r"[%{<`]")  # placeholders (%1, {name}), markup, code
_WORDS = 4


def _catalogues(locale: str) -> list[Path]:
    module = f"jupyterlab_language_pack_{locale}"
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        wheel = f"jupyterlab-language-pack-{locale.replace('_', '-')}=={VERSION}"
        raise BadInput(f"the language pack {module} is not installed", cure=f"pip install '{wheel}'")
    return sorted(Path(spec.origin).parent.glob(f"locale/{locale}/LC_MESSAGES/*.json"))


def load_messages(locale: str) -> list[tuple[str, str]]:
    """Return the (English, translation) pairs of one locale, sorted by the English text.

    A message is included if it has at least four words, no placeholders, markup or backticks on either side,
    and a translation that differs from it. White space is folded, since the catalogues break lines for the
    screen; a message in several catalogues counts once, with its first translation.
    """
    pairs: dict[str, str] = {}
    for path in _catalogues(locale):
        for key, translations in read_json(path).items():
            message = " ".join(key.rpartition("\x04")[2].split())  # gettext's context precedes \x04
            translation = " ".join(translations[0].split()) if key else ""
            if len(message.split()) < _WORDS or not translation or translation == message:
                continue
            if _MARKS.search(message) or _MARKS.search(translation):
                continue
            pairs.setdefault(message, translation)
    return sorted(pairs.items())
