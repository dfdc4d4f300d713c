"""Finds or gets the engine, its plugins and the local control plane."""

from haven_iac.toolchain.cache import cache_folder
from haven_iac.toolchain.find import Found, locate, missing, pulumi_home, survey
from haven_iac.toolchain.install import Tools, check, clean, disk_needed, ensure
from haven_iac.toolchain.progress import Progress, Silent
from haven_iac.toolchain.tools import Tool, groups, known, wanted

__all__ = [
    "Found",
    "Progress",
    "Silent",
    "Tool",
    "Tools",
    "cache_folder",
    "check",
    "clean",
    "disk_needed",
    "ensure",
    "groups",
    "known",
    "locate",
    "missing",
    "pulumi_home",
    "survey",
    "wanted",
]
