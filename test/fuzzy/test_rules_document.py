import re
from pathlib import Path

from stf2m_ros.fuzzy.components import COMPONENT_TABLE

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_example_in_the_document_prints_what_it_says(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    example = re.search(r"```python\n(.*?)```", DOCUMENT, re.DOTALL).group(1)
    exec(compile(example, "docs/rules.md", "exec"), {})  # the reader would paste it just so
    assert capsys.readouterr().out.strip() == re.findall(r"# (\S+)\n", example)[-1]


def test_the_document_names_every_component_with_every_term():
    for component in COMPONENT_TABLE:
        row = next(line for line in DOCUMENT.splitlines() if line.startswith("|") and f"`{component.name}`" in line)
        assert all(f"`{term}` {value:g}" in row for term, value in component.terms.items())
