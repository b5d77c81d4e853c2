"""Tokens given out one by one, and nobody let in whom the batch would outgrow its memory with.

source: LightLLM (ModelTC), Token Attention and the router's estimate of the most tokens a batch will hold.
"""

from interlock.serving.policy import Memory

POLICY = Memory(
    title="token by token, as long as the peak to come fits",
    paper="LightLLM, ModelTC 2023",
    grows=True,
    block=1,
    watermark=0.0,
    foresees=True,
)
