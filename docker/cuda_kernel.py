"""Point the image's kernel at the CUDA plugin: cuda_kernel.py KERNEL.JSON PLUGIN SITE-PACKAGES

Until then, the kernel's environment names the CPU plugin with which the image was built.
"""

import json
import sys
from pathlib import Path

kernel, plugin, packages = (Path(arg) for arg in sys.argv[1:4])
libraries = sorted(str(path) for path in packages.glob("nvidia/**/lib") if path.is_dir())
tools = [str(path.parent) for path in packages.glob("nvidia/**/bin/ptxas")]
spec = json.loads(kernel.read_text(encoding="utf-8"))
spec["env"].update(
    GOMLX_BACKEND=f"xla:{plugin}",
    PJRT_PLUGIN_LIBRARY_PATH=str(plugin.parent),
    LD_LIBRARY_PATH=":".join(libraries),
    PATH=":".join([*tools, spec["env"]["PATH"]]),
)
kernel.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
