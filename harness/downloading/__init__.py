"""Bring files of the Hub to this machine: listed once, checked against its digests, continued after a fault.

hub_faults (what went wrong, as an error with a cure) → hub_requests (timeouts, further tries) → transfer (one
file, from where an earlier try ended) → hub_snapshot (a repository's files at a commit, in the Hub's cache).
`transfer_progress` reports bytes, speed and the time left.
"""

from harness.downloading.hub_faults import hub_error
from harness.downloading.hub_requests import current_commit, patient_session
from harness.downloading.hub_snapshot import (
    WrongBytes,
    branch_commit,
    damaged_files,
    download_snapshot,
    forget,
)
from harness.downloading.transfer_progress import report_download, reporting_downloads

__all__ = [
    "WrongBytes",
    "branch_commit",
    "current_commit",
    "damaged_files",
    "download_snapshot",
    "forget",
    "hub_error",
    "patient_session",
    "report_download",
    "reporting_downloads",
]
