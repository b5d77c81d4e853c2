"""One file an architecture; its name is the `model_type` of Hugging Face, with hyphens as underscores.

Each has `read(config: Config, name: str) -> Model`. There is no list: a new file is a new architecture.
"""
