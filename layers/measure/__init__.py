"""Distances, areas, angles and profiles, with how far they can be trusted."""
