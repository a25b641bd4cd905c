"""The Django project, and what both domains share."""
