"""A story as one file that opens in a browser: the city as glTF, a small viewer, nothing from outside."""
