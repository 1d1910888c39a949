"""How many examples Hypothesis tries of a property: in `script/test fast` a fifth of what everything tries."""

from __future__ import annotations

from hypothesis import settings


def examples(everything: int) -> settings:
    """That many where everything is tested; fewer under a profile of fewer than Hypothesis' own 100."""
    return settings(max_examples=max(1, everything * settings().max_examples // 100), deadline=None)
