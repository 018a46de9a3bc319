"""Files that are named by the SHA-256 of their content: in a folder, a bucket or a data set of the Hub.

remote (the files in their place, through fsspec) → file_cache (what this machine keeps of them, bounded) →
digest_store (a file by its digest, checked). fsspec is imported when a place is opened, and not before.
"""

from harness.object_store.digest_store import DigestStore, OtherContent

__all__ = ["DigestStore", "OtherContent"]
