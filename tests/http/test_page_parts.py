"""Pages without a server: placeholders, JSON in a script block, plain pages, the description of the doors."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import InvalidInput
from footfall.http import plain, sheets
from footfall.http.openapi import openapi
from footfall.http.page import Numbers, Template, in_script
from footfall.intake.wire import KEYS
from footfall.model import Site
from footfall.query.reading import INCLUDES
from tests.examples import examples


def test_a_template_is_filled_and_a_value_is_not_filled_again() -> None:
    """Every placeholder gets its value, unknown ones stay, and what a value holds is left alone."""
    template = Template(b"<h1>__SITE__</h1><i>__OTHER__</i><script>__SNAPSHOT__</script>")
    filled = template.fill({"SITE": b"__SNAPSHOT__", "SNAPSHOT": b'{"a":"__SITE__"}'})
    assert filled == b'<h1>__SNAPSHOT__</h1><i>__OTHER__</i><script>{"a":"__SITE__"}</script>'


@examples(50)
@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_cannot_leave_its_script_block(value: object) -> None:
    """Whatever strings are in it, nothing ends the block or a line, and it still says the same."""
    text = in_script(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    assert b"<" not in text
    assert b"\xe2\x80\xa8" not in text
    assert b"\xe2\x80\xa9" not in text
    assert json.loads(text.decode("utf-8", "surrogatepass")) == value


def test_plain_pages_escape_what_they_are_given() -> None:
    """A site's name, a warning and what somebody typed are text, not markup."""
    site = Site("my-site", name="<script>alert(1)</script>", hosts=("a.example",))
    bad = '"><script>alert(1)</script>'
    error = InvalidInput("hosts", bad)
    row = sheets.row(site, Numbers(0, 0, 0), "http://x.example")
    pages = (
        sheets.list_page([row], ["peer <b>"], {"id": bad, "hosts": bad}, error),
        sheets.settings_page(site, "http://x.example", False, dict.fromkeys(sheets.FIELDS, bad), error),
        plain.note(bad, bad),
    )
    for page in pages:
        assert b"<script>alert" not in page
    assert b"peer &lt;b&gt;" in pages[0]


def test_the_description_names_all_that_a_question_may_include() -> None:
    """From the tables that the reading of a question has."""
    question = json.loads(openapi("1"))["paths"]["/api/v2/query"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    include = question["properties"]["include"]
    assert set(include["properties"]) == set(INCLUDES)
    comparisons = include["properties"]["comparisons"]
    assert set(comparisons["properties"]) == {"mode", "date_range", "match_day_of_week", "elapsed"}
    assert comparisons["properties"]["elapsed"]["type"] == "boolean"
    assert comparisons["required"] == ["mode"]


def test_the_description_names_every_key_that_intake_judges() -> None:
    """The OpenAPI document comes from intake's table and refers to nothing that is not in it."""
    document = json.loads(openapi("1"))
    fact = document["components"]["schemas"]["Fact"]
    assert set(fact["properties"]) == set(KEYS)
    assert fact["required"] == ["s", "k", "i", "u"]
    text = json.dumps(document)
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in document["components"]["schemas"]
