"""Which Kubernetes minors exist, which Haven allows and which we build; dated data, no clock and no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from haven_iac.dated import Topic, day, topic


@dataclass(frozen=True)
class Minors:
    """What is known about Kubernetes minors on one day."""

    as_of: date
    """Day on which this was looked up."""
    newest: str
    """Newest stable minor on that day."""
    behind: int
    """How many minors behind the newest Haven's check kubernetesversion allows."""
    default: str
    """What a cluster gets when its description does not say."""
    supported: tuple[str, ...]
    """What we build, oldest first; every one of them lies in the window."""
    released: Mapping[str, date]
    """Day of the first release of a minor."""
    not_yet: Mapping[str, str]
    """Why a minor inside the window is not supported yet."""

    @property
    def window(self) -> tuple[str, ...]:
        """Return the minors that Haven's check allows, oldest first."""
        newest = number(self.newest)
        return tuple(f"1.{minor}" for minor in range(newest - self.behind, newest + 1))

    def lag(self, minor: str) -> int:
        """Return how many minors one is behind the newest; negative when it is newer."""
        return number(self.newest) - number(minor)

    @property
    def pace(self) -> timedelta:
        """Return how far apart two minors are, from the dates that are known."""
        days = sorted(self.released.values())
        return (days[-1] - days[0]) / max(1, len(days) - 1)

    def leaves(self, minor: str) -> date:
        """Return when a minor leaves Haven's window: the day of the release that puts it too far behind.

        That day is known where the release is; else it is reckoned from the newest one and the pace so far.
        """
        first_out = number(minor) + self.behind + 1
        if known := self.released.get(f"1.{first_out}"):
            return known
        newest = number(self.newest)
        return self.released[self.newest] + max(0, first_out - newest) * self.pace

    def why_not(self, minor: str) -> str:
        """Return why a minor is refused, or an empty text when it is supported."""
        if minor in self.supported:
            return ""
        if (lag := self.lag(minor)) < 0:
            return f"is not known: {self.newest} was the newest stable minor on {self.as_of}"
        if lag > self.behind:
            return f"is {lag} minors behind {self.newest}, and Haven's check kubernetesversion allows {self.behind}"
        reason = self.not_yet.get(minor, "it has not been tried")
        return f"lies in Haven's window, but is not supported yet: {reason}"


def number(minor: str) -> int:
    """Return the number of a minor: 36 for `1.36` and for `1.36.3`.

    Raises:
        ValueError: the text is no version of Kubernetes 1.
    """
    parts = minor.removeprefix("v").split(".")
    if len(parts) < 2 or parts[0] != "1" or not parts[1].isdecimal():
        raise ValueError(f"{minor!r} is not a Kubernetes version such as 1.36")
    return int(parts[1])


def minors() -> Minors:
    """Return what is known about Kubernetes minors.

    Raises:
        DataError: the user's own data about them cannot be used.
    """
    return _minors(topic("kubernetes"))


@lru_cache(maxsize=4)
def _minors(found: Topic) -> Minors:
    data = found.content
    return Minors(
        as_of=found.as_of,
        newest=data["newest"],
        behind=data["behind"],
        default=data["default"],
        supported=tuple(data["supported"]),
        released={minor: day(when) for minor, when in data["released"].items()},
        not_yet=data["notYet"],
    )
