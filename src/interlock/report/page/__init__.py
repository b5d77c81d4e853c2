"""Results as one HTML file that opens with no network."""

from interlock.report.page.explanation import explanation_page
from interlock.report.page.plan import plan_page

__all__ = ["explanation_page", "plan_page"]
