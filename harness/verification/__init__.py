"""Verify results: recount them, set digests and fingerprints against what is pinned, evaluate again, and probe for learnt tables."""

from __future__ import annotations

from harness.verification.audit import chosen, parse_share
from harness.verification.findings import Finding, VerificationReport, Verified

__all__ = ["Finding", "VerificationReport", "Verified", "chosen", "parse_share"]
