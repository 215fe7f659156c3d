"""The one error root: what happened, and what to try."""

from __future__ import annotations


class CityError(Exception):
    """A request that cannot be met, said in words for people.

    Parameters
    ----------
    what
        One sentence: what happened. English; `viewers` translates it by `code`.
    hint
        One sentence: what to try. May be empty.
    code
        Stable, lower-case, dashes; used for translation and in `--json`.
    """

    code = "city-error"

    def __init__(self, what: str, hint: str = "", *, code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        if code:
            self.code = code

    def __str__(self) -> str:
        return f"{self.what}\n{self.hint}" if self.hint else self.what


class ReadError(CityError):
    """A file that could not be read as what it says it is."""

    code = "read-error"


class CrsError(ReadError):
    """A file or layer that does not say where on Earth it lies, or says something impossible.

    `candidates` holds coordinate systems that would put the data at a plausible place, best first.
    """

    code = "crs-missing"

    def __init__(
        self, what: str, hint: str = "", *, code: str = "", candidates: tuple[str, ...] = ()
    ) -> None:
        super().__init__(what, hint, code=code)
        self.candidates = candidates


class WriteError(CityError):
    """A file that could not be written; what was there before is untouched."""

    code = "write-error"


class Cancelled(CityError):  # noqa: N818  the field's word, not an error of anyone
    """The user asked a task to stop."""

    code = "cancelled"

    def __init__(self, what: str = "Stopped on request", hint: str = "") -> None:
        super().__init__(what, hint)
