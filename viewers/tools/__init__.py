"""Tools own the mouse and make one edit on release."""
