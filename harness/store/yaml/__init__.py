"""YAML that strangers write: strict text first, types by schema after, every fault with file, line and column."""
