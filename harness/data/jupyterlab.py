"""Read JupyterLab's human translations out of the pinned language-pack wheels: the demonstration's parallel text."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path

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
    """Return the (English, translation) pairs of one locale, in the order of the English text.

    Kept are messages of at least four words without placeholders, markup or backticks on either side, whose
    translation differs. White space is folded, since the catalogues break lines for the screen; a message
    that stands in several catalogues counts once, with its first translation.
    """
    pairs: dict[str, str] = {}
    for path in _catalogues(locale):
        for key, translations in json.loads(path.read_text(encoding="utf-8")).items():
            message = " ".join(key.rpartition("\x04")[2].split())  # before \x04 stands gettext's context
            translation = " ".join(translations[0].split()) if key else ""
            if len(message.split()) < _WORDS or not translation or translation == message:
                continue
            if _MARKS.search(message) or _MARKS.search(translation):
                continue
            pairs.setdefault(message, translation)
    return sorted(pairs.items())
