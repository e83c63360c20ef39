// The functions of oneDNN 3 that this package uses, and their constants
// (oneapi/dnnl/dnnl.h, dnnl_types.h). Copyright Intel Corporation, Apache License 2.0.
//
// The library is opened at run time, so that a program can be built and run without it.
#pragma once

#include <stdint.h>

enum {
  DNNL_BF16 = 2,
  DNNL_F32 = 3,
  DNNL_CPU = 1,
  DNNL_FORMAT_ANY = 1,
  DNNL_FORWARD_TRAINING = 64,
  DNNL_FORWARD_INFERENCE = 96,
  DNNL_CONVOLUTION_DIRECT = 1,
  DNNL_RELU = 32,
  DNNL_STREAM_DEFAULT = 1,
  DNNL_QUERY_WEIGHTS = 131,
  DNNL_QUERY_DIFF_WEIGHTS = 132,
  DNNL_SRC = 1,
  DNNL_DST = 17,
  DNNL_WEIGHTS = 33,
  DNNL_BIAS = 41,
  DNNL_DIFF_DST = 145,
  DNNL_DIFF_WEIGHTS = 161,
  DNNL_MAX_NDIMS = 12,
  DNNL_AMX = 0xfef,  // the bits of instruction sets that include AMX in bfloat16
};

typedef struct {
  int major, minor, patch;
} dnnl_version_t;  // the first fields

typedef int64_t dnnl_dims[DNNL_MAX_NDIMS];
typedef void *dnnl_handle;  // an engine, a stream, a description, memory, a primitive

typedef struct {
  int arg;
  dnnl_handle memory;
} dnnl_exec_arg;

// FUNCTION(result, name, parameters) for each function.
#define DNNL_FUNCTIONS(FUNCTION)                                                                                  \
  FUNCTION(engine_create, (dnnl_handle*, int kind, size_t index))                                                 \
  FUNCTION(stream_create, (dnnl_handle*, dnnl_handle engine, unsigned flags))                                     \
  FUNCTION(stream_wait, (dnnl_handle))                                                                            \
  FUNCTION(stream_destroy, (dnnl_handle))                                                                         \
  FUNCTION(memory_desc_create_with_strides, (dnnl_handle*, int rank, const dnnl_dims, int type, const dnnl_dims)) \
  FUNCTION(memory_desc_create_with_tag, (dnnl_handle*, int rank, const dnnl_dims, int type, int tag))             \
  FUNCTION(memory_desc_destroy, (dnnl_handle))                                                                    \
  FUNCTION(memory_desc_equal, (dnnl_handle, dnnl_handle))                                                         \
  FUNCTION(memory_create, (dnnl_handle*, dnnl_handle desc, dnnl_handle engine, void* data))                       \
  FUNCTION(memory_destroy, (dnnl_handle))                                                                         \
  FUNCTION(post_ops_create, (dnnl_handle*))                                                                       \
  FUNCTION(post_ops_append_eltwise, (dnnl_handle, int kind, float alpha, float beta))                             \
  FUNCTION(post_ops_destroy, (dnnl_handle))                                                                       \
  FUNCTION(primitive_attr_create, (dnnl_handle*))                                                                 \
  FUNCTION(primitive_attr_set_post_ops, (dnnl_handle, dnnl_handle))                                               \
  FUNCTION(primitive_attr_destroy, (dnnl_handle))                                                                 \
  FUNCTION(primitive_desc_destroy, (dnnl_handle))                                                                 \
  FUNCTION(primitive_create, (dnnl_handle*, dnnl_handle desc))                                                    \
  FUNCTION(primitive_execute, (dnnl_handle, dnnl_handle stream, int n, const dnnl_exec_arg*))                     \
  FUNCTION(primitive_destroy, (dnnl_handle))                                                                      \
  FUNCTION(reorder_primitive_desc_create,                                                                         \
           (dnnl_handle*, dnnl_handle from, dnnl_handle, dnnl_handle to, dnnl_handle, dnnl_handle attr))          \
  FUNCTION(matmul_primitive_desc_create,                                                                          \
           (dnnl_handle*, dnnl_handle engine, dnnl_handle src, dnnl_handle weights, dnnl_handle bias,             \
            dnnl_handle dst, dnnl_handle attr))                                                                   \
  FUNCTION(convolution_forward_primitive_desc_create,                                                             \
           (dnnl_handle*, dnnl_handle engine, int prop, int algorithm, dnnl_handle src, dnnl_handle weights,      \
            dnnl_handle bias, dnnl_handle dst, const dnnl_dims strides, const dnnl_dims dilations,                \
            const dnnl_dims before, const dnnl_dims after, dnnl_handle attr))                                     \
  FUNCTION(convolution_backward_weights_primitive_desc_create,                                                    \
           (dnnl_handle*, dnnl_handle engine, int algorithm, dnnl_handle src, dnnl_handle weights,                \
            dnnl_handle bias, dnnl_handle dst, const dnnl_dims strides, const dnnl_dims dilations,                \
            const dnnl_dims before, const dnnl_dims after, dnnl_handle forward, dnnl_handle attr))
