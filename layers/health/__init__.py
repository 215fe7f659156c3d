"""Data health: checks, six scores, a grade and a list of what to repair first."""
