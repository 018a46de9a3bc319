"""The names that languages have in NTREX-128's files, by the catalog's code."""

from __future__ import annotations

# `es-ref2` is the second Spanish reference.
NTREX_FILES = {
    "af": "afr", "am": "amh", "ar": "arb", "az": "aze-Latn", "ba": "bak", "be": "bel", "bem": "bem",
    "bn": "ben", "bo": "bod", "bs": "bos", "bg": "bul", "ca": "cat", "cs": "ces", "ckb": "ckb-Arab",
    "cy": "cym", "da": "dan", "de": "deu", "dv": "div", "dz": "dzo", "el": "ell", "en-GB": "eng-GB",
    "en-IN": "eng-IN", "en-US": "eng-US", "et": "est", "eu": "eus", "ee": "ewe", "fo": "fao", "fa":
    "fas", "fj": "fij", "fil": "fil", "fi": "fin", "fr": "fra", "fr-CA": "fra-CA", "fuc": "fuc", "ga":
    "gle", "gl": "glg", "gu": "guj", "ha": "hau", "he": "heb", "hi": "hin", "hmn": "hmn", "hr": "hrv",
    "hu": "hun", "hy": "hye", "ig": "ibo", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "kn":
    "kan", "ka": "kat", "kk": "kaz", "km": "khm", "rw": "kin", "ky": "kir", "ku": "kmr", "ko": "kor",
    "lo": "lao", "lv": "lav", "lt": "lit", "lb": "ltz", "ml": "mal", "mr": "mar", "mey": "mey", "mk":
    "mkd", "mg": "mlg", "mt": "mlt", "mn": "mon", "mi": "mri", "ms": "msa", "my": "mya", "nd": "nde",
    "ne": "nep", "nl": "nld", "nn": "nno", "nb": "nob", "nso": "nso", "ny": "nya", "om": "orm", "pa":
    "pan", "pl": "pol", "pt": "por", "pt-BR": "por-BR", "prs": "prs", "ps": "pus", "ro": "ron", "ru":
    "rus", "shi": "shi", "si": "sin", "sk": "slk", "sl": "slv", "sm": "smo", "sn": "sna-Latn", "sd":
    "snd-Arab", "so": "som", "es": "spa", "es-MX": "spa-MX", "sq": "sqi", "sr": "srp-Cyrl", "sr-Latn":
    "srp-Latn", "ss": "ssw", "sw": "swa", "sv": "swe", "ty": "tah", "ta": "tam", "tt": "tat", "te":
    "tel", "tg": "tgk-Cyrl", "th": "tha", "ti": "tir", "to": "ton", "tn": "tsn", "tk": "tuk", "tr":
    "tur", "ug": "uig", "uk": "ukr", "ur": "urd", "uz": "uzb", "ve": "ven", "vi": "vie", "wo": "wol",
    "xh": "xho", "yo": "yor", "yue": "yue", "zh": "zho-CN", "zh-TW": "zho-TW", "zu": "zul", "es-ref2":
    "ref-2.spa",
}  # fmt: skip
