"""Models by name: the shipped one, those in installable packages, folders and GGUF files of the user's own."""
