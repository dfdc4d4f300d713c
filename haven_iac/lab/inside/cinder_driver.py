"""Cinder's volume driver: keeps records, and in a folder for each volume what somebody in the lab has put there."""

import io
import shutil
from pathlib import Path

from cinder.tests import fake_driver
from oslo_config import cfg


def _holds(kind, one):
    """Return the folder with what a volume or snapshot holds; it is there once somebody has put something in it."""
    return Path(cfg.CONF.state_path).parent / kind / one.id


def _copy(source, target):
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)


class LabVolumeDriver(fake_driver.FakeLoggingVolumeDriver):
    """The driver of Cinder's own functional tests, with what a long-lived lab needs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.backend_name = self.configuration.safe_get("volume_backend_name")

    def create_volume(self, volume):
        """Make nothing."""
        return {}

    def delete_volume(self, volume):
        """Remove what it holds."""
        shutil.rmtree(_holds("volumes", volume), ignore_errors=True)

    def create_snapshot(self, snapshot):
        """Keep what the volume holds now."""
        _copy(_holds("volumes", snapshot.volume), _holds("snapshots", snapshot))

    def delete_snapshot(self, snapshot):
        """Remove what it holds."""
        shutil.rmtree(_holds("snapshots", snapshot), ignore_errors=True)

    def create_volume_from_snapshot(self, volume, snapshot):
        """Let it hold what the snapshot holds."""
        _copy(_holds("snapshots", snapshot), _holds("volumes", volume))

    def create_cloned_volume(self, volume, src_vref):
        """Let it hold what the other one holds."""
        _copy(_holds("volumes", src_vref), _holds("volumes", volume))

    def clone_image(self, context, volume, image_location, image_meta, image_service):
        """Say that the volume holds the image already: no data is moved."""
        return {"provider_location": None}, True

    def copy_image_to_volume(self, context, volume, image_service, image_id, disable_sparse=False):
        """Copy nothing."""

    def copy_volume_to_image(self, context, volume, image_service, image_meta):
        """Upload a few bytes."""
        image_service.update(context, image_meta["id"], {}, io.BytesIO(b"lab"))

    def extend_volume(self, volume, new_size):
        """Extend nothing."""

    def retype(self, context, volume, new_type, diff, host):
        """Say that it is done."""
        return True, None

    def revert_to_snapshot(self, context, volume, snapshot):
        """Revert nothing."""

    def update_migrated_volume(self, ctxt, volume, new_volume, status):
        """Return the new names."""
        return {"_name_id": None, "provider_location": None}

    def _update_volume_stats(self):
        super()._update_volume_stats()
        self._stats["volume_backend_name"] = self.backend_name
        self._stats["pools"][0].update(
            pool_name=self.backend_name,
            total_capacity_gb=10240,
            free_capacity_gb=10240,
            reserved_percentage=0,
            multiattach=True,
            thin_provisioning_support=True,
            thick_provisioning_support=False,
            max_over_subscription_ratio="20.0",
        )
