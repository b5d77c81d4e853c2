"""The command line: one file a command, each a thin face of the Python API."""

from interlock.cli.application import main

__all__ = ["main"]
