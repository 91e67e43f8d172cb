"""Every text of the program has its Ukrainian, and says in it what the English one needs."""

import gettext
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import translation

ROOT = Path(__file__).parents[2]
PACKAGES = ("gis_core", "layers", "importers", "frontend")
PLACEHOLDER = re.compile(r"%\((\w+)\)[sdg]|%[sdg]")

Catalogue = dict[tuple[str, int] | str, str]


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Catalogue]:
    """Package to the texts found in its code and templates, by Django's own extraction."""
    return {package: _extract(package, tmp_path_factory.mktemp(package)) for package in PACKAGES}


def _extract(package: str, folder: Path) -> Catalogue:
    kept = shutil.ignore_patterns("node_modules", "src", "static", "locale", "__pycache__", "demo", "dev")
    shutil.copytree(ROOT / package, folder / package, ignore=kept)
    (folder / package / "locale").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / package)
        call_command("makemessages", locale=["uk"], verbosity=0)
    return _compiled(folder / package / "locale" / "uk" / "LC_MESSAGES" / "django.po", folder / "all.mo")


def _compiled(source: Path, target: Path) -> Catalogue:
    """The catalogue of a .po file; untranslated and doubtful entries too, with an empty text."""
    filled = re.sub(
        r'^msgstr(\[\d\])? ""$(?!\n")', r'msgstr\1 "?"', source.read_text(encoding="utf-8"), flags=re.M
    )
    copy = target.with_suffix(".po")
    copy.write_text(filled.replace("#, fuzzy", "#"), encoding="utf-8")
    subprocess.run(["msgfmt", "-o", str(target), str(copy)], check=True)
    with target.open("rb") as file:
        found: Catalogue = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    found.pop("", None)
    return found


def written(package: str, folder: Path) -> Catalogue:
    return _compiled(ROOT / package / "locale" / "uk" / "LC_MESSAGES" / "django.po", folder / f"{package}.mo")


def texts(catalogue: Catalogue) -> set[str]:
    return {key[0] if isinstance(key, tuple) else key for key in catalogue}


@pytest.mark.parametrize("package", PACKAGES)
def test_no_text_is_without_a_ukrainian_one(
    package: str, extracted: dict[str, Catalogue], tmp_path: Path
) -> None:
    present = written(package, tmp_path)
    missing = texts(extracted[package]) - {
        key[0] if isinstance(key, tuple) else key for key, text in present.items() if text not in ("", "?")
    }
    assert sorted(missing) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_translation_keeps_the_placeholders_of_its_text(package: str, tmp_path: Path) -> None:
    for key, text in written(package, tmp_path).items():
        source = key[0] if isinstance(key, tuple) else key
        wanted = {match.group(0) for match in PLACEHOLDER.finditer(source)}
        assert {match.group(0) for match in PLACEHOLDER.finditer(text)} == wanted, source


def test_the_pages_say_what_their_own_catalogue_says(tmp_path: Path) -> None:
    """Catalogues are merged: another package's translation of the same English must not come instead.

    Where this fails, give the text of the page a context of its own.
    """
    others = {}
    with translation.override("uk"):
        for key, text in written("frontend", tmp_path).items():
            if isinstance(key, tuple):
                continue
            context, _mark, source = key.rpartition("\x04")
            said = translation.pgettext(context, source) if context else translation.gettext(source)
            if said != text:
                others[source] = said
    assert others == {}
