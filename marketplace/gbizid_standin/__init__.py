"""A development-only stand-in for GビズID: an OpenID provider of its own process, project and database.

It is never imported by the marketplace. ``python -m marketplace.gbizid_standin serve`` runs it.
"""
