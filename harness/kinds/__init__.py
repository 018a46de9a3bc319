"""How each kind of target is run: examples and a model in, outcomes and scores out."""
