"""Charts as Vega-Lite v5 dictionaries: the same dictionary draws in a page, a notebook or an image."""

from interlock.report.charts.breakdown import breakdown_chart
from interlock.report.charts.memory import memory_chart
from interlock.report.charts.pareto import pareto_chart
from interlock.report.charts.roofline import roofline_chart

__all__ = ["breakdown_chart", "memory_chart", "pareto_chart", "roofline_chart"]
