"""Trace files that others write, one format a file: `TITLE`, `reads(head)` and `read(path)`."""
