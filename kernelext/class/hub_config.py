"""The hub that package class measures: a configuration of docker/hub, for students who have no accounts on this machine.

Where this account is root and others can read the installation, each student is an account of its own all the same, by its number.
"""

import os

from jupyterhub.spawner import SimpleLocalProcessSpawner

c = get_config()  # noqa: F821
load_subconfig(os.environ["CLASS_CONFIG"])  # noqa: F821

folder = os.environ["CLASS_FOLDER"]
keep = ["PATH", "PYTHONPATH", "JUPYTER_PATH", "GOCACHE", "GOMODCACHE", "OMP_NUM_THREADS", "CLASS_MARK", "SLURM_CONF"]
c.JupyterHub.bind_url = os.environ["CLASS_URL"]
c.JupyterHub.hub_bind_url = os.environ["CLASS_HUB_URL"]
c.JupyterHub.db_url = f"sqlite:///{folder}/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{folder}/cookie_secret"
c.JupyterHub.allow_named_servers = False
c.Spawner.env_keep = keep
c.Spawner.cmd = ["jupyterhub-singleuser"]
c.Spawner.notebook_dir = ""
if os.geteuid() == 0 and not os.environ.get("CLASS_ACCOUNTS"):
    c.Spawner.args = ["--allow-root"]
c.LocalAuthenticator.create_system_users = False


def home(name):
    """The student's home folder, made for the student's account."""
    path = os.path.join(folder, "homes", name)
    os.makedirs(path, mode=0o700, exist_ok=True)
    if os.environ.get("CLASS_ACCOUNTS"):
        os.chown(path, account(name), account(name))
    return path


def account(name):
    return 20000 + int(name.removeprefix("student"))


class Student(SimpleLocalProcessSpawner):
    home_dir = property(lambda self: home(self.user.name))

    def user_env(self, env):
        env.update(USER=self.user.name, HOME=self.home_dir, SHELL="/bin/sh", CNNBOOK_RUNS=os.path.join(self.home_dir, "runs"))
        return env

    def make_preexec_fn(self, name):
        path, number = self.home_dir, account(name)

        def become():
            if os.environ.get("CLASS_ACCOUNTS"):
                os.setgroups([])
                os.setgid(number)
                os.setuid(number)
            os.chdir(path)

        return become


if os.environ["CLASS_CONFIG"].endswith("slurm_config.py"):
    from batchspawner import SlurmSpawner

    class SlurmStudent(SlurmSpawner):
        def _req_homedir_default(self):
            return home(self.user.name)

        user_env = Student.user_env

        def state_gethost(self):  # all nodes are this machine, which knows no such names
            return "127.0.0.1"

        home_dir = Student.home_dir

    c.JupyterHub.spawner_class = SlurmStudent
    c.BatchSpawnerBase.exec_prefix = ""
    c.BatchSpawnerBase.req_memory = os.environ.get("CLASS_MEMORY", "1500M")
    c.JupyterHub.hub_connect_ip = "127.0.0.1"
else:
    c.JupyterHub.spawner_class = Student
