"""Measured serving runs replayed in the simulator, request by request, beside what was measured."""
