"""Cloud and device: the batch at which a server gives more tokens a joule, and a device's bound at batch 1."""

import itertools

from interlock import api
from interlock.exhibits.base import Reproduction, above, below, claim, holds, reproduction
from interlock.exhibits.datasheet import decode_bound

CLAIM = claim(
    "a cloud batches many users, a device serves one", "the mobile slides, cloud-side and device-side computing"
)


def run() -> Reproduction:
    """Llama 3 8B at 4 bits on a phone alone and on an H100 with 1 to 256 users: tokens a joule cross over."""
    phone = api.estimate("llama-3-8b", "dimensity-9300", weight_format="int4-g128", prompt=256, output=128)
    batches = [2**power for power in range(9)]
    cloud = [
        api.estimate(
            "llama-3-8b", "h100-sxm", weight_format="int4-g128", prompt=256, output=128, batch=b, stack="ideal"
        )
        for b in batches
    ]
    device = 1 / (phone.joules_per_token or float("nan"))
    server = [1 / (e.joules_per_token or float("nan")) for e in cloud]
    crossover = next(b for b, value in zip(batches, server, strict=True) if value > device)
    bound = decode_bound("llama-3-8b", "dimensity-9300", weight="int4-g128")
    return reproduction(
        holds("with one user, the phone gives more tokens a joule", device > server[0]),
        below("users from which the server gives more", 8, crossover, "users"),
        holds(
            "tokens a joule of the server grow with every doubling",
            all(a < b for a, b in itertools.pairwise(server)),
        ),
        below("the phone's rate, below its bandwidth bound", bound, phone.tokens_per_s, "token/s"),
        above("and above two fifths of it", 0.4 * bound, phone.tokens_per_s, "token/s"),
        above("throughput of 256 users over 1 on the server", 20, cloud[-1].tokens_per_s / cloud[0].tokens_per_s),
    )
