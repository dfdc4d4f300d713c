"""The kubelet's part for the cloud controllers of a lab's clusters: the real programs run as their pods say."""
