"""A whole OpenStack on this machine, in a network namespace of its own, whose servers boot into Kubernetes.

Real OpenStack services run on loopback addresses; small drivers stand where hypervisors, switches and disks would be.
What a server is told in its user data is executed, and a real Kubernetes API comes up per cluster, with the real cloud
controllers.  No guest runs: kubelets are played.  It is a rehearsal, never evidence.

`haven_iac.lab.control.Lab` is the way in.
"""
