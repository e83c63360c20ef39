// Helpers for handling XLA's calls of a function.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "xla.h"

// handler is a function that XLA can call. It returns NULL, or an error of the graph.
typedef xla_ffi_error* handler(xla_ffi_call*);

// fail makes an error of the graph.
__attribute__((format(printf, 3, 4))) static inline xla_ffi_error* fail(const xla_ffi_call* call, int code,
                                                                        const char* format, ...) {
  char message[256];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  xla_ffi_error_create_args a = {.struct_size = sizeof a, .message = message, .code = code};
  return call->api->error_create(&a);
}

// answer_version_query reports whether XLA only asks which version of typed FFI the
// function is made for, and answers it. It records any unknown version or layout for
// onednn_register. See plugin.c.
bool answer_version_query(const xla_ffi_call* call);

static inline xla_ffi_buffer* operand(const xla_ffi_call* call, int i) { return call->args.buffers[i]; }
static inline xla_ffi_buffer* result(const xla_ffi_call* call, int i) { return call->rets.buffers[i]; }

static inline bool float_buffers(const xla_ffi_buffers* b) {
  for (int64_t i = 0; i < b->size; i++) {
    const xla_ffi_buffer* x = b->buffers[i];
    if (b->types[i] != XLA_FFI_BUFFER || x->struct_size < SIZE_THROUGH(xla_ffi_buffer, dims) ||
        (x->dtype != XLA_FFI_F32 && x->dtype != XLA_FFI_BF16)) {
      return false;
    }
  }
  return true;
}

// has_floats reports whether the numbers of the call's operands and results are within
// the given limits, and whether all of them are float32 or bfloat16 in a known layout.
static inline bool has_floats(const xla_ffi_call* call, int64_t least, int64_t most, int64_t results) {
  return call->args.size >= least && call->args.size <= most && call->rets.size == results &&
         float_buffers(&call->args) && float_buffers(&call->rets);
}

// attribute returns the only attribute of the call, an array of n integers, or NULL.
static inline const int64_t* attribute(const xla_ffi_call* call, size_t n) {
  if (call->attributes.size != 1 || call->attributes.types[0] != XLA_FFI_ARRAY) return NULL;
  const xla_ffi_array* a = call->attributes.attributes[0];
  return a->dtype == XLA_FFI_S64 && a->size == n ? a->data : NULL;
}
