"""File to layer: one module per family of formats, one registry that lists them."""
