"""Every module that a page's script imports is told in the page's head."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client

from trading.templatetags.modules import imported

STATIC = Path(settings.BASE_DIR) / "static"
PAGES = sorted(path.relative_to(STATIC).as_posix() for path in (STATIC / "js/pages").glob("*.js"))


@pytest.mark.parametrize("page", PAGES)
def test_every_import_is_found_once(page: str) -> None:
    names = imported(page)
    assert len(set(names)) == len(names)
    assert all((STATIC / name).is_file() for name in names)
    assert page not in names


def test_imports_of_imports_are_followed_and_those_of_comments_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in {
        "js/a.js": 'import { b } from "./deep/b.js";\nimport "./c.js";\n// import "./no.js";\n',
        "js/deep/b.js": 'import {\n  c,\n} from "../c.js";\nexport { d } from "./d.js";\n',
        "js/c.js": 'export const c = "./not-an-import.js";\n',
        "js/deep/d.js": 'import { a } from "../a.js";\n',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(
        "trading.templatetags.modules.finders.find", lambda name: str(tmp_path / name)
    )
    assert imported("js/a.js") == ("js/deep/b.js", "js/c.js", "js/deep/d.js")


def test_an_import_of_nothing_is_said() -> None:
    with pytest.raises(FileNotFoundError, match=r"static file js/nowhere\.js"):
        imported("js/nowhere.js")


@pytest.mark.django_db
def test_the_live_page_names_its_modules(client: Client) -> None:
    client.force_login(User.objects.create_user("trader"))
    page = client.get("/").content.decode()
    for name in imported("js/pages/live.js"):
        assert f'<link rel="modulepreload" href="/static/{name}">' in page


def test_a_link_a_module() -> None:
    text = Template('{% load modules %}{% preload_modules "js/pages/live.js" %}').render(Context())
    assert text.count("modulepreload") == len(imported("js/pages/live.js"))
