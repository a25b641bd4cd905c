import pytest
from django.core.mail import EmailMessage, get_connection

pytestmark = pytest.mark.urls("marketplace.devmail.urls")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "marketplace.devmail"]
    settings.EMAIL_FILE_PATH = tmp_path / "mail"
    return settings.EMAIL_FILE_PATH


def send(subject, to, body="本文\nhttps://localhost/x"):
    EmailMessage(
        subject,
        body,
        "運営 <no-reply@localhost>",
        [to],
        connection=get_connection("marketplace.devmail.backend.EmailBackend"),
    ).send()


@pytest.mark.django_db
def test_letters_are_listed_newest_first_and_read(client):
    send("一通目", "a@city.example")
    send("二通目", "b@city.example")
    letters = client.get("/dev/mail/").context["letters"]
    assert [(letter.subject, letter.recipients) for letter in letters] == [
        ("二通目", "b@city.example"),
        ("一通目", "a@city.example"),
    ]
    page = client.get(f"/dev/mail/{letters[0].name}/").text
    assert "二通目" in page
    assert '<a href="https://localhost/x"' in page


@pytest.mark.django_db
def test_letters_can_be_narrowed_to_a_recipient(client):
    send("一通目", "a@city.example")
    send("二通目", "b@city.example")
    assert [letter.subject for letter in client.get("/dev/mail/?to=A@city").context["letters"]] == ["一通目"]


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["20260101T000000000000-00000000", "..%2f..%2fsecrets", "x"])
def test_unknown_letter_is_not_found(client, name):
    assert client.get(f"/dev/mail/{name}/").status_code == 404


@pytest.mark.django_db
@pytest.mark.urls("marketplace.urls")
def test_mail_page_exists_on_development_machines_only(client):
    assert client.get("/dev/mail/").status_code == 404
