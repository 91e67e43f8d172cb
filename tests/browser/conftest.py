"""What browser tests share: one Chromium for a module, and windows of readers in it."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, expect

from gis_core.people import User
from tests.browser import pages
from tests.browser.pages import SIZES, Watched, watch

# Playwright's sync API keeps a loop in this thread, which Django takes for async code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
# A machine under test is a busy one; what is there at once is not waited for.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with pages.browser() as opened:
        yield opened


@pytest.fixture
def window(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Watched]]:
    """`window({"map": "/demo/"}, "en", "phone", user=editor)`: a reader's window, on no page yet; without
    a language the reader has chosen none. What was complained about or asked of another host fails the
    test at its end."""
    opened: list[Watched] = []

    def make(
        addresses: Mapping[str, str],
        lang: str | None = None,
        size: str = "wide",
        *,
        user: User | None = None,
        **options: Any,
    ) -> Watched:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(15_000)
        cookies = {settings.LANGUAGE_COOKIE_NAME: lang} if lang else {}
        if user is not None:
            client = Client()
            client.force_login(user)
            cookies[settings.SESSION_COOKIE_NAME] = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()]
        )
        opened.append(watch(context, live_server.url, dict(addresses)))
        return opened[-1]

    yield make
    complaints = [line for reader in opened for line in reader.console]
    outside = [address for reader in opened for address in reader.outside]
    for reader in opened:
        reader.page.context.close()
    assert (complaints, outside) == ([], [])
