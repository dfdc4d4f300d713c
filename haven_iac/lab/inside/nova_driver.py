"""Nova's virt driver: the in-tree fake driver with what a long-lived lab needs.

* ids of nodes derive from the host name, so a restarted process finds its nodes
* servers that the database knows but this process does not (after a restart) are taken back as running
* a believable size for each host, so that the scheduler can say "no valid host"
* one file for each server in the lab's folder `machines`, from which machines boot; their console log is returned
"""

import os
import uuid

from nova import exception
from nova.virt import fake

from . import machine_files
from .place import FAULTS

_NODES = uuid.UUID("5f0f5a52-0c39-4f8e-9d8e-0d7a1c1c0de0")


class LabDriver(fake.FakeDriver):
    """One compute host."""

    vcpus = int(os.environ.get("HAVEN_LAB_HOST_VCPUS", "64"))
    memory_mb = int(os.environ.get("HAVEN_LAB_HOST_MEMORY_MB", str(256 * 1024)))
    local_gb = int(os.environ.get("HAVEN_LAB_HOST_DISK_GB", "4096"))

    def init_host(self, host):
        """Begin, with one node named as the host."""
        super().init_host(host)
        self._set_nodes([host])

    def get_nodenames_by_uuid(self, refresh=False):
        """Return the nodes by their id."""
        return {str(uuid.uuid5(_NODES, name)): name for name in self.get_available_nodes()}

    def get_available_resource(self, nodename):
        """Return what a node has."""
        resources = super().get_available_resource(nodename)
        resources["uuid"] = str(uuid.uuid5(_NODES, nodename))
        return resources

    def get_info(self, instance, use_cache=True):
        """Return the state of a server; one of an earlier process is taken back."""
        try:
            return super().get_info(instance, use_cache=use_cache)
        except exception.InstanceNotFound:
            alive = instance.vm_state in ("active", "paused", "stopped") and not instance.deleted
            if not alive or instance.host != self._host:
                raise
            self.instances[instance.uuid] = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)
            return super().get_info(instance, use_cache=use_cache)

    # What the machine behind a server is told

    def spawn(
        self,
        context,
        instance,
        image_meta,
        injected_files,
        admin_password,
        allocations,
        network_info=None,
        block_device_info=None,
        power_on=True,
        accel_info=None,
    ):
        """Start a server, unless a fault says otherwise."""
        if FAULTS.strike("spawn", name=instance.display_name or ""):
            raise exception.InternalError("lab: internal error: qemu unexpectedly closed the monitor")
        super().spawn(
            context,
            instance,
            image_meta,
            injected_files,
            admin_password,
            allocations,
            network_info,
            block_device_info,
            power_on,
            accel_info,
        )
        machine_files.create(context, instance, image_meta, network_info, block_device_info, power_on)

    def destroy(self, context, instance, *args, **kwargs):
        """Remove a server."""
        super().destroy(context, instance, *args, **kwargs)
        machine_files.remove(instance.uuid)

    def power_on(self, context, instance, *args, **kwargs):
        """Switch a server on."""
        super().power_on(context, instance, *args, **kwargs)
        machine_files.change(instance.uuid, power="on", boot=True)

    def power_off(self, instance, *args, **kwargs):
        """Switch a server off."""
        super().power_off(instance, *args, **kwargs)
        machine_files.change(instance.uuid, power="off")

    def reboot(self, context, instance, *args, **kwargs):
        """Start a server anew."""
        self.get_info(instance)  # one of an earlier process is taken back, else it would be made again
        super().reboot(context, instance, *args, **kwargs)

    def change_instance_metadata(self, context, instance, diff):
        """Tell the machine its metadata."""
        machine_files.change(instance.uuid, metadata=dict(instance.metadata))

    def attach_volume(self, context, connection_info, instance, mountpoint, *args, **kwargs):
        """Plug a volume in."""
        super().attach_volume(context, connection_info, instance, mountpoint, *args, **kwargs)
        machine_files.attach(instance.uuid, mountpoint, connection_info.get("serial"))

    def detach_volume(self, context, connection_info, instance, mountpoint, *args, **kwargs):
        """Unplug a volume."""
        super().detach_volume(context, connection_info, instance, mountpoint, *args, **kwargs)
        machine_files.detach(instance.uuid, mountpoint)

    def attach_interface(self, context, instance, image_meta, vif):
        """Plug an interface in."""
        super().attach_interface(context, instance, image_meta, vif)
        machine_files.plug(instance.uuid, vif)

    def detach_interface(self, context, instance, vif):
        """Unplug an interface."""
        super().detach_interface(context, instance, vif)
        machine_files.unplug(instance.uuid, vif)

    def get_console_output(self, context, instance):
        """Return the machine's console log."""
        return machine_files.console(instance.uuid)
