"""What boots the servers of a lab: user data are run, Kubernetes comes up, kubelets are played by kwok."""
