import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import render
from django.utils.timezone import get_default_timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

NEWEST = 100


@dataclass(frozen=True)
class Letter:
    name: str
    recipients: str
    sender: str
    subject: str
    body: str
    sent_at: datetime


@login_not_required
@never_cache
@require_safe
def letter_list(request):
    """The newest letters, optionally only those to the address in ``?to=``."""
    to = request.GET.get("to", "").strip()
    paths = sorted(Path(settings.EMAIL_FILE_PATH).glob("*.eml"), reverse=True)[:NEWEST]
    letters = [letter for letter in map(_read, paths) if to.lower() in letter.recipients.lower()]
    return render(request, "devmail/letter_list.html", {"letters": letters, "to": to})


@login_not_required
@never_cache
@require_safe
def letter_detail(request, name):
    path = Path(settings.EMAIL_FILE_PATH) / f"{name}.eml"
    if not re.fullmatch(r"[0-9T]+-[0-9a-f]+", name) or not path.exists():
        raise Http404
    return render(request, "devmail/letter_detail.html", {"letter": _read(path)})


def _read(path: Path) -> Letter:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    return Letter(
        name=path.stem,
        recipients=str(message["To"]),
        sender=str(message["From"]),
        subject=str(message["Subject"]),
        body=body.get_content() if body else "",
        sent_at=datetime.fromtimestamp(path.stat().st_mtime, tz=get_default_timezone()),
    )
