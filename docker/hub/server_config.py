"""JupyterHub on a plain server: each student is an account of the server. docs/CLASS.md shows the installation.

    jupyterhub -f docker/hub/server_config.py

A student's account is made at the first login. LocalProcessSpawner sets no limits: where students must not take each other's memory, use
containers (compose.yaml), Slurm (slurm_config.py), or jupyterhub-systemdspawner with mem_limit and cpu_limit.
"""

import os

c = get_config()  # noqa: F821
load_subconfig(os.path.join(os.path.dirname(os.path.abspath(__file__)), "class_config.py"))  # noqa: F821

c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.LocalAuthenticator.create_system_users = True
c.Spawner.notebook_dir = "~"
c.Spawner.default_url = "/lab"
