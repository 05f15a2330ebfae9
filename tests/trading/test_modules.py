"""What a page's head says of its scripts and style sheets."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import Client

from trading.joined import joined
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
        "js/deep/b.js": 'import {\n  c,\n} from "../c.js";\nimport * as d from "./d.js";\n',
        "js/c.js": 'export const c = "./not-an-import.js";\n',
        "js/deep/d.js": 'import { a } from "../a.js";\n',
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr("trading.joined.finders.find", lambda name: str(tmp_path / name))
    assert imported("js/a.js") == ("js/deep/b.js", "js/c.js", "js/deep/d.js")


def test_an_import_of_nothing_is_said() -> None:
    with pytest.raises(FileNotFoundError, match=r"static file js/nowhere\.js"):
        imported("js/nowhere.js")


@pytest.mark.django_db
def test_the_live_page_loads_its_script_joined_and_its_chart_with_it(client: Client) -> None:
    client.force_login(User.objects.create_user("trader"))
    page = client.get("/").content.decode()
    script = joined("js/pages/live.js")
    assert f'<script type="module" src="{script.address}">' in page
    assert [f'<link rel="modulepreload" href="{one}">' in page for one in script.vendored] == [True]
    assert page.count("<script") == 4  # the theme, the early socket, the page, the navigation
    assert page.count('rel="stylesheet"') == 2


def test_with_debug_each_module_is_its_own_and_told_at_once(settings: Any) -> None:
    settings.DEBUG = True
    text = Template('{% load modules %}{% module_script "js/pages/live.js" %}').render(Context())
    for name in imported("js/pages/live.js"):
        assert f'<link rel="modulepreload" href="/static/{name}">' in text
    assert text.endswith('<script type="module" src="/static/js/pages/live.js"></script>')
    assert "joined" not in text
