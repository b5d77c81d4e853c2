"""Serving: a discrete-event simulator whose clock is the cost model, and the policies that it runs."""
