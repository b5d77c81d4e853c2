"""Priority with aging: every second of waiting counts as much as a step of priority divided by `aging`.

idea:    with linear aging the order of two requests never changes while both wait, so the key is a constant:
         arrival + priority / aging.
source:  Silberschatz, Operating System Concepts, on aging.
"""

from interlock.serving.policy import Order

AGING_PER_S = 0.1  # a request of the next lower priority catches up after ten seconds

POLICY = Order(
    title="Priority, lowest number first, with linear aging",
    paper="Kleinrock 1964, A delay dependent queue discipline",
    key=lambda requests, expected: requests.arrival_s + requests.priority / AGING_PER_S,
)
