"""One exhibit a file; the file's name is the system's id, with underscores for hyphens."""
