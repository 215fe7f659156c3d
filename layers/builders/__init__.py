"""Layers to layer: ground, heights, solids, draping, trees."""
