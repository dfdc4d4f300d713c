"""ML2 mechanism driver that binds every port and calls it ACTIVE."""

from neutron.services.trunk.drivers import base as trunk_base
from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg

from . import place

NAME = "haven"

_WATCHED = (
    resources.PORT,
    resources.FLOATING_IP,
    resources.SUBNET,
    resources.NETWORK,
    resources.ROUTER,
    resources.ROUTER_GATEWAY,
    resources.ROUTER_INTERFACE,
    resources.SECURITY_GROUP,
    resources.SECURITY_GROUP_RULE,
)
"""What decides who reaches whom."""


class LabTrunkDriver(trunk_base.DriverBase):
    """Trunks come up at once."""

    @property
    def is_loaded(self):
        """Return whether ports are ours."""
        return NAME in cfg.CONF.ml2.mechanism_drivers

    @classmethod
    def create(cls):
        """Return the driver."""
        return cls(NAME, (portbindings.VIF_TYPE_OVS,), ("vlan",), None, can_trunk_bound_port=True)

    @registry.receives(resources.TRUNK_PLUGIN, [events.AFTER_INIT])
    def register(self, resource, event, trigger, payload=None):
        """Join Neutron's trunk plugin."""
        super().register(resource, event, trigger, payload=payload)
        registry.subscribe(self._up, resources.TRUNK, events.AFTER_CREATE)

    def _up(self, resource, event, trigger, payload=None):
        payload.latest_state.update(status="ACTIVE")


class LabMechanismDriver(api.MechanismDriver):
    """Every port is bound, whatever its host."""

    def initialize(self):
        """Follow trunks, and mark each change."""
        self.trunk_driver = LabTrunkDriver.create()
        registry.subscribe(self.trunk_driver.register, resources.TRUNK_PLUGIN, events.AFTER_INIT)

        def changed(resource, event, trigger, payload=None):
            place.mark("neutron")

        for resource in _WATCHED:
            for event in (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE):
                registry.subscribe(changed, resource, event)

    @property
    def connectivity(self):
        """Return what kind of network it gives."""
        return portbindings.CONNECTIVITY_L2

    def bind_port(self, context):
        """Bind a port to its first segment."""
        for segment in context.segments_to_bind:
            details = {portbindings.CAP_PORT_FILTER: True, portbindings.OVS_HYBRID_PLUG: False}
            context.set_binding(
                segment[api.ID], portbindings.VIF_TYPE_OVS, details, status=constants.PORT_STATUS_ACTIVE
            )
            return

    def _bring_up(self, context):
        # Interfaces and gateways of routers have no host here; in clouds with OVN or OVS they come up.
        port = context.current
        owner = port["device_owner"]
        if (
            owner.startswith(constants.DEVICE_OWNER_NETWORK_PREFIX)
            and port["status"] != constants.PORT_STATUS_ACTIVE
            and owner != constants.DEVICE_OWNER_FLOATINGIP
        ):
            directory.get_plugin().update_port_status(context._plugin_context, port["id"], constants.PORT_STATUS_ACTIVE)

    def create_port_postcommit(self, context):
        """Bring a new port up."""
        self._bring_up(context)

    def update_port_postcommit(self, context):
        """Bring a changed port up."""
        self._bring_up(context)
