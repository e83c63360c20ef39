"""Stand in for a kernel whose parts are missing: answer every cell with the remedy.

usage: gone.py CONNECTION_FILE MESSAGE
"""

import sys

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel

MESSAGE = sys.argv[2]


class Gone(Kernel):
    implementation = "cnnbook"
    implementation_version = "0"
    banner = MESSAGE
    language_info = {"name": "go", "mimetype": "text/x-go", "file_extension": ".go"}

    def do_execute(self, code, silent, *args, **kwargs):
        error = {"ename": "KernelGone", "evalue": MESSAGE, "traceback": [MESSAGE]}
        if not silent:
            self.send_response(self.iopub_socket, "error", error)
        return {"status": "error", "execution_count": self.execution_count, **error}


IPKernelApp.launch_instance(argv=["-f", sys.argv[1]], kernel_class=Gone)
