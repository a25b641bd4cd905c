"""A person's own messages. What is read is told by a press of a button: opening the list changes nothing."""

import re

from django.contrib import messages
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from . import actions

PER_PAGE = 30


@require_safe
def notification_list(request):
    """Newest first; ``?unread=1`` leaves out what was read."""
    own = request.user.notifications.order_by("-pk")
    only_unread = bool(request.GET.get("unread"))
    page = Paginator(own.unread() if only_unread else own, PER_PAGE).get_page(request.GET.get("page"))
    tabs = [
        {"label": _("すべて"), "url": "?", "current": not only_unread},
        {"label": _("未読"), "url": "?unread=1", "current": only_unread},
    ]
    has_unread = any(notification.read_at is None for notification in page.object_list)
    context = {"page": page, "tabs": tabs, "only_unread": only_unread, "has_unread": has_unread}
    return render(request, "notifications/notification_list.html", context)


@require_POST
def notification_read(request):
    """Mark one of one's own messages as read and go where it leads; without one, mark them all."""
    chosen = request.POST.get("notification", "")
    own = request.user.notifications
    if not chosen:
        count = actions.mark_read(own.all(), by=request.user)
        messages.success(request, _("%(count)d件を既読にしました。") % {"count": count})
        return redirect("notifications:notification_list")
    notification = get_object_or_404(own, pk=int(chosen) if re.fullmatch("[0-9]{1,19}", chosen) else None)
    actions.mark_read(own.filter(pk=notification.pk), by=request.user)
    leads_on = notification.path and url_has_allowed_host_and_scheme(notification.path, allowed_hosts=None)
    return redirect(notification.path if leads_on else "notifications:notification_list")
