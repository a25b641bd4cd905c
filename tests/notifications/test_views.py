import pytest
from django.db import transaction
from django.urls import reverse

from marketplace.notifications.actions import notify
from marketplace.notifications.models import Notification
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

LIST = reverse("notifications:notification_list")
READ = reverse("notifications:notification_read")
NOTIFICATION_LIST_QUERIES = 6


def told(user, path="/vendor/"):
    return Notification.objects.create(
        user=user, event="test", subject="修正のお願い", body="直してください。", path=path
    )


@pytest.mark.parametrize("count", [1, 3])
def test_notification_list_query_count(client, django_assert_num_queries, count):
    user = UserFactory()
    own = [told(user) for _ in range(count)]
    told(UserFactory())  # somebody else's: could leak, must not
    client.force_login(user)
    with django_assert_num_queries(NOTIFICATION_LIST_QUERIES):
        response = client.get(LIST)
    assert list(response.context["page"].object_list) == own[::-1]
    assert f'<span class="count">{count}<' in response.content.decode()


def test_notification_opened_is_read_and_leads_on(client):
    user = UserFactory()
    notification, other = told(user), told(user)
    client.force_login(user)
    client.get(LIST)
    assert user.notifications.unread().count() == 2  # reading the list marks nothing
    assert client.post(READ, {"notification": notification.pk}).url == "/vendor/"
    assert list(user.notifications.unread()) == [other]
    assert [n.pk for n in client.get(LIST, {"unread": "1"}).context["page"].object_list] == [other.pk]


@pytest.mark.parametrize("number", ["²", "9" * 5000, "9" * 19, "-1"])
def test_notification_of_no_such_number_is_not_found(client, number):
    client.force_login(UserFactory())
    assert client.post(READ, {"notification": number}).status_code == 404


def test_notifications_are_marked_all_at_once(client):
    user, stranger = UserFactory(), UserFactory()
    told(user), told(user), told(stranger)
    client.force_login(user)
    assert client.post(READ).url == LIST
    assert not user.notifications.unread().exists()
    assert stranger.notifications.unread().count() == 1


@pytest.mark.parametrize("chosen", ["0", "x", "99999999999999999999"])
def test_notification_of_nobody_does_not_exist(client, chosen):
    client.force_login(UserFactory())
    assert client.post(READ, {"notification": chosen}).status_code == 404


def test_notification_of_somebody_else_does_not_exist(client):
    notification = told(UserFactory())
    client.force_login(UserFactory())
    assert client.post(READ, {"notification": notification.pk}).status_code == 404
    notification.refresh_from_db()
    assert notification.read_at is None


def test_notification_never_leads_off_the_site(client):
    user = UserFactory()
    notification = told(user, path="//evil.example/")
    client.force_login(user)
    assert client.post(READ, {"notification": notification.pk}).url == LIST


def test_notification_list_needs_a_sign_in(client):
    assert client.get(LIST).status_code == 302


def test_notify_outside_a_transaction_is_an_error(transactional_db):
    with pytest.raises(RuntimeError):
        notify([], "review_approved", room="catalog")
    with transaction.atomic():
        assert notify([], "software_lapsed", room="catalog", software=None) == []
