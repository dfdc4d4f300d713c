"""What can go wrong, said as: where, what is wrong, and what to do.

Constructing an error has no side effects, and no error ever carries a value that may be secret.
Every class has its own exit code, so that a script can tell one failure from another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the command's exit status means."""

    OK = 0
    UNEXPECTED = 1
    """A defect in haven-iac itself; please report it."""
    USAGE = 2
    """The command line was not understood."""
    SPEC = 3
    """The description of the cluster has problems; nothing was created."""
    CLOUD = 4
    """The cloud cannot give what was asked; nothing was created."""
    DEPLOY = 5
    """The engine started and did not finish."""
    LOCKED = 6
    """Another run holds the stack."""
    CHANGES = 7
    """Changes were found where none were expected."""
    VERDICT = 8
    """A mandatory Haven check fails."""
    TOOLCHAIN = 9
    """A tool is missing and could not be had."""
    UNREACHABLE = 10
    """The cluster's API does not answer."""
    LAB = 11
    """The OpenStack lab on this machine could not be started, or is not there."""
    EVIDENCE = 12
    """A result of the standard's checker cannot be used, or cannot be had."""
    MIRROR = 13
    """A mirror lacks charts or images that a cluster needs."""
    INTERRUPTED = 130
    """Stopped by the user (Ctrl-C)."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    what: str
    fix: str = ""
    code: str = "HVN000"
    file: str = ""
    line: int = 0
    path: str = ""
    """Dotted path inside the document, as in `pools.general.size`."""

    def __str__(self) -> str:
        """Return `CODE file:line path: what; fix`."""
        place = f"{self.file}:{self.line}" if self.file and self.line else self.file
        where = " ".join(part for part in (place, self.path) if part)
        text = f"{self.what}; {self.fix}" if self.fix else self.what
        return f"{self.code} {where}: {text}" if where else f"{self.code} {text}"

    def as_dict(self) -> dict[str, object]:
        """Return the problem for JSON output."""
        return asdict(self)


class HavenError(Exception):
    """Base of every error that a user may see."""

    code = "HVN000"
    exit_code = ExitCode.UNEXPECTED

    def __init__(self, what: str, *, fix: str = "", at: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.at = at
        self.problems: tuple[Problem, ...] = tuple(problems) or (Problem(what=what, fix=fix, code=self.code, path=at),)

    def __str__(self) -> str:
        """Return every problem on a line of its own."""
        return "\n".join(str(problem) for problem in self.problems)


class SpecError(HavenError):
    """The description of a cluster has problems; all of them are listed."""

    code = "HVN100"
    exit_code = ExitCode.SPEC

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> SpecError:
        """Return one error for many problems."""
        noun = "problem" if len(problems) == 1 else "problems"
        return cls(f"{len(problems)} {noun} in the description of the cluster", problems=problems)


class CloudError(HavenError):
    """Something about the cloud."""

    code = "HVN200"
    exit_code = ExitCode.CLOUD


class CloudNotFoundError(CloudError):
    """No adapter of that kind is installed."""

    code = "HVN201"


class CapabilityError(CloudError):
    """This cloud cannot give what was asked."""

    code = "HVN202"


class ProbeError(CloudError):
    """A read-only look at the cloud found that the plan cannot work."""

    code = "HVN203"


class CloudLoginError(CloudError):
    """The cloud does not let us in, or cannot be reached."""

    code = "HVN204"


class DeployError(HavenError):
    """The engine could not do its work."""

    code = "HVN300"
    exit_code = ExitCode.DEPLOY


class StackLockedError(DeployError):
    """Another run holds the stack."""

    code = "HVN301"
    exit_code = ExitCode.LOCKED


class UpdateFailedError(DeployError):
    """An update started and did not finish."""

    code = "HVN302"


class UnreachableError(DeployError):
    """The cluster's API does not answer."""

    code = "HVN303"
    exit_code = ExitCode.UNREACHABLE


class ComplianceError(HavenError):
    """A mandatory check fails."""

    code = "HVN400"
    exit_code = ExitCode.VERDICT


class ReportError(ComplianceError):
    """What is asked of a report is not there: its kind, language or catalogue, or a moment to compare with."""

    code = "HVN403"
    exit_code = ExitCode.USAGE


class DataError(HavenError):
    """Dated data that a user brings cannot be used, or cannot be had."""

    code = "HVN401"
    exit_code = ExitCode.USAGE


class EvidenceError(HavenError):
    """A result of the checker cannot be used, or cannot be had."""

    code = "HVN402"
    exit_code = ExitCode.EVIDENCE


class ToolchainError(HavenError):
    """A tool is missing and could not be had."""

    code = "HVN500"
    exit_code = ExitCode.TOOLCHAIN


class LabError(HavenError):
    """The OpenStack lab on this machine could not do its work."""

    code = "HVN600"
    exit_code = ExitCode.LAB
