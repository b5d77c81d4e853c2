"""PyTorch tools that techniques share: walking a decoder, statistics of inputs, grids, packing, rotations, saving.

Nothing is imported here, so that naming this room loads no PyTorch; a technique's `apply` imports what it needs.
"""
