"""Paths of the downloads within the site; slugs and names are lower case, so that no two share a file."""

from __future__ import annotations

FEED = "feed.xml"
LEADERBOARD_CSV = "data/leaderboard.csv"
LEADERBOARD_JSON = "data/leaderboard.json"
LEADERBOARD_SCHEMA = "data/leaderboard.schema.json"
ROBOTS = "robots.txt"
SITEMAP = "sitemap.xml"
SITE_CARD = "static/card.png"


def target_csv(target: str) -> str:
    """Return the path of a target's ranking."""
    return f"data/targets/{target}.csv"


def by_language_csv(target: str) -> str:
    """Return the path of a target's scores by submission, seed and language."""
    return f"data/by-language/{target}.csv"


def model_card(slug: str) -> str:
    """Return the path of a submission's model-card metadata."""
    return f"data/model-cards/{slug}.yaml"


def curves(slug: str, target: str) -> str:
    """Return the path of the complete precision-recall curves of a result."""
    return f"data/precision-recall/{slug}/{target}.json"


def results(slug: str) -> str:
    """Return the path of a submission's results as the harness wrote them."""
    return f"data/results/{slug}.json"


def mteb(slug: str) -> str:
    """Return the path of a submission's Tatoeba result in mteb's format."""
    return f"data/mteb/Tatoeba/{slug}.json"


def card(slug: str) -> str:
    """Return the path of a submission's preview picture."""
    return f"cards/{slug}.png"
