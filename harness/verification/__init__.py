"""Verify results: recount scores, check digests, evaluate again, and probe for memorised sentences."""

from __future__ import annotations

from harness.verification.audit import chosen, parse_share
from harness.verification.findings import Finding, VerificationReport, Verified

__all__ = ["Finding", "VerificationReport", "Verified", "chosen", "parse_share"]
