"""Data health: checks per kind, scores, fix list."""
