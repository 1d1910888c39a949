"""Forms without JavaScript: how one is read and judged at the door, and how its fields are written.

It knows no form in particular. A POST must come from a page of ours (gate.is_own); a body has an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from footfall.errors import InvalidInput
from footfall.http import plain
from footfall.http.answers import page_headers
from footfall.http.owners import body_of

Values = Mapping[str, str]


async def read(request: Request) -> dict[str, str]:
    """What was filled in: the last value of each name. Raises InvalidInput for a body that is no form or has no end."""
    body = await body_of(request)
    try:
        pairs = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:  # not ASCII, too many fields
        raise InvalidInput("body", "a form") from error
    return {name: values[-1] for name, values in pairs.items()}


def shown(status: int, body: bytes) -> Response:
    """A page with a form on it."""
    response = Response(body, status)
    response.raw_headers.extend(page_headers(plain.POLICY, referrer="same-origin"))
    return response


def done(request: Request, path: str, *headers: tuple[bytes, bytes]) -> Response:
    """What follows a form that was carried out: the browser gets another page, so that a reload repeats nothing."""
    response = shown(303, b"")
    response.headers["location"] = request.scope.get("root_path", "") + path
    response.raw_headers.extend(headers)
    return response


def field(name: str, label: str, attributes: Values, *, hint: str = "", wrong: str = "", value: str = "", lines: int = 0) -> str:
    """A labelled input, or with `lines` a textarea. `wrong` says what is; both texts are read out with the field.

    An attribute with an empty value stands alone: {"required": ""}.
    """
    described = " ".join(f"{name}-{part}" for part, text in (("wrong", wrong), ("hint", hint)) if text)
    more = {**attributes, **({"aria-describedby": described} if described else {}), **({"aria-invalid": "true"} if wrong else {})}
    extra = "".join(f' {key}="{escape(text)}"' if text else f" {key}" for key, text in more.items())
    if lines:
        control = f'<textarea id="{name}" name="{name}" rows="{lines}"{extra}>\n{escape(value)}</textarea>'
    else:
        control = f'<input id="{name}" name="{name}" value="{escape(value)}"{extra}>'
    told = f'<p class="wrong" id="{name}-wrong">{escape(wrong)}</p>' if wrong else ""
    helped = f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    return f'<div class="field"><label for="{name}">{escape(label)}</label>{control}{told}{helped}</div>'


def choice(name: str, legend: str, choices: Sequence[tuple[str, str]], value: str, *, hint: str = "") -> str:
    """Radio buttons: (value, label) each, one of them chosen."""
    items = "".join(
        f'<div class="choice"><input type="radio" id="{name}-{key}" name="{name}" value="{key}"'
        f'{" checked" if key == value else ""}><label for="{name}-{key}">{escape(label)}</label></div>'
        for key, label in choices
    )
    helped = f'<p class="hint" id="{name}-hint">{escape(hint)}</p>' if hint else ""
    described = f' aria-describedby="{name}-hint"' if hint else ""
    return f'<fieldset class="field"{described}><legend>{escape(legend)}</legend>{items}{helped}</fieldset>'


def form(action: str, fields: str, submit: str, *, style: str = "strong", kind: str = "") -> str:
    """A form that posts to `action`."""
    named = f' class="{kind}"' if kind else ""
    button = f'<button class="{style}">{escape(submit)}</button>'
    return f'<form method="post" action="{escape(action)}"{named}>{fields}{button}</form>'
