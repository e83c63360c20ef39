// What Go calls. Each function returns whether it went well, and otherwise fills in why it
// did not.
#pragma once

#include <stdbool.h>

typedef struct {
  bool unsupported;  // a version or a layout is not as this code knows it; else a file cannot be used
  char text[512];    // one line
} onednn_refusal;

// onednn_find_plugin returns the PJRT interface of the plugin in that file, which the
// process must have loaded, or NULL.
const void* onednn_find_plugin(const char* file, onednn_refusal* why);

// onednn_open_library opens oneDNN. The first library that is opened stays the one that
// computes; later ones are only checked.
bool onednn_open_library(const char* file, onednn_refusal* why);

// onednn_register makes the functions known to a plugin, and tells the loops whether the
// processor has AVX2.
bool onednn_register(const void* plugin, bool avx2, onednn_refusal* why);
