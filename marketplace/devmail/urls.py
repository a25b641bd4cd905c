from django.urls import path

from marketplace import devpages
from marketplace.devmail.authenticator import code_list
from marketplace.devmail.views import letter_detail, letter_list
from marketplace.urls import *  # noqa: F403 - the same site, handlers included, and the mail page on top
from marketplace.urls import urlpatterns

urlpatterns = [
    *urlpatterns,
    path("dev/components/", devpages.components, name="components"),
    path("dev/authenticator/", code_list, name="devmail_code_list"),
    path("dev/mail/", letter_list, name="devmail_list"),
    path("dev/mail/<str:name>/", letter_detail, name="devmail_detail"),
]
