"""haven-iac: reusable Pulumi components that build a reference Haven cluster.

This module never exports a component: Pulumi's package runner imports it by the distribution's name
and would host what it finds here under the wrong token.  Import components from `haven_iac.components`.
"""

__version__ = "0.1.0"
