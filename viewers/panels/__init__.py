"""Panels show values down and ask for edits up."""
