"""Paths of the downloads within the site; slugs and names are lower case, so that no two share a file."""

from __future__ import annotations

ACCOUNT = "experiment.html"
ANSWER_JSON = "data/answer.json"
CHANGES = "changes.html"
COLOURS = "static/colours.css"
FEED = "feed.xml"
GAPS_CSV = "data/gaps.csv"
LEADERBOARD_CSV = "data/leaderboard.csv"
LEADERBOARD_JSON = "data/leaderboard.json"
LEADERBOARD_SCHEMA = "data/leaderboard.schema.json"
ROBOTS = "robots.txt"
SITEMAP = "sitemap.xml"
SITE_CARD = "static/card.png"

# The folders of the files that bear a submission's slug.
_BADGES = "badges/"
_CARDS, _CURVES, _EXAMPLES, _MODEL_CARDS = (
    "cards/",
    "data/precision-recall/",
    "data/examples/",
    "data/model-cards/",
)
_OUTCOMES = "data/outcomes/"
_MTEB, _PAGES, _RESULTS = "data/mteb/Tatoeba/", "submissions/", "data/results/"


def logo(file: str) -> str:
    """Return the path of the board's own logo, which is in a file of another name."""
    return f"static/logo{file[file.rindex('.') :]}" if file else ""


def page(slug: str) -> str:
    """Return the path of a submission's page."""
    return f"{_PAGES}{slug}.html"


def under_former_slug(path: str, slug: str, former: str) -> str:
    """Return the path that one of a submission's files had under a former slug."""
    folder = next(
        folder
        for folder in (_BADGES, _CARDS, _CURVES, _EXAMPLES, _MODEL_CARDS, _MTEB, _OUTCOMES, _RESULTS)
        if path.startswith(f"{folder}{slug}")
    )
    return f"{folder}{former}{path.removeprefix(f'{folder}{slug}')}"


def target_csv(target: str) -> str:
    """Return the path of a target's ranking."""
    return f"data/targets/{target}.csv"


def by_language_csv(target: str) -> str:
    """Return the path of a target's scores by submission, seed and language."""
    return f"data/by-language/{target}.csv"


def model_card(slug: str) -> str:
    """Return the path of a submission's model-card metadata."""
    return f"{_MODEL_CARDS}{slug}.yaml"


def curves(slug: str, target: str) -> str:
    """Return the path of the complete precision-recall curves of a result."""
    return f"{_CURVES}{slug}/{target}.json"


def examples(slug: str, target: str) -> str:
    """Return the path of the script with the examples of a result."""
    return f"{_EXAMPLES}{slug}/{target}.js"


def outcomes(slug: str, target: str) -> str:
    """Return the path of a result's outcomes."""
    return f"{_OUTCOMES}{slug}/{target}.parquet"


def results(slug: str) -> str:
    """Return the path of a submission's results as the harness wrote them."""
    return f"{_RESULTS}{slug}.json"


def mteb(slug: str) -> str:
    """Return the path of a submission's Tatoeba result in mteb's format."""
    return f"{_MTEB}{slug}.json"


def badge(slug: str) -> str:
    """Return the path of a submission's badge."""
    return f"{_BADGES}{slug}.svg"


def card(slug: str) -> str:
    """Return the path of a submission's preview picture."""
    return f"{_CARDS}{slug}.png"
