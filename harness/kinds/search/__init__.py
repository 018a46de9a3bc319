"""Search vectors: exact nearest neighbours within a memory bound, and margins for mining."""
