"""Search vectors: exact nearest neighbours within a memory bound, and the margins that mining scores pairs by."""
