"""Tools of the eye and of the hand: each declares its actions and does them."""
