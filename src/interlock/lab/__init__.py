"""Real models on this machine: text, small language models, their training, and the quality that techniques leave.

Only the files of this room and of `surgery` import PyTorch, so that everything to the left plans without it.
"""
