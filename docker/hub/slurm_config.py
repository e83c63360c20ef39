"""JupyterHub before a Slurm cluster: each student's server is a job, which Slurm puts on a node and keeps to its limits.

    jupyterhub -f docker/hub/slurm_config.py

The hub runs on a node that may call sbatch. The students' accounts, their home folders, the kernel and the Python environment must be the
same on all nodes, and the nodes must reach the hub: CLASS_HUB is the hub's address as they see it.
"""

import os

import batchspawner  # noqa: F401  registers the page by which a job tells the hub its port

c = get_config()  # noqa: F821
load_subconfig(os.path.join(os.path.dirname(os.path.abspath(__file__)), "class_config.py"))  # noqa: F821

c.JupyterHub.spawner_class = "batchspawner.SlurmSpawner"
c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = os.environ.get("CLASS_HUB", "127.0.0.1")
c.Spawner.default_url = "/lab"
c.BatchSpawnerBase.req_nprocs = "1"
c.BatchSpawnerBase.req_memory = "2G"
c.BatchSpawnerBase.req_runtime = "8:00:00"
c.SlurmSpawner.batch_script = """#!/bin/bash
#SBATCH --job-name=class-{{username}}
#SBATCH --output={{homedir}}/jupyterhub-%j.log
#SBATCH --chdir={{homedir}}
#SBATCH --time={{runtime}}
#SBATCH --cpus-per-task={{nprocs}}
#SBATCH --mem={{memory}}
#SBATCH --export={{keepvars}}
#SBATCH --no-requeue
{% if partition %}#SBATCH --partition={{partition}}
{% endif %}set -eu
exec {{cmd}}
"""
