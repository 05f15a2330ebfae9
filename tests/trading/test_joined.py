"""Modules and style sheets that are joined behave as the files they are made of."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from trading import joined
from trading.joined import FOREVER, JoinError

STATIC = Path(settings.BASE_DIR) / "static"
SCRIPTS = [
    "js/nav.js",
    *sorted(path.relative_to(STATIC).as_posix() for path in (STATIC / "js/pages").glob("*.js")),
]
SHEETS = sorted(path.relative_to(STATIC).as_posix() for path in (STATIC / "css").rglob("*.css"))
NODE = shutil.which("node")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """`files({"js/a.js": "..."})`: these are all static files that there are."""

    def write(texts: dict[str, str]) -> None:
        for name, text in texts.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def find(name: str) -> str | None:
        return str(tmp_path / name) if (tmp_path / name).is_file() else None

    monkeypatch.setattr("trading.joined.finders.find", find)
    return write


def run(text: str, folder: Path) -> list[object]:
    """What a module prints, one JSON value a line."""
    if NODE is None:
        pytest.skip("node is not installed")
    path = folder / "entry.mjs"
    path.write_text(text)
    done = subprocess.run([NODE, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_joined_modules_do_what_they_do_apart(files, tmp_path: Path) -> None:
    texts = {
        "js/a.js": """import { one, twice as doubled } from "./deep/b.js";
import * as words from "./words.js";
import "./deep/said.js";
console.log(JSON.stringify([one, doubled(4), words.hello("you"), new words.Count().next()]));
""",
        "js/deep/b.js": """import {
  hello,
} from "../words.js";
export const one = hello("one");
export function twice(value) {
  return 2 * value;
}
""",
        "js/deep/said.js": "console.log(JSON.stringify('said'));\n",
        "js/words.js": """console.log(JSON.stringify("words, once"));
export const hello = (who) => `hello ${who}`;
export class Count {
  next() {
    return later(1);
  }
}
export async function never() {}
const later = (value) => value + 1;
""",
    }
    files(texts)
    expected = ["words, once", "said", ["hello one", 8, "hello you", 2]]
    apart = tmp_path / "apart"
    for name, text in texts.items():
        path = apart / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (apart / "package.json").write_text('{"type": "module"}')

    assert run('import "./apart/js/a.js";', tmp_path) == expected
    assert run(joined.joined("js/a.js").body.decode(), tmp_path) == expected


@pytest.mark.parametrize(
    "line",
    [
        'export { b } from "./b.js";',
        "export default 1;",
        "export let changes = 1;",
        "export const { a, b } = {};",
        'import b from "./b.js";',
        'import b, { c } from "./b.js";',
        'import { b } from "elsewhere";',
    ],
)
def test_what_cannot_be_joined_is_refused_by_name_and_line(files, line: str) -> None:
    files({"js/a.js": 'import "./c.js";\n', "js/b.js": "", "js/c.js": f"const x = 1;\n{line}\n"})
    with pytest.raises(JoinError, match=r"js/c\.js: '(ex|im)port "):
        joined.joined("js/a.js")


def test_a_circle_is_refused_with_its_way(files) -> None:
    files({"js/a.js": 'import "./b.js";\n', "js/b.js": 'import "./a.js";\n'})
    with pytest.raises(JoinError, match=r"js/a\.js -> js/b\.js -> js/a\.js"):
        joined.joined("js/a.js")


def test_what_imports_nothing_is_sent_as_it_is() -> None:
    one = joined.joined("js/theme-boot.js")
    assert one.body == (STATIC / "js/theme-boot.js").read_bytes()


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_pages_script_is_joined_and_reads_as_a_module(name: str, tmp_path: Path) -> None:
    body = joined.joined(name).body
    if NODE is None:
        pytest.skip("node is not installed")
    path = tmp_path / "entry.mjs"
    path.write_bytes(body)
    subprocess.run([NODE, "--check", path], check=True)


@pytest.mark.parametrize("name", SHEETS)
def test_every_style_sheet_is_joined(name: str) -> None:
    assert b"@import" not in joined.joined(name).body


def test_style_sheets_come_in_their_order(files) -> None:
    files({"css/a.css": '@import "deep/b.css";\na {}\n', "css/deep/b.css": "b {}\n"})
    assert joined.joined("css/a.css").body == b"b {}\na {}\n"


def test_a_style_sheet_that_names_a_file_beside_it_is_refused(files) -> None:
    files({"css/a.css": "a { background: url(b.png); }\n"})
    with pytest.raises(JoinError, match=r"css/a\.css: url\(\)"):
        joined.joined("css/a.css")


def test_an_address_changes_with_what_is_imported(files) -> None:
    files({"js/a.js": 'import "./b.js";\n', "js/b.js": "1;\n"})
    before = joined.joined("js/a.js").address
    files({"js/b.js": "2;\n"})
    assert joined.joined("js/a.js").address != before


def test_a_browser_keeps_what_its_digest_names_and_asks_again_for_another() -> None:
    script = joined.joined("js/nav.js")
    kept = Client().get(script.address)
    other = Client().get(script.address.replace(script.digest, "0" * 16))

    assert (kept.status_code, kept.content) == (200, script.body)
    assert kept.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert kept.headers["Cache-Control"] == FOREVER
    assert (other.status_code, other.content) == (200, script.body)
    assert other.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["0/js/none.js", "0/../tradebot/settings.py", "0/js/../../manage.py", "0/icon.svg", "0", ""],
)
def test_nothing_else_is_joined(path: str) -> None:
    assert joined.answer(path) is None
