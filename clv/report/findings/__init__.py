"""What a forecast does well and poorly on a file, read off its own test; and what helped, or would.

Every sentence follows from figures of the accuracy receipt (`clv.forecast.receipts`) and holds them. Nothing is
said where the figures don't carry it: a miss is told from chance by the error that the test itself
found customer by customer, and a gain is what another contender of the same test had.
"""

from clv.report.findings.base import Finding
from clv.report.findings.remedies import would_help
from clv.report.findings.verdicts import does_poorly, does_well

__all__ = ["Finding", "does_poorly", "does_well", "would_help"]
