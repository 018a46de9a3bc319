"""Open checkpoints: verified files, vectors by an encoder, predictions by a head, and the cache of vectors."""
