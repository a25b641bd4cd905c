"""Starts what the platform needs on a bare machine. Standard library only: it runs before Django exists."""
