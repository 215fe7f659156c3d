"""Dialogs return a value or None."""
