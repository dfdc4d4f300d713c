"""What the OpenStack plugin makes, by type token.

The generated classes of `pulumi_openstack` are not used: importing them costs time in every preview, and as soon as
they are there the engine is asked once more for each object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi

PLUGIN = "5.5.1"
"""Version of the plugin, as the table of tools has it."""


class Resource(pulumi.CustomResource):
    """One object in the cloud."""

    def __init__(
        self, token: str, name: str, props: Mapping[str, Any], outputs: tuple[str, ...], opts: pulumi.ResourceOptions
    ) -> None:
        given = {key: value for key, value in props.items() if value is not None}
        # Most of it can be there once only: an address, the port of a listener, the place of a server.
        usual = pulumi.ResourceOptions(version=PLUGIN, delete_before_replace=True)
        opts = pulumi.ResourceOptions.merge(usual, opts)
        super().__init__(f"openstack:{token}", name, {**dict.fromkeys(outputs), **given}, opts)

    def out(self, key: str) -> pulumi.Output[Any]:
        """Return what the cloud says about one property; it has to be an input, or named among the outputs."""
        found: pulumi.Output[Any] = self.__dict__[key]
        return found


def make(
    token: str,
    name: str,
    props: Mapping[str, Any],
    opts: pulumi.ResourceOptions,
    *,
    outputs: tuple[str, ...] = (),
) -> Resource:
    """Make one object.

    Args:
        token: its type without the package: `networking/network:Network`.
        name: of the Pulumi resource.
        props: as the plugin spells them; None is left out.
        opts: parent, provider and dependencies.
        outputs: properties that are read and are no inputs.
    """
    return Resource(token, name, props, outputs, opts)


def after(value: Any) -> pulumi.Input[pulumi.Resource]:
    """Return what `depends_on` takes for whatever a value comes from."""
    nothing: Any = pulumi.Output.from_input(value).apply(lambda _: None)
    return nothing  # type: ignore[no-any-return]


def foreseen(value: pulumi.Output[str], instead: str) -> pulumi.Output[str]:
    """Return a text that a preview knows too: `instead`, where only `up` can tell.

    A chart one of whose values is unknown is not rendered, and a preview then says that its objects are deleted.
    """

    async def known() -> bool:
        return True

    async def text() -> str:
        return str(await value.future()) if await value.is_known() else instead

    return pulumi.Output(value.resources(), text(), known(), value.is_secret())


def provider(name: str, settings: Mapping[str, Any], opts: pulumi.ResourceOptions) -> pulumi.ProviderResource:
    """Return the way to the cloud; credentials stay where the plugin reads them, and out of the state."""
    version = pulumi.ResourceOptions(version=PLUGIN)
    return pulumi.ProviderResource("openstack", name, settings, pulumi.ResourceOptions.merge(opts, version))


def look(token: str, asked: Mapping[str, Any], parent: pulumi.Resource | None) -> pulumi.Output[dict[str, Any]]:
    """Return what the cloud answers about something that exists already.

    Args:
        token: the function without the package: `networking/getNetwork:getNetwork`.
        asked: as the plugin spells it; None is left out.
        parent: gives the provider.
    """
    given = {key: value for key, value in asked.items() if value is not None}
    options = pulumi.InvokeOutputOptions(parent=parent, version=PLUGIN)
    return pulumi.runtime.invoke_output(f"openstack:{token}", given, options)
