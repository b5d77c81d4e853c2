"""Faces of a result: plain data, CSV, charts, one HTML file, and the command that starts a deployment."""

from interlock.report.csv_table import explanation_csv, plan_csv
from interlock.report.launch import Launch, launch_command
from interlock.report.page import explanation_page, plan_page
from interlock.report.record import estimate_record, explanation_record, plan_record
from interlock.report.write import write

__all__ = [
    "Launch",
    "estimate_record",
    "explanation_csv",
    "explanation_page",
    "explanation_record",
    "launch_command",
    "plan_csv",
    "plan_page",
    "plan_record",
    "write",
]
