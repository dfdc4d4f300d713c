"""One stack is one cluster: load its description, build it, export what people need."""

import pulumi

from haven_iac import program

for name, value in program.build(program.load()).items():
    pulumi.export(name, value)
