"""What every edit is: a frozen record with a label that makes a new city of an old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from twin.city import City


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """One change of the city. Subclasses set `tag` and are listed in `twin.edits.registry`."""

    @property
    def label(self) -> str:
        """What it does, in words for the undo menu: lower case, English."""
        raise NotImplementedError(type(self).__name__)

    def apply(self, city: City) -> City:
        """The city with the change; the very same city where nothing changes."""
        raise NotImplementedError(type(self).__name__)
