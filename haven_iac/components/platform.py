"""The platform that makes a cluster Haven: every slot, in order."""

from typing import Any, ClassVar, NotRequired, TypedDict

import pulumi

from haven_iac.components.add_on import AddOn, AddOnArgs
from haven_iac.components.base import HavenComponent
from haven_iac.hand_over import HandOver
from haven_iac.prepare import from_document
from haven_iac.spec.gitops import Owner


class PlatformArgs(TypedDict):
    """Inputs of `Platform`; the Kubernetes provider comes through the options."""

    spec: dict[str, Any]
    """The cluster, as written under `haven:cluster`."""
    late: NotRequired[dict[str, pulumi.Input[str]]]
    """Values that only building tells, by name (`CloudAccess.late`); none when left out."""
    server: NotRequired[pulumi.Input[str]]
    """`ApiEndpoint.server`, for the record of the API; a name that leads nowhere when left out."""
    kubeconfig: NotRequired[pulumi.Input[str]]
    """Credential with which webhooks are waited for, and Flux is made to let go; neither when left out.  Secret."""


class Platform(HavenComponent):
    """The platform that makes a cluster Haven; what a slot needs is ready before it starts."""

    _token: ClassVar[str] = "haven:index:Platform"

    slots: pulumi.Output[list[str]]
    """The slots that were filled, in order."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        plan = from_document(args["spec"]).plan
        needs = plan.needs
        made: dict[str, pulumi.Resource] = {}
        owner = plan.spec.gitops.owner if plan.spec.gitops else None
        # Flux lets go before we apply; that we have let go is on record when all of it is marked to stay.
        begun = [self._owner(plan.spec.name, owner, args, opts, [])] if owner is Owner.HAVEN_IAC else []
        for slot in plan.slots:
            after = [*begun, *(made[need] for need in needs[slot])]
            one: AddOnArgs = {"spec": args["spec"], "slot": slot, "late": args.get("late", {})}
            if "server" in args:
                one["server"] = args["server"]
            if "kubeconfig" in args:
                one["kubeconfig"] = args["kubeconfig"]
            made[slot] = AddOn(
                f"{name}-{slot}",
                one,
                pulumi.ResourceOptions.merge(
                    self._child,
                    pulumi.ResourceOptions(depends_on=after, deleted_with=opts.deleted_with if opts else None),
                ),
            )
        if owner and not begun:
            self._owner(plan.spec.name, owner, args, opts, list(made.values()))
        self.slots = pulumi.Output.from_input(list(made))
        self.register_outputs({"slots": self.slots})

    def _owner(
        self,
        cluster: str,
        owner: Owner,
        args: PlatformArgs,
        opts: pulumi.ResourceOptions | None,
        after: list[pulumi.Resource],
    ) -> pulumi.Resource:
        around = pulumi.ResourceOptions(depends_on=after, deleted_with=opts.deleted_with if opts else None)
        opts = pulumi.ResourceOptions.merge(self._child, around)
        return HandOver(f"{self._name}-owner", cluster, owner, args.get("kubeconfig", ""), opts)
