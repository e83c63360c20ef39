// The functions that Go calls. Each returns whether it succeeded, and otherwise fills in the
// reason.
#pragma once

#include <stdbool.h>

typedef struct {
  bool unsupported;  // a version or a layout is unknown; otherwise a file cannot be used
  char text[512];    // one line
} onednn_refusal;

// onednn_find_plugin returns the PJRT interface of the plugin in that file, which the
// process must have loaded, or NULL.
const void* onednn_find_plugin(const char* file, onednn_refusal* why);

// onednn_open_library opens oneDNN. The first library that is opened is used for all
// computations; later ones are only checked.
bool onednn_open_library(const char* file, onednn_refusal* why);

// onednn_has_bfloat16 reports whether oneDNN computes in bfloat16 faster than in float32, which it does with AMX: with
// AVX512_BF16 alone, a step took more than 1.6 times as long as in float32.
bool onednn_has_bfloat16(void);

// onednn_register registers the functions with a plugin, and sets whether the loops use
// AVX2.
bool onednn_register(const void* plugin, bool avx2, bool avx512, onednn_refusal* why);
