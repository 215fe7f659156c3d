"""Data as it came or was derived: kinds, readers, writers, builders, data health."""
