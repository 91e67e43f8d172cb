"""The tags that load the browser code, from Vite's manifest."""

import json
from pathlib import Path

import pytest
from django.template import Context, Template
from pytest_django.fixtures import Settings

from frontend.templatetags import vite

CHUNKS = {
    "_shared.js": {"file": "assets/shared-1.js", "css": ["assets/shared-1.css"], "imports": ["_deep.js"]},
    "_deep.js": {"file": "assets/deep-1.js", "imports": ["_shared.js"]},
    "src/pages/editor.ts": {"file": "assets/editor-1.js", "css": ["assets/editor-1.css"]},
    "src/pages/viewer.ts": {
        "file": "assets/viewer-1.js",
        "isEntry": True,
        "css": ["assets/viewer-1.css", "assets/shared-1.css"],
        "imports": ["_shared.js"],
        "dynamicImports": ["src/pages/editor.ts"],
    },
    "src/styles/base.css": {"file": "assets/base-1.css", "isEntry": True},
}


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(CHUNKS), encoding="utf-8")
    monkeypatch.setattr(vite, "MANIFEST", path)
    settings.STATIC_URL = "/static/"
    return path


def rendered(name: str) -> str:
    return Template("{% load vite %}{% vite_entry name %}").render(Context({"name": name}))


def test_an_entry_brings_its_styles_its_imports_and_its_script_each_once(manifest: Path) -> None:
    assert rendered("src/pages/viewer.ts") == (
        '<link rel="stylesheet" href="/static/frontend/assets/shared-1.css">'
        '<link rel="stylesheet" href="/static/frontend/assets/viewer-1.css">'
        '<link rel="modulepreload" href="/static/frontend/assets/deep-1.js">'
        '<link rel="modulepreload" href="/static/frontend/assets/shared-1.js">'
        '<script type="module" src="/static/frontend/assets/viewer-1.js"></script>'
    )


def test_what_is_loaded_on_demand_is_not_preloaded(manifest: Path) -> None:
    assert "editor" not in rendered("src/pages/viewer.ts")


def test_a_style_sheet_as_entry_is_a_link_and_no_script(manifest: Path) -> None:
    assert rendered("src/styles/base.css") == (
        '<link rel="stylesheet" href="/static/frontend/assets/base-1.css">'
    )


def test_names_are_not_hashed_a_second_time_whatever_storage_serves_them(
    manifest: Path, settings: Settings
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    settings.STATIC_URL = "https://static.example/gis/"
    assert 'src="https://static.example/gis/frontend/assets/viewer-1.js"' in rendered("src/pages/viewer.ts")


def test_a_new_build_is_seen_without_a_restart(manifest: Path) -> None:
    rendered("src/styles/base.css")
    rebuilt = CHUNKS | {"src/styles/base.css": {"file": "assets/base-22.css", "isEntry": True}}
    manifest.write_text(json.dumps(rebuilt), encoding="utf-8")
    assert "base-22.css" in rendered("src/styles/base.css")


def test_before_the_first_build_pages_render_without_scripts_and_the_log_says_why(
    manifest: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest.unlink()
    assert rendered("src/pages/viewer.ts") == ""
    assert "make setup" in caplog.text


def test_a_name_with_markup_in_the_manifest_is_escaped(manifest: Path) -> None:
    manifest.write_text(json.dumps({"x": {"file": 'assets/"><script>.js'}}), encoding="utf-8")
    assert "<script>.js" not in rendered("x")
