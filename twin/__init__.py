"""The city, its scenarios, rules, analyses, indicators and project file."""
