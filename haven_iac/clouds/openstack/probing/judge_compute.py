"""Flavors, image, zones and key pair.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from haven_iac.clouds.base import Finding
from haven_iac.clouds.openstack.probing.judge import Case, Rule, choose, error, listed, warning
from haven_iac.clouds.openstack.probing.snapshot import Flavor, called
from haven_iac.clouds.openstack.settings import ImageSystem
from haven_iac.plan.model import PoolPlan, Role
from haven_iac.plan.sums import cores, mebibytes, sums
from haven_iac.spec.kubernetes import Distribution
from haven_iac.spec.model import quantity

LEAST = {
    (Distribution.RKE2, Role.CONTROL_PLANE): (2, 4096),
    (Distribution.RKE2, Role.WORKER): (2, 4096),
    (Distribution.K3S, Role.CONTROL_PLANE): (2, 2048),
    (Distribution.K3S, Role.WORKER): (1, 512),
}
"""Cores, and MiB of memory, that the distributions ask for."""

DISK_GIB = 30
"""A root disk below this fills with images within weeks."""

SYSTEM_MIB = 1024
"""What operating system, kubelet and pod network keep of a worker."""

GIB = 2**30

DISTROS = {
    "ubuntu": ImageSystem.UBUNTU,
    "debian": ImageSystem.DEBIAN,
    "rocky": ImageSystem.ROCKY,
    "rockylinux": ImageSystem.ROCKY,
    "almalinux": ImageSystem.ALMALINUX,
    "alma": ImageSystem.ALMALINUX,
    "rhel": ImageSystem.RHEL,
    "flatcar": ImageSystem.FLATCAR,
}
"""Values of `os_distro`, as Glance and its users write them."""

UNHARDENED = {"cirros", "alpine", "arch", "gentoo", "windows", "freebsd"}
"""Values of `os_distro` whose hardening Haven's checker does not know, or where no distribution runs."""


def flavors(case: Case) -> Iterator[Finding]:
    """Judge the machine sizes."""
    if not case.seen.read("flavors"):
        return
    names = [one.name for one in case.seen.flavors]
    for pool in case.plan.pools:
        if not pool.nodes:
            continue
        path, wanted = case.path(pool), pool.nodes[0].flavor
        found = called(wanted, case.seen.flavors)
        if not found:
            fitting = _fitting(case, pool)
            fix = f"write one that is big enough: {listed(fitting)}" if fitting else choose(wanted, names)
            yield error(f"there is no flavor {wanted!r}", fix, f"{path}.flavor")
            continue
        yield from _big_enough(case, pool, found[0])


def _fitting(case: Case, pool: PoolPlan) -> list[str]:
    least = LEAST[case.plan.spec.kubernetes.distribution, pool.role]
    fits = (one for one in case.seen.flavors if one.cores >= least[0] and one.memory >= least[1])
    return [one.name for one in sorted(fits, key=lambda one: (one.cores, one.memory))]


def _big_enough(case: Case, pool: PoolPlan, flavor: Flavor) -> Iterator[Finding]:
    path, distribution = f"{case.path(pool)}.flavor", case.plan.spec.kubernetes.distribution
    least_cores, least_memory = LEAST[distribution, pool.role]
    size = f"{cores(flavor.cores * 1000)} and {mebibytes(flavor.memory)}"
    if flavor.cores < least_cores or flavor.memory < least_memory:
        needs = f"{cores(least_cores * 1000)} and {mebibytes(least_memory)}"
        yield warning(
            f"flavor {flavor.name} has {size}, and {distribution.value} asks for {needs}",
            f"take a bigger one: {listed(_fitting(case, pool))}",
            path,
        )
    image = case.seen.images[0] if case.seen.images else None
    if image and image.min_memory > flavor.memory:
        yield error(
            f"flavor {flavor.name} has {mebibytes(flavor.memory)} of memory, and image {image.name} needs "
            f"{mebibytes(image.min_memory)}",
            "take a bigger flavor",
            path,
        )
    disk = case.disk(pool)
    gib, where = (quantity(disk.size) // GIB, f"{case.path(pool)}.disk.size") if disk.type else (flavor.disk, path)
    if not gib:
        yield error(
            f"flavor {flavor.name} has no disk of its own",
            f"name a volume type as {case.path(pool)}.disk.type, or take another flavor",
            path,
        )
    elif image and gib < image.min_disk:
        what = f"a root disk of {gib} GiB is too small for image {image.name}"
        yield error(what, f"{image.min_disk} GiB or more", where)
    elif gib < DISK_GIB:
        yield warning(f"a root disk of {gib} GiB fills soon with images", f"{DISK_GIB} GiB or more", where)


def platform_fits(case: Case) -> Iterator[Finding]:
    """Judge whether the workers have room for the platform."""
    total = sums(case.plan)
    room_cores = room_memory = 0
    for node in case.plan.nodes:
        found = called(node.flavor, case.seen.flavors)
        if not found:
            return
        if node.role is Role.WORKER:
            room_cores += found[0].cores * 1000
            room_memory += max(0, found[0].memory - SYSTEM_MIB)
    each, spare = total.every_node, total.total
    servers = total.nodes - total.workers
    ask_cores = spare.cpu_millis - servers * each.cpu_millis
    ask_memory = spare.memory_mib - servers * each.memory_mib
    if ask_cores > room_cores or ask_memory > room_memory:
        yield warning(
            f"the workers have {cores(room_cores)} and {mebibytes(room_memory)} left together, and the platform asks "
            f"for {cores(ask_cores)} and {mebibytes(ask_memory)}",
            "more nodes, or a bigger flavor",
            "pools",
        )


def image(case: Case) -> Iterator[Finding]:
    """Judge the image, and its hardening."""
    path, wanted, system = "cloud.settings.image", case.settings.image, case.settings.image_system
    if "image" not in case.seen.services or not case.seen.read("images"):
        return
    found = case.seen.images
    if not found:
        fix = choose(wanted, case.seen.image_names, "ask for one, or upload it")
        yield error(f"there is no image {wanted!r} that this project may use", fix, path)
        return
    one = found[0]
    if len(found) > 1:
        what = f"{len(found)} images are called {wanted!r}; the newest, {one.id}, is used"
        yield warning(what, "write the id of the one that is meant", path)
    if one.status != "active":
        yield error(f"image {one.name} is {one.status}, not active", "choose another, or have it made active", path)
    distro = one.distro.lower()
    if distro in UNHARDENED:
        yield error(
            f"image {one.name} holds {one.distro}, whose hardening Haven's checker does not know",
            f"take one of {listed(kind.value for kind in ImageSystem)}",
            path,
        )
    elif distro in DISTROS and DISTROS[distro] is not system:
        yield error(
            f"image {one.name} holds {one.distro}, and the settings say {system.value}",
            f"write {DISTROS[distro].value}",
            "cloud.settings.imageSystem",
        )
    elif distro not in DISTROS:
        yield warning(
            f"nothing says what image {one.name} holds (os_distro is {one.distro or 'not set'}); "
            f"{system.value} is taken for granted, and node hardening with it",
            f"make sure that it is {system.value}",
            "cloud.settings.imageSystem",
        )


def zones(case: Case) -> Iterator[Finding]:
    """Judge the zones of the nodes."""
    have = case.seen.zones
    if not have or not case.seen.read("zones"):
        return
    spec = case.plan.spec
    lists = {"cloud": spec.cloud.zones, "controlPlane": spec.control_plane.zones}
    lists |= {f"pools.{name}": pool.zones for name, pool in sorted(spec.pools.items())}
    written = {zone for zones in lists.values() for zone in zones}
    for place, named in lists.items():
        for position, zone in enumerate(named):
            if zone not in have:
                yield error(f"Nova has no zone {zone!r}", choose(zone, have), f"{place}.zones[{position}]")
    for zone in sorted({node.zone for node in case.plan.nodes if node.zone} - written - have):
        yield error(f"Nova has no zone {zone!r}", f"name the zones: {listed(have)}", "cloud.zones")
    usual = have - {"nova"} if len(have) > 1 else have
    if not spec.cloud.zones and len(usual) > 1:
        yield warning(
            f"the cloud has {len(usual)} zones and the cluster uses one",
            f"spread it, as Haven's check multiaz asks: zones: [{listed(usual)}]",
            "cloud.zones",
        )


def keypair(case: Case) -> Iterator[Finding]:
    """Judge the key that people log in with."""
    ssh = case.settings.ssh
    if ssh.enabled and not ssh.keypair:
        yield error("SSH is on, and no key pair is named", choose("", case.seen.keypairs), "cloud.settings.ssh.keypair")
    elif ssh.keypair and case.seen.read("keypairs") and ssh.keypair not in case.seen.keypairs:
        yield error(
            f"there is no key pair {ssh.keypair!r}",
            choose(ssh.keypair, case.seen.keypairs, "make it with `openstack keypair create`"),
            "cloud.settings.ssh.keypair",
        )


RULES: tuple[Rule, ...] = (image, zones, flavors, platform_fits, keypair)
