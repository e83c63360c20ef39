// The parts of two XLA interfaces that this package uses: PJRT's (xla/pjrt/c/pjrt_c_api.h,
// pjrt_c_api_ffi_extension.h, major version 0) and that of typed FFI (xla/ffi/api/c_api.h,
// versions 0.2 to 0.4). Copyright The OpenXLA Authors, Apache License 2.0.
//
// Each struct begins with its size, as compiled by the side that created it. Later minor
// versions append fields. A struct that this code reads must be at least as large as
// SIZE_THROUGH the last field that it uses.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SIZE_THROUGH(type, field) (offsetof(type, field) + sizeof(((type*)0)->field))

enum {
  PJRT_MAJOR = 0,
  PJRT_EXTENSION_FFI = 5,
};

typedef struct pjrt_extension {
  size_t struct_size;
  int type;
  struct pjrt_extension* next;
} pjrt_extension;

typedef struct {
  size_t struct_size;
  pjrt_extension* extension_start;
  int major_version;
  int minor_version;
} pjrt_api_version;

typedef struct pjrt_error pjrt_error;

typedef struct {
  size_t struct_size;
  pjrt_extension* extension_start;
  pjrt_error* error;
} pjrt_error_destroy_args;

typedef struct {
  size_t struct_size;
  pjrt_extension* extension_start;
  const pjrt_error* error;
  const char* message;
  size_t message_size;
} pjrt_error_message_args;

typedef struct {
  size_t struct_size;
  pjrt_extension* extension_start;
  pjrt_api_version version;
  void (*error_destroy)(pjrt_error_destroy_args*);
  void (*error_message)(pjrt_error_message_args*);
} pjrt_api;

typedef struct {
  size_t struct_size;
  const char* target_name;
  size_t target_name_size;
  void* handler;
  const char* platform_name;
  size_t platform_name_size;
  int traits;
} pjrt_ffi_register_handler_args;

typedef struct {
  pjrt_extension base;
  void* type_register;
  void* user_data_add;
  pjrt_error* (*register_handler)(pjrt_ffi_register_handler_args*);  // NULL on success
} pjrt_ffi_extension;

enum {
  XLA_FFI_EXTENSION_METADATA = 1,
  XLA_FFI_MAJOR = 0,
  XLA_FFI_FIRST_MINOR = 2,  // the layouts below are those of the versions 0.2 to 0.4
  XLA_FFI_LAST_MINOR = 4,
  XLA_FFI_INVALID_ARGUMENT = 3,
  XLA_FFI_INTERNAL = 13,
  XLA_FFI_F32 = 11,
  XLA_FFI_BF16 = 16,
  XLA_FFI_S64 = 5,
  XLA_FFI_BUFFER = 1,  // a kind of operand and of result
  XLA_FFI_ARRAY = 1,   // a kind of attribute
};

typedef struct xla_ffi_extension {
  size_t struct_size;
  int type;
  struct xla_ffi_extension* next;
} xla_ffi_extension;

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  int major_version;
  int minor_version;
} xla_ffi_api_version;

typedef struct {
  size_t struct_size;
  xla_ffi_api_version api_version;
  uint32_t traits;
} xla_ffi_metadata;

typedef struct {
  xla_ffi_extension base;
  xla_ffi_metadata* metadata;
} xla_ffi_metadata_extension;

typedef struct xla_ffi_error xla_ffi_error;

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  const char* message;
  int code;
} xla_ffi_error_create_args;

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  xla_ffi_api_version api_version;
  const void* internal_api;
  xla_ffi_error* (*error_create)(xla_ffi_error_create_args*);
} xla_ffi_api;

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  int dtype;
  void* data;
  int64_t rank;
  int64_t* dims;
} xla_ffi_buffer;

typedef struct {
  int dtype;
  size_t size;
  void* data;
} xla_ffi_array;

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  int64_t size;
  int* types;
  void** buffers;
} xla_ffi_buffers;  // XLA_FFI_Args and XLA_FFI_Rets

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  int64_t size;
  int* types;
  void** names;
  void** attributes;
} xla_ffi_attributes;

typedef struct {
  size_t struct_size;
  xla_ffi_extension* extension_start;
  const xla_ffi_api* api;
  void* context;
  int stage;
  xla_ffi_buffers args;
  xla_ffi_buffers rets;
  xla_ffi_attributes attributes;
} xla_ffi_call;
