"""Open checkpoints: verified files, vectors from an encoder, predictions from a head, a vector cache."""
