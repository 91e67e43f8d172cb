"""The steps of an import as somebody takes them in a browser."""

import base64
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from gis_core.jobs.inline import run_ready_jobs

ADDRESSES = {"import": "/demo/import/", "imports": "/demo/imports/", "map": "/demo/"}


def drop(page: Page, *given: Path) -> None:
    """Files dragged from the desktop onto the page."""
    packed = [[it.name, base64.b64encode(it.read_bytes()).decode()] for it in given]
    transfer = page.evaluate_handle(
        """files => {
            const transfer = new DataTransfer();
            for (const [name, text] of files) {
                const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
                transfer.items.add(new File([bytes], name, { lastModified: 1700000000000 }));
            }
            return transfer;
        }""",
        packed,
    )
    page.locator("[data-drop]").dispatch_event("drop", {"dataTransfer": transfer})


def upload(page: Page) -> None:
    page.get_by_role("button", name="Завантажити та перевірити").click()
    expect(page).to_have_url(re.compile(r"/demo/imports/[0-9a-f-]{36}/$"))


def step(page: Page, title: str) -> None:
    """The work of the step is done, and the page has gone on by itself."""
    finish(page)
    expect(page.locator("[aria-current=step]")).to_contain_text(title)


def finish(page: Page) -> None:
    """The job that the page waits for is done."""
    expect(page.locator("import-progress")).to_be_visible()
    run_ready_jobs()
    expect(page.locator("import-progress")).to_have_count(0)


def to_differences(page: Page, title: str) -> None:
    page.get_by_label("Назва українською").fill(title)
    page.get_by_label("Хто може бачити").select_option(label="Усі")
    page.get_by_role("button", name="Показати відмінності").click()
    step(page, "Відмінності")
