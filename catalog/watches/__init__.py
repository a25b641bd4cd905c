"""Saved searches that tell their owner what changed.

Whoever changes what search finds leaves a ``ChangedListing`` in the same transaction. ``look_at_changes`` takes these up,
compares every saved search with what it knew of the listing, and writes what is new as ``SavedSearchHit``: the ledger in
which no event stands twice. Hits are told at once or in a digest. See docs/decisions/0013-watches.md.
"""
