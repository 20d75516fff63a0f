"""What the parts of the backend contract share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from groupsync.model import ATTRIBUTES, Action
from groupsync.testing.target import contents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from groupsync.model import Group
    from groupsync.testing.target import Target

ADA, BOB, CY = "ada@example.com", "bob@example.com", "cy@example.com"
UNUSUAL = ("o'brien+news@example.com", "straße@example.com", "名前@example.com", "a/b=c{d}@xn--bcher-kva.example")
TEXT = "Größe: 5 „Ω“ \U0001f600 \u202eabc, #1 - 'x' \"y\" \\n & <b>|*[no]"
TEXTS = (TEXT, "two\nlines\n", " spaces around ", "no", "007", "null", "- a: b # c")


class Room:
    """A part of the contract. See `BackendContract` for the attributes."""

    attributes: ClassVar[tuple[str, ...]] = ATTRIBUTES
    many: ClassVar[int] = 10_000
    unusual: ClassVar[tuple[str, ...]] = UNUSUAL
    texts: ClassVar[tuple[str, ...]] = TEXTS
    filled_in: ClassVar[tuple[str, ...]] = ()
    two_stores: ClassVar[tuple[Mapping[str, Any], ...]] = ()

    def _stores(self, attribute: str) -> None:
        if attribute not in self.attributes:
            pytest.skip(f"the target does not store {attribute}")

    def _marks(self, target: Target) -> None:
        if not target.capabilities.ownership:
            pytest.skip("the backend does not declare ownership")

    def _some_attributes(self, text: str) -> dict[str, Any]:
        return {"display_name": text} if "display_name" in self.attributes else {}

    def _agrees(self, target: Target, returned: Group | None) -> None:
        assert returned is not None
        found = target.group(returned.name)
        assert contents(found) == contents(returned)
        assert (found.id, found.revision) == (returned.id, returned.revision)

    def _with_revision(self, target: Target) -> Any:
        if not target.capabilities.revisions:
            pytest.skip("the backend does not declare revisions")
        target.needs(Action.UPDATE)
        return target.create("a", [ADA])
