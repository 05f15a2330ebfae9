"""What pages tell the browser they may load, and the other protective headers."""

import asyncio

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from tradebot.csp import ADMIN, CHART_LOGO, HEADER, OWN, ContentSecurityPolicyMiddleware


def answer(path, view=lambda request: HttpResponse("page")):
    return ContentSecurityPolicyMiddleware(view)(RequestFactory().get(path))


def directives(policy):
    return dict(part.strip().split(" ", 1) for part in policy.split(";"))


def test_own_pages_run_scripts_from_our_files_only():
    header = answer("/")[HEADER]

    assert header == OWN
    assert directives(header)["script-src"] == "'self'"
    assert directives(header)["frame-ancestors"] == "'none'"
    assert directives(header)["object-src"] == "'none'"


def test_own_pages_take_no_inline_style_but_the_charts_logo():
    styles = directives(answer("/")[HEADER])["style-src"].split()

    assert styles == ["'self'", CHART_LOGO]
    assert "'unsafe-inline'" in directives(ADMIN)["style-src"]


def test_admin_has_its_own_policy():
    assert answer("/admin/trading/order/")[HEADER] == ADMIN
    assert "'unsafe-eval'" in directives(ADMIN)["script-src"]


def test_a_path_that_only_looks_like_the_admin_gets_ours():
    assert answer("/administrators/")[HEADER] == OWN


def test_a_view_may_set_its_own_policy():
    own = HttpResponse("report", headers={HEADER: "default-src 'none'"})

    assert answer("/report/", lambda request: own)[HEADER] == "default-src 'none'"


def test_async_views_get_the_header_too():
    async def view(request):
        return HttpResponse("page")

    async def ask():
        return await ContentSecurityPolicyMiddleware(view)(RequestFactory().get("/"))

    assert asyncio.run(ask())[HEADER] == OWN


@pytest.mark.django_db
def test_every_page_carries_the_protective_headers(client):
    page = client.get("/admin/login/")

    assert page.status_code == 200
    assert page["X-Frame-Options"] == "DENY"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Referrer-Policy"] == "same-origin"
    assert page[HEADER] == ADMIN
    assert page.cookies["csrftoken"]["httponly"]
    assert page.cookies["csrftoken"]["samesite"] == "Lax"


@pytest.mark.django_db
def test_static_files_are_served_without_collectstatic(client):
    page = client.get("/static/unfold/css/styles.css")

    assert page.status_code == 200
    assert page["Content-Type"].startswith("text/css")


@pytest.mark.django_db
def test_a_foreign_host_name_is_refused(client):
    assert client.get("/admin/login/", headers={"host": "evil.example"}).status_code == 400
