#include <stdbool.h>

// onednn_open opens the library and makes its calls known to the plugin, which the
// process has loaded. It returns NULL, or what went wrong, to be freed.
char* onednn_open(const char* library, const char* plugin, bool avx2);
