"""How moments are written, where Django's own formats differ from what an office expects: 24 hours, day before month."""
