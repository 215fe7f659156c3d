"""Tile pyramids: a city cut into tiles at many levels of detail, on disk, mapped when read."""
