// What each function has to do with the call that XLA hands it.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "xla.h"

static inline xla_ffi_error* refuse(const xla_ffi_call* call, int code, const char* format, ...) {
  char message[256];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  xla_ffi_error_create_args a = {.struct_size = sizeof a, .message = message, .code = code};
  return call->api->error_create(&a);
}

// asks_version tells whether XLA only asks for which version of its interface the
// function is made, and answers it.
static inline bool asks_version(const xla_ffi_call* call) {
  xla_ffi_extension* e = call->extension_start;
  if (e == NULL || e->type != XLA_FFI_EXTENSION_METADATA) return false;
  xla_ffi_metadata* m = ((xla_ffi_metadata_extension*)e)->metadata;
  m->api_version = (xla_ffi_api_version){
      .struct_size = sizeof m->api_version,
      .major_version = XLA_FFI_MAJOR,
      .minor_version = call->api->api_version.minor_version,
  };
  m->traits = 0;
  return true;
}

static inline xla_ffi_buffer* operand(const xla_ffi_call* call, int i) { return call->args.buffers[i]; }
static inline xla_ffi_buffer* result(const xla_ffi_call* call, int i) { return call->rets.buffers[i]; }

// numbers are the n numbers that come with the call, its only attribute, or NULL.
static inline const int64_t* numbers(const xla_ffi_call* call, size_t n) {
  if (call->attributes.size != 1 || call->attributes.types[0] != XLA_FFI_ARRAY) return NULL;
  const xla_ffi_array* a = call->attributes.attributes[0];
  return a->dtype == XLA_FFI_S64 && a->size == n ? a->data : NULL;
}
