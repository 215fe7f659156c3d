"""Edits: small frozen records with `label` and `apply(city) -> city`."""
