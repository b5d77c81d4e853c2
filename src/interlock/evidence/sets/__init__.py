"""Sets of public measurements: one file each, its name the folder's name.

Each has `read(folder: Path) -> list[Measurements]`, `ABOUT: About` and nothing else public. There is no list.
"""
