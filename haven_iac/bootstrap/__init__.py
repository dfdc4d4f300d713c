"""User data: what a machine is told at its first boot so that it joins its cluster; pure."""
