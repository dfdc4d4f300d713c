"""What a lab's cloud holds at first: catalogue, users, zones, flavors, image, types; every step may be repeated.

python content.py identity     needs Keystone only
python content.py resources    needs everything
python content.py workers      waits until the services' workers have reported in
"""

import io
import json
import os
import sys
import time

import openstack

PLAN = json.loads(os.environ["HAVEN_LAB_CONTENT"])
"""password, services and zones, as the lab was configured."""

HAVE = PLAN["services"]
HOST = "http://127.0.0.1"
CATALOGUE = (
    # service, name, type, URL
    ("glance", "glance", "image", HOST + ":9292"),
    ("placement", "placement", "placement", HOST + ":8778"),
    ("nova", "nova", "compute", HOST + ":8774/v2.1"),
    ("neutron", "neutron", "network", HOST + ":9696"),
    ("cinder", "cinderv3", "volumev3", HOST + ":8776/v3/%(project_id)s"),
    ("cinder", "cinder", "block-storage", HOST + ":8776/v3/%(project_id)s"),
    ("octavia", "octavia", "load-balancer", HOST + ":9876"),
    ("designate", "designate", "dns", HOST + ":9001"),
    ("manila", "manilav2", "sharev2", HOST + ":8786/v2"),
    ("barbican", "barbican", "key-manager", HOST + ":9311"),
    ("swift", "swift", "object-store", HOST + ":8080/v1/AUTH_%(project_id)s"),
)
ROLES = ("service", "load-balancer_member", "creator", "member", "reader", "admin")
FLAVORS = (
    # name, vCPU, MiB of memory, GiB of disk
    ("m1.tiny", 1, 1024, 10),
    ("m1.small", 2, 4096, 20),
    ("m1.medium", 4, 8192, 40),
    ("m1.large", 8, 16384, 80),
)
IMAGES = {"haven-linux": {"os_distro": "ubuntu", "os_version": "24.04"}}

EXTERNAL = "127.77.0.0/24"
"""Loopback, so that floating IPs and external addresses can be connected to from inside the lab's namespace."""

cloud = openstack.connect(cloud="lab-admin")


def identity():
    """Roles, projects, users and the catalogue."""
    known = cloud.identity
    roles = {role.name: role for role in known.roles()}
    for name in ROLES:
        roles.setdefault(name, None)
        roles[name] = roles[name] or known.create_role(name=name)

    def project(name):
        return known.find_project(name, domain_id="default") or known.create_project(name=name, domain_id="default")

    def user(name, of, with_roles):
        one = known.find_user(name, domain_id="default") or known.create_user(
            name=name, password=PLAN["password"], domain_id="default", default_project_id=of.id
        )
        for role in with_roles:
            known.assign_project_role_to_user(of, one, roles[role])

    user("svc", project("service"), ["admin", "service"])
    user("haven", project("haven-demo"), ["member", "reader", "load-balancer_member", "creator"])
    user("admin", project("admin"), ["load-balancer_member", "creator"])
    services = {service.type: service for service in known.services()}
    endpoints = {(endpoint.service_id, endpoint.interface) for endpoint in known.endpoints()}
    for ours, name, kind, url in CATALOGUE:
        if ours not in HAVE:
            continue
        service = services.get(kind) or known.create_service(name=name, type=kind)
        for interface in ("public", "internal", "admin"):
            if (service.id, interface) not in endpoints:
                known.create_endpoint(service_id=service.id, interface=interface, url=url, region_id=PLAN["region"])


def resources():
    """Hosts in their zones, flavors, image, external network, volume and share types, quotas."""
    _hosts()
    have = {flavor.name for flavor in cloud.compute.flavors()}
    for name, vcpus, ram, disk in FLAVORS:
        if name not in have:
            cloud.compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)
    for name, properties in IMAGES.items():
        if not cloud.image.find_image(name):
            # Glance compares content with the format: dummy bytes have to be raw.
            cloud.image.create_image(
                name=name,
                disk_format="raw",
                container_format="bare",
                visibility="public",
                min_disk=5,
                min_ram=512,
                data=io.BytesIO(b"haven" * 1024),
                **properties,
            )
    network = cloud.network.find_network("public") or cloud.network.create_network(
        name="public",
        is_router_external=True,
        is_shared=False,
        provider_network_type="flat",
        provider_physical_network="public",
    )
    if not cloud.network.find_subnet("public-v4"):
        cloud.network.create_subnet(
            name="public-v4",
            network_id=network.id,
            ip_version=4,
            cidr=EXTERNAL,
            gateway_ip=EXTERNAL.replace(".0/24", ".1"),
            is_dhcp_enabled=False,
        )
    have = {kind.name for kind in cloud.block_storage.types()}
    for name in ("standard", "fast"):
        if name not in have:
            cloud.block_storage.create_type(name=name, extra_specs={"volume_backend_name": "lab"})
    demo = cloud.identity.find_project("haven-demo", domain_id="default")
    cloud.set_compute_quotas(
        demo.id,
        cores=500,
        instances=100,
        ram=2000000,
        server_groups=100,
        server_group_members=100,
        key_pairs=100,
    )
    if "manila" in HAVE:
        _share_types()


def workers():
    """Wait until every worker counts as alive; a server asked for before that finds no host."""
    end = time.time() + 60
    checks = {
        "nova": lambda: all(service.state == "up" for service in cloud.compute.services()),
        "cinder": lambda: all(service.state == "up" for service in cloud.block_storage.services()),
        "manila": lambda: all(
            service["state"] == "up" for service in cloud.shared_file_system.get("/os-services").json()["services"]
        ),
    }
    for service, check in checks.items():
        while service in HAVE and not check():
            if time.time() > end:
                sys.exit(f"workers of {service} do not report in")
            time.sleep(0.2)


def _hosts():
    zones = PLAN["hosts"]
    end = time.time() + 90
    while missing := set(zones) - {hypervisor.name for hypervisor in cloud.compute.hypervisors()}:
        if time.time() > end:
            sys.exit(f"compute hosts are missing: {', '.join(sorted(missing))}")
        time.sleep(0.5)
    aggregates = {aggregate.name: aggregate for aggregate in cloud.compute.aggregates()}
    for host, zone in zones.items():
        if not zone:
            continue
        if zone not in aggregates:
            aggregates[zone] = cloud.compute.create_aggregate(name=zone, availability_zone=zone)
        if host not in (aggregates[zone].hosts or []):
            cloud.compute.add_host_to_aggregate(aggregates[zone], host)


def _share_types():
    have = {kind["name"] for kind in cloud.shared_file_system.get("/types").json()["share_types"]}
    for name in ("default", "nfs"):
        if name not in have:
            specs = {"driver_handles_share_servers": "false"}
            body = {"share_type": {"name": name, "extra_specs": specs}}
            cloud.shared_file_system.post("/types", json=body).raise_for_status()


if __name__ == "__main__":
    {"identity": identity, "resources": resources, "workers": workers}[sys.argv[1]]()
