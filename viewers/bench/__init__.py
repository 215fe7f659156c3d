"""Measurements beside the alternatives, in one run on one machine."""
