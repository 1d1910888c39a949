"""The pages of a site: always ranked as sorting all of them would rank them, titled by the original's rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import rules
from footfall.live import ranking
from footfall.live.listing import listing
from footfall.live.pages import Item, Pages
from tests.unit.live.made import BOUNDED

NAMES = st.sampled_from(["", "/", "a", "/a", "//a", "b", "/b", "/stats", "stats", "\0", "/\uffff", "/\U00010000", "__proto__"])
STEP = st.one_of(
    st.tuples(st.just("count"), NAMES, st.integers(1, 3)),
    st.tuples(st.just("publish"), st.sampled_from(["", "/", "a", "/a", "b", "stats"]), st.integers(0, 7)),
    st.tuples(st.just("ask"), NAMES, st.none() | st.integers(1, 3)),
)


@pytest.mark.parametrize("few", [0, 2, 64])
@BOUNDED
@given(steps=st.lists(STEP, max_size=60))
def test_ranked_like_a_sort_of_everything(few: int, steps: list[tuple[str, str, int | None]]) -> None:
    """Whether changed pages are moved one by one or sorted in together, and asked at any time."""
    pages, views, viewers = Pages(), dict[str, int](), dict[str, set[int]]()
    content: dict[tuple[str, str], Item] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_FEW", few)
        for what, name, number in steps:
            if what == "count":
                assert pages.count(name, number or 1) == list({**views, name: 0}).index(name)
                views[name] = views.get(name, 0) + 1
                viewers.setdefault(name, set()).add(number or 1)
            elif what == "publish" and number is not None:
                kind, item = ("post", "page")[number & 1], Item(("", "A")[number >> 1 & 1], bool(number & 4))
                pages.publish(kind, name, item.title, item.published)
                content[(kind, name)] = item
            else:
                assert [_values(stat) for stat in pages.ranked(number)] == _ranked(views, content)[:number]
                line = pages.stat(name)
                assert _values(line) == (name, *_titled(name, content), views.get(name, 0))
        counted = [(path, views[path], tuple(viewers[path]), "", 0) for path in views]
        for same in (pages, pages.copy(), Pages.of(counted, [(*key, item) for key, item in content.items()])):
            assert [[same.is_seen(path, k) for k in (1, 2, 3, 4)] for path in views] == [
                [len(viewers[path]) >= k for k in (1, 2, 3, 4)] for path in views
            ]
            assert [_values(stat) for stat in same.ranked()] == _ranked(views, content)
            assert (same.posts, same.published_pages) == tuple(
                sum(item.published for (kind, _), item in content.items() if kind == wanted) for wanted in ("post", "page")
            )
            assert len(same) == len(views)
            assert list(same.content.items()) == list(content.items())


@pytest.mark.parametrize("few", [0, 2, 64])
@BOUNDED
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("count"), st.sampled_from(["/", "/a", "/A/b", "/Äpfel", "/İ", "b", "/\0"])),
            st.tuples(st.just("publish"), st.sampled_from(["/a", "a", "b", "/none"])),
            st.tuples(st.just("search"), st.sampled_from(["a", "A", "ä", "home", "title", "/", "i̇", "x", "\0"])),
        ),
        max_size=40,
    )
)
def test_searched_like_a_look_at_everything(few: int, steps: list[tuple[str, str]]) -> None:
    """In path and title, whatever the case, in the order of views, at any time between changes."""
    pages = Pages()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "_FEW", few)
        for what, text in steps:
            if what == "count":
                pages.count(text, 1)
            elif what == "publish":
                pages.publish("post", text, "A Title", True)
            else:
                every = pages.ranked()
                fits = [
                    stat.path
                    for stat in every
                    if text.lower() in stat.path.lower() or (stat.title != stat.path and text.lower() in stat.title.lower())
                ]
                total, lines = listing(pages, pages.ranking(), {}, text, 1, 2, owner=False)
                assert (total, [line.path for line in lines]) == (len(fits), fits[1:3])


def _values(stat: ranking.PageStat) -> tuple[str, str, str, int]:
    return stat.path, stat.title, stat.page_type, stat.views


def _titled(path: str, content: dict[tuple[str, str], Item]) -> tuple[str, str]:
    titles = {
        kind: {slug: item.title for (k, slug), item in content.items() if k == kind and item.published}
        for kind in ("post", "page")
    }
    return rules.title_of(path, titles["post"], titles["page"])


def _ranked(views: dict[str, int], content: dict[tuple[str, str], Item]) -> list[tuple[str, str, str, int]]:
    order = sorted(views, key=lambda path: (-views[path], path.encode()))
    return [(path, *_titled(path, content), views[path]) for path in order]


@pytest.mark.parametrize(
    ("path", "title", "kind"),
    [
        ("/", "Home", "home"),
        ("", "Home", "home"),
        ("/stats", "Stats", "stats"),
        ("stats", "A post named stats", "blog"),
        ("/both", "The post", "blog"),
        ("both", "The post", "blog"),
        ("//both", "//both", "other"),
        ("/both/", "/both/", "other"),
        ("/page", "The page", "page"),
        ("/draft", "/draft", "other"),
        ("/untitled", "", "blog"),
    ],
)
def test_titles(path: str, title: str, kind: str) -> None:
    """First match wins; drafts do not count; an empty title is a title."""
    posts = {"stats": "A post named stats", "both": "The post", "untitled": ""}
    assert rules.title_of(path, posts, {"both": "The other", "page": "The page"}) == (title, kind)
