"""The link that leaves a replica: caches go over it one after the other, beside the steps.

idea:    a request that decodes elsewhere is first given memory there; then its cache is fetched, and only when it has
         landed is it let go where it came from (Zhong et al., DistServe, OSDI 2024, section 4.3: the memory of the
         prompt replicas is the queue between the pools). Where caches leave layer by layer while the prompt is read
         (Patel et al., Splitwise, ISCA 2024), what the last step of reading hides is off the time, but for
         the last layer.
departs: that hidden part does not wait for the link, nor for memory at the other end.
"""

from __future__ import annotations

from typing import Any

from interlock.serving.core.state import NEVER


def send(req: Any, rep: Any, r: int, now: float, u: Any) -> None:
    """Put a cache on the link of the replica that holds it."""
    s = req[r].source
    begin = max(now, rep[s].link_free)
    whole = (req[r].known - 1) * u.transfer_s
    visible = max(whole / u.transfer_layers, whole - req[r].hidden)
    req[r].sent = begin
    req[r].landed = begin + u.transfer_latency + visible
    rep[s].link_free = req[r].landed
    rep[s].sent_tokens += req[r].known - 1
    req[r].sibling = -1
    if rep[s].link_head < 0:
        rep[s].link_head = r
        rep[s].lands = req[r].landed
    else:
        req[rep[s].link_tail].sibling = r
    rep[s].link_tail = r


def arrived(req: Any, rep: Any, s: int) -> int:
    """Take the request whose cache lands next off a link."""
    r = rep[s].link_head
    rep[s].link_head = req[r].sibling
    req[r].sibling = -1
    rep[s].lands = NEVER
    if rep[s].link_head >= 0:
        rep[s].lands = req[rep[s].link_head].landed
    else:
        rep[s].link_tail = -1
    return int(r)
