"""Films: a path of the eye, frames that depend on their number alone, MP4 or numbered pictures."""
