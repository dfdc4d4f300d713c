"""Finds or gets the engine, its plugins and the local control plane."""

from haven_iac.toolchain.install import Found, Progress, Silent, Tools, ensure, locate, pulumi_home, survey
from haven_iac.toolchain.tools import Tool, wanted

__all__ = ["Found", "Progress", "Silent", "Tool", "Tools", "ensure", "locate", "pulumi_home", "survey", "wanted"]
