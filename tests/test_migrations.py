import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_migrations_are_complete():
    """A changed model without its migration ends the command with an exit."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
