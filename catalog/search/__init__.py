"""Japanese search over the listed software. Knows nothing of requests.

normalise → tokens → document → query → page: each imports only what stands left of it. The table is derived: everything
in it can be made again from the live rows by ``manage.py rebuild_search``. See docs/decisions/0008-search.md.
"""
