"""Router service plugin without agents: floating IPs are ACTIVE while in use."""

from neutron.services.l3_router import l3_router_plugin


class LabL3Plugin(l3_router_plugin.L3RouterPlugin):
    """Neutron's own plugin, with the status that agents would report."""

    def _settle(self, context, fip):
        want = "ACTIVE" if fip.get("port_id") else "DOWN"
        if fip.get("status") != want:
            self.update_floatingip_status(context, fip["id"], want)
            fip["status"] = want
        return fip

    def create_floatingip(self, context, floatingip, **kwargs):
        """Create a floating IP."""
        return self._settle(context, super().create_floatingip(context, floatingip))

    def update_floatingip(self, context, id, floatingip):
        """Change a floating IP."""
        return self._settle(context, super().update_floatingip(context, id, floatingip))
