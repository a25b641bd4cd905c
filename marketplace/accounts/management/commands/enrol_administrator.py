from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.validators import validate_email

from marketplace.accounts.actions import enrol_administrator


class Command(BaseCommand):
    help = "Let in an administrator of the operator. The first one; every other role is granted on the site."

    def add_arguments(self, parser):
        parser.add_argument("email", help="the sign-in address; codes go there")
        parser.add_argument("name", help="as people know them, e.g. '運営 花子'")

    def handle(self, *, email, name, **options):
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"{email}: not an e-mail address.") from error
        user, created = enrol_administrator(name=name, email=email)
        state = "enrolled" if created else "already enrolled"
        self.stdout.write(f"{user.reference} {state}. They sign in at /sign-in/ and set up a second factor there.")
