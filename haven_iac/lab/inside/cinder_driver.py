"""Cinder's volume driver: keeps records only, no data."""

import io

from cinder.tests import fake_driver


class LabVolumeDriver(fake_driver.FakeLoggingVolumeDriver):
    """The driver of Cinder's own functional tests, with what a long-lived lab needs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.backend_name = self.configuration.safe_get("volume_backend_name")

    def create_volume(self, volume):
        """Make nothing."""
        return {}

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
