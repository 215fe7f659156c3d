"""The wall: a story told full screen, and the window of the one who tells it."""
