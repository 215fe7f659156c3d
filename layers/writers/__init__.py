"""Layer to file."""
