import time
import unicodedata
from collections.abc import Iterator

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.apps import apps
from django.conf import settings
from django.core.management import BaseCommand, CommandError

from marketplace.accounts.enums import GbizAccountType, Role
from marketplace.accounts.models import User
from marketplace.demo import data
from marketplace.gbizid_standin import presets

SHORT_AGENCY = "青空市"


class Command(BaseCommand):
    help = "List the demonstration's accounts and how to sign in as them."

    def add_arguments(self, parser):
        parser.add_argument("--short", action="store_true", help="the operator, one agency and a few vendors")
        parser.add_argument(
            "--codes", action="store_true", help="with the authenticator's secret and its code of this moment"
        )
        parser.add_argument("--force", action="store_true", help="with --codes: outside the development settings too")

    def handle(self, *, short, codes, force, **options):
        if codes and not force and not apps.is_installed("marketplace.devmail"):
            raise CommandError("Secrets are shown in the development settings only (--force shows them anyway).")
        demo, url = data.load(), settings.PUBLIC_URL
        self.stdout.write(
            f"Officials: {url}/sign-in/ by e-mail address; first code {url}/dev/mail/, second {url}/dev/authenticator/"
        )
        for body in (demo.operator, *demo.agencies):
            if short and body["name"] not in (demo.operator["name"], SHORT_AGENCY):
                continue
            self.stdout.write(f"  {body['name']}")
            for person in body["people"]:
                code = self._code(person["email"]) if codes else ""
                role = Role(person["role"]).label
                self.stdout.write(
                    f"    {_padded(role, 14)}{_padded(person['name'], 14)}{person['email']:<34}{code}".rstrip()
                )
        self.stdout.write(f"Vendors: {url}/sign-in/ with GビズID, then choose in the stand-in")
        for line in self._vendors(short):
            self.stdout.write(f"    {line}")
        if short:
            self.stdout.write("All of them: make manage ARGS=demo_accounts")

    def _vendors(self, short: bool) -> Iterator[str]:
        seen = set()
        for account in presets.accounts().values():
            if short and account["account_type"] in seen:
                continue
            seen.add(account["account_type"])
            kind = GbizAccountType(account["account_type"]).label
            if account["account_type"] == GbizAccountType.MEMBER and not account["mandate"]:
                kind += "（委任なし）"
            person = f"{account['user_last_nm']} {account['user_first_nm']}"
            yield f"{_padded(str(kind), 24)}{_padded(person, 14)}{account.get('name', '')}".rstrip()

    def _code(self, email: str) -> str:
        user = User.objects.filter(email=email).first()
        app = user and Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
        if not app:
            return "no authenticator"
        secret = decrypt(app.data["secret"])
        return f"{format_hotp_value(hotp_value(secret, int(time.time()) // app_settings.TOTP_PERIOD))}  {secret}"


def _padded(text: str, width: int) -> str:
    """``text`` to ``width`` columns of a terminal, where a full-width character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
    return text + " " * max(1, width - taken)
