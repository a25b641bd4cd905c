"""Measures search beside its peers, on a corpus made for it and in a database of its own."""
