"""The files by which Nova's driver tells the lab's machines what servers exist.

`machines/<uuid>.json` is written whole and moved into place, so a reader never sees half of one.  `boots` grows with
each power-on or reboot; `disk` is another one after a rebuild, when nothing is left of the old machine.
"""

import contextlib
import json
import os
import uuid

from nova import exception, objects

from .place import STATE

FOLDER = os.path.join(STATE, "machines")
_CONSOLE = 256 * 1024
"""Bytes of a console log that are returned."""


def _path(server_id):
    return os.path.join(FOLDER, server_id + ".json")


def _write(record):
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    part = _path(record["id"]) + ".part"
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(record, file, indent=1)
    os.replace(part, _path(record["id"]))


def _read(server_id):
    try:
        with open(_path(server_id), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def _interface(vif):
    return {
        "port_id": vif["id"],
        "mac": vif["address"],
        "network_id": vif["network"]["id"],
        # What a machine goes by is its address of IPv4, as user data says.
        "fixed_ips": sorted((ip["address"] for ip in vif.fixed_ips()), key=lambda one: ":" in one),
    }


def _server_group(context, server_id):
    try:
        group = objects.InstanceGroup.get_by_instance_uuid(context, server_id)
    except exception.InstanceGroupNotFound:
        return None
    return {"id": group.uuid, "name": group.name, "policy": group.policy}


def _volumes(block_device_info):
    """Return the volumes beside the root disk: device, to id."""
    info = block_device_info or {}
    found = {}
    for mapping in info.get("block_device_mapping") or []:
        device, serial = mapping["mount_device"], (mapping["connection_info"] or {}).get("serial")
        if device != info.get("root_device_name") and serial:
            found[device] = serial
    return found


def create(context, instance, image_meta, network_info, block_device_info, power_on):
    """Note that a server came to be, or came again: rebuilt, resized."""
    before = _read(instance.uuid) or {"boots": 0, "disk": uuid.uuid4().hex}
    flavor = instance.flavor
    image = None
    if image_meta:
        image = {"id": getattr(image_meta, "id", None) or None, "name": getattr(image_meta, "name", None) or None}
    _write(
        {
            "id": instance.uuid,
            "name": instance.display_name,
            "hostname": instance.hostname,
            "project_id": instance.project_id,
            "availability_zone": instance.availability_zone,
            "host": instance.host,
            "metadata": dict(instance.metadata or {}),
            "flavor": {
                "name": flavor.name,
                "vcpus": flavor.vcpus,
                "ram_mb": flavor.memory_mb,
                "disk_gb": flavor.root_gb,
            },
            "image": image,
            "interfaces": [_interface(vif) for vif in network_info or []],
            "volumes": _volumes(block_device_info),
            "user_data": instance.user_data,
            "config_drive": bool(instance.config_drive),
            "key_name": instance.key_name,
            "public_key": instance.key_data,
            "server_group": _server_group(context, instance.uuid),
            "power": "on" if power_on else "off",
            "boots": before["boots"] + 1,
            "disk": before["disk"],
        }
    )


def remove(server_id):
    """Note that a server is gone."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(server_id))


def change(server_id, boot=False, **values):
    """Note that something about a server is different now."""
    record = _read(server_id)
    if record:
        record.update(values, boots=record["boots"] + bool(boot))
        _write(record)


def plug(server_id, vif):
    """Note one interface more."""
    record = _read(server_id)
    if record:
        record["interfaces"].append(_interface(vif))
        _write(record)


def unplug(server_id, vif):
    """Note one interface less."""
    record = _read(server_id)
    if record:
        record["interfaces"] = [one for one in record["interfaces"] if one["port_id"] != vif["id"]]
        _write(record)


def attach(server_id, device, volume):
    """Note one volume more."""
    record = _read(server_id)
    if record and volume:
        record["volumes"][device] = volume
        _write(record)


def detach(server_id, device):
    """Note one volume less."""
    record = _read(server_id)
    if record:
        record["volumes"].pop(device, None)
        _write(record)


def console(server_id):
    """Return the machine's console log."""
    try:
        with open(os.path.join(FOLDER, server_id + ".console.log"), "rb") as file:
            return file.read()[-_CONSOLE:]
    except FileNotFoundError:
        return b""
