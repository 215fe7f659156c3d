"""One frozen dataclass per kind of layer."""
