"""What the hubs of this folder share. Their configurations load it; it is no hub by itself.

    STUDENT_PASSWORD  the password of all students, at least 8 characters: whoever knows it may take any name, which suits a workshop.
                      A course with marks uses its university's accounts: JupyterHub's OAuthenticator or LTI
    TEACHER_PASSWORD  the password of the user "teacher", who may enter every student's server: at least 32 characters
    CLASS_SIZE        how many servers may run at once
"""

import os
import sys

c = get_config()  # noqa: F821

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = os.environ["STUDENT_PASSWORD"]
c.SharedPasswordAuthenticator.admin_password = os.environ["TEACHER_PASSWORD"]
c.Authenticator.admin_users = {"teacher"}
c.Authenticator.allow_all = True

# A hub that is stopped, updated or killed takes no kernel with it.
c.JupyterHub.cleanup_servers = False
c.JupyterHub.cleanup_proxy = False
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = os.environ.get("CLASS_PROXY", "http://127.0.0.1:8001")

size = int(os.environ.get("CLASS_SIZE") or 40)
c.JupyterHub.active_server_limit = size
c.JupyterHub.concurrent_spawn_limit = size
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
c.Spawner.default_url = "/lab/tree/notebooks"
c.Spawner.environment = {"CNNBOOK_BUDGET": "smoke"}

# Servers without activity for an hour end. A kernel that trains is active.
c.JupyterHub.services = [{"name": "culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600", "--cull-every=300"]}]
c.JupyterHub.load_roles = [
    {"name": "culler", "services": ["culler"], "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"]}
]
