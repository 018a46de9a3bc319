"""The embedded default: a real encoder and real translations, both out of pinned wheels, for runs without a network."""
