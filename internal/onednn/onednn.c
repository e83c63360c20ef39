#include "onednn.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "dnnl.h"
#include "pictures.h"

// dnnl has each function of the library under its name there.
static struct {
#define MEMBER(name, parameters) int(*name) parameters;
  DNNL_FUNCTIONS(MEMBER)
  dnnl_handle (*primitive_desc_query_md)(dnnl_handle desc, int what, int index);
  dnnl_handle engine;
} dnnl;

// scope is what a call makes, to be destroyed at its end, and its first failure.
typedef struct {
  struct {
    int (*destroy)(dnnl_handle);
    dnnl_handle handle;
  } made[32];
  int n;
  const char* failed;  // the function, or NULL
  int status;
} scope;

// DO notes a failure of a call to the library. After one, the rest comes to nothing:
// the library refuses to work with what was not made.
#define DO(s, name, ...) note(s, #name, dnnl.name(__VA_ARGS__))

static void note(scope* s, const char* function, int status) {
  if (status != 0 && s->failed == NULL) {
    s->failed = function;
    s->status = status;
  }
}

static dnnl_handle keep(scope* s, int (*destroy)(dnnl_handle), dnnl_handle handle) {
  if (handle != NULL) {
    s->made[s->n].destroy = destroy;
    s->made[s->n++].handle = handle;
  }
  return handle;
}

static void clean(scope* s) {
  while (s->n > 0) {
    s->n--;
    s->made[s->n].destroy(s->made[s->n].handle);
  }
}

static dnnl_handle strided(scope* s, int rank, const dnnl_dims dims, const dnnl_dims strides) {
  dnnl_handle desc = NULL;
  DO(s, memory_desc_create_with_strides, &desc, rank, dims, DNNL_F32, strides);
  return keep(s, dnnl.memory_desc_destroy, desc);
}

static dnnl_handle any_order(scope* s, int rank, const dnnl_dims dims) {
  dnnl_handle desc = NULL;
  DO(s, memory_desc_create_with_tag, &desc, rank, dims, DNNL_F32, DNNL_FORMAT_ANY);
  return keep(s, dnnl.memory_desc_destroy, desc);
}

// pictures is x [batch, height, width, channels], whose axes the library names in the
// order batch, channels, height, width.
static dnnl_handle pictures(scope* s, const xla_ffi_buffer* x) {
  int64_t h = x->dims[1], w = x->dims[2], c = x->dims[3];
  return strided(s, 4, (dnnl_dims){x->dims[0], c, h, w}, (dnnl_dims){h * w * c, 1, w * c, c});
}

static dnnl_handle vector(scope* s, const xla_ffi_buffer* v) {
  return strided(s, 1, (dnnl_dims){v->dims[0]}, (dnnl_dims){1});
}

static dnnl_handle memory(scope* s, dnnl_handle desc, void* data) {
  dnnl_handle m = NULL;
  DO(s, memory_create, &m, desc, dnnl.engine, data);
  return keep(s, dnnl.memory_destroy, m);
}

// own_memory is allocated by the library.
static dnnl_handle own_memory(scope* s, dnnl_handle desc) { return memory(s, desc, (void*)(size_t)-1); }

static dnnl_handle stream(scope* s) {
  dnnl_handle stream = NULL;
  DO(s, stream_create, &stream, dnnl.engine, DNNL_STREAM_DEFAULT);
  return keep(s, dnnl.stream_destroy, stream);
}

// run computes what desc describes, and waits for it.
static void run(scope* s, dnnl_handle stream, dnnl_handle desc, int n, const dnnl_exec_arg* args) {
  if (s->failed != NULL) return;
  dnnl_handle primitive = NULL;
  DO(s, primitive_create, &primitive, desc);
  if (keep(s, dnnl.primitive_destroy, primitive) == NULL) return;
  DO(s, primitive_execute, primitive, stream, n, args);
  DO(s, stream_wait, stream);
}

static void reorder(scope* s, dnnl_handle stream, dnnl_handle from_desc, dnnl_handle from, dnnl_handle to_desc,
                    dnnl_handle to) {
  dnnl_handle desc = NULL;
  DO(s, reorder_primitive_desc_create, &desc, from_desc, dnnl.engine, to_desc, dnnl.engine, NULL);
  keep(s, dnnl.primitive_desc_destroy, desc);
  run(s, stream, desc, 2, (dnnl_exec_arg[]){{DNNL_SRC, from}, {DNNL_DST, to}});
}

static xla_ffi_error* finish(const xla_ffi_call* call, scope* s, const char* what) {
  clean(s);
  if (s->failed == NULL) return NULL;
  return refuse(call, XLA_FFI_INTERNAL, "%s by oneDNN: dnnl_%s gives status %d", what, s->failed, s->status);
}

// geometry is how a convolution goes over its pictures, for height and width.
typedef struct {
  dnnl_handle plain;  // the kernel as it lies in memory
  dnnl_handle any;    // the kernel in whatever order suits
  dnnl_dims strides, dilations, before, after;
  bool relu;
} geometry;

// geometry_of reads it from a call's numbers: in which axes of the kernel its output and
// input channels, its height and its width are; then, for height and width each,
// strides, dilations, zeros before and zeros after; last, 1 for a ReLU.
enum { CONVOLUTION_NUMBERS = 13 };

static geometry geometry_of(scope* s, const xla_ffi_buffer* kernel, const int64_t* n) {
  geometry g = {.relu = n[12] != 0};
  dnnl_dims strides, dims, of;
  of[3] = 1;
  for (int i = 2; i >= 0; i--) of[i] = of[i + 1] * kernel->dims[i + 1];
  for (int i = 0; i < 4; i++) {
    dims[i] = kernel->dims[n[i]];
    strides[i] = of[n[i]];
  }
  g.plain = strided(s, 4, dims, strides);
  g.any = any_order(s, 4, dims);
  for (int i = 0; i < 2; i++) {
    g.strides[i] = n[4 + i];
    g.dilations[i] = n[6 + i] - 1;  // the library counts what is left out
    g.before[i] = n[8 + i];
    g.after[i] = n[10 + i];
  }
  return g;
}

static dnnl_handle with_relu(scope* s) {
  dnnl_handle ops = NULL, attr = NULL;
  DO(s, post_ops_create, &ops);
  keep(s, dnnl.post_ops_destroy, ops);
  DO(s, post_ops_append_eltwise, ops, DNNL_RELU, 0, 0);
  DO(s, primitive_attr_create, &attr);
  keep(s, dnnl.primitive_attr_destroy, attr);
  DO(s, primitive_attr_set_post_ops, attr, ops);
  return attr;
}

static dnnl_handle forward(scope* s, int kind, dnnl_handle x, geometry* g, dnnl_handle bias, dnnl_handle y) {
  dnnl_handle desc = NULL, attr = g->relu ? with_relu(s) : NULL;
  DO(s, convolution_forward_primitive_desc_create, &desc, dnnl.engine, kind, DNNL_CONVOLUTION_DIRECT, x, g->any, bias,
     y, g->strides, g->dilations, g->before, g->after, attr);
  return keep(s, dnnl.primitive_desc_destroy, desc);
}

// convolution computes y from x, kernel and, if there is a third operand, bias.
static xla_ffi_error* convolution(xla_ffi_call* call) {
  if (asks_version(call)) return NULL;
  const int64_t* n = numbers(call, CONVOLUTION_NUMBERS);
  if (n == NULL || call->args.size < 2 || operand(call, 0)->rank != 4) {
    return refuse(call, XLA_FFI_INVALID_ARGUMENT, "a convolution wants pictures, kernel, perhaps bias, and %d numbers",
                  CONVOLUTION_NUMBERS);
  }
  xla_ffi_buffer *x = operand(call, 0), *kernel = operand(call, 1), *y = result(call, 0);
  xla_ffi_buffer* bias = call->args.size > 2 ? operand(call, 2) : NULL;
  scope s = {0};
  geometry g = geometry_of(&s, kernel, n);
  dnnl_handle x_desc = pictures(&s, x), y_desc = pictures(&s, y), bias_desc = bias != NULL ? vector(&s, bias) : NULL;
  dnnl_handle desc = forward(&s, DNNL_FORWARD_INFERENCE, x_desc, &g, bias_desc, y_desc);
  if (desc == NULL) return finish(call, &s, "a convolution");

  dnnl_handle queue = stream(&s), weights = memory(&s, g.plain, kernel->data);
  dnnl_handle wanted = dnnl.primitive_desc_query_md(desc, DNNL_QUERY_WEIGHTS, 0);
  if (!dnnl.memory_desc_equal(wanted, g.plain)) {
    dnnl_handle plain = weights;
    weights = own_memory(&s, wanted);
    reorder(&s, queue, g.plain, plain, wanted, weights);
  }
  dnnl_exec_arg args[4] = {{DNNL_SRC, memory(&s, x_desc, x->data)},
                           {DNNL_WEIGHTS, weights},
                           {DNNL_DST, memory(&s, y_desc, y->data)}};
  if (bias != NULL) args[3] = (dnnl_exec_arg){DNNL_BIAS, memory(&s, bias_desc, bias->data)};
  run(&s, queue, desc, bias != NULL ? 4 : 3, args);
  return finish(call, &s, "a convolution");
}

// kernel_gradient computes the loss's gradient with respect to the kernel, from x and
// that with respect to y. The bias's could come with it, but takes as long as alone.
static xla_ffi_error* kernel_gradient(xla_ffi_call* call) {
  if (asks_version(call)) return NULL;
  const int64_t* n = numbers(call, CONVOLUTION_NUMBERS);
  if (n == NULL || call->args.size != 2 || operand(call, 0)->rank != 4) {
    return refuse(call, XLA_FFI_INVALID_ARGUMENT, "a kernel's gradient wants pictures, gradients and %d numbers",
                  CONVOLUTION_NUMBERS);
  }
  xla_ffi_buffer *x = operand(call, 0), *dy = operand(call, 1), *kernel = result(call, 0);
  scope s = {0};
  geometry g = geometry_of(&s, kernel, n);
  dnnl_handle x_desc = pictures(&s, x), dy_desc = pictures(&s, dy), desc = NULL;
  dnnl_handle hint = forward(&s, DNNL_FORWARD_TRAINING, x_desc, &g, NULL, dy_desc);
  DO(&s, convolution_backward_weights_primitive_desc_create, &desc, dnnl.engine, DNNL_CONVOLUTION_DIRECT, x_desc, g.any,
     NULL, dy_desc, g.strides, g.dilations, g.before, g.after, hint, NULL);
  if (keep(&s, dnnl.primitive_desc_destroy, desc) == NULL) return finish(call, &s, "a kernel's gradient");

  dnnl_handle queue = stream(&s), plain = memory(&s, g.plain, kernel->data), weights = plain;
  dnnl_handle given = dnnl.primitive_desc_query_md(desc, DNNL_QUERY_DIFF_WEIGHTS, 0);
  bool other = !dnnl.memory_desc_equal(given, g.plain);
  if (other) weights = own_memory(&s, given);
  run(&s, queue, desc, 3,
      (dnnl_exec_arg[]){{DNNL_SRC, memory(&s, x_desc, x->data)},
                        {DNNL_DIFF_DST, memory(&s, dy_desc, dy->data)},
                        {DNNL_DIFF_WEIGHTS, weights}});
  if (other) reorder(&s, queue, given, weights, g.plain, plain);
  return finish(call, &s, "a kernel's gradient");
}

// matrix is m [rows, columns], turned over or not.
static dnnl_handle matrix(scope* s, const xla_ffi_buffer* m, bool turned) {
  int64_t rows = m->dims[0], columns = m->dims[1];
  if (turned) return strided(s, 2, (dnnl_dims){columns, rows}, (dnnl_dims){1, columns});
  return strided(s, 2, (dnnl_dims){rows, columns}, (dnnl_dims){columns, 1});
}

// product multiplies two matrices; two numbers tell which of them are turned over.
static xla_ffi_error* product(xla_ffi_call* call) {
  if (asks_version(call)) return NULL;
  const int64_t* turned = numbers(call, 2);
  if (turned == NULL || call->args.size != 2 || operand(call, 0)->rank != 2 || operand(call, 1)->rank != 2) {
    return refuse(call, XLA_FFI_INVALID_ARGUMENT, "a product wants two matrices and two numbers");
  }
  xla_ffi_buffer *a = operand(call, 0), *b = operand(call, 1), *c = result(call, 0);
  scope s = {0};
  dnnl_handle a_desc = matrix(&s, a, turned[0]), b_desc = matrix(&s, b, turned[1]), c_desc = matrix(&s, c, false);
  dnnl_handle desc = NULL;
  DO(&s, matmul_primitive_desc_create, &desc, dnnl.engine, a_desc, b_desc, NULL, c_desc, NULL);
  keep(&s, dnnl.primitive_desc_destroy, desc);
  run(&s, stream(&s), desc, 3,
      (dnnl_exec_arg[]){{DNNL_SRC, memory(&s, a_desc, a->data)},
                        {DNNL_WEIGHTS, memory(&s, b_desc, b->data)},
                        {DNNL_DST, memory(&s, c_desc, c->data)}});
  return finish(call, &s, "a product");
}

static char* text(const char* format, ...) {
  char* message = malloc(512);
  va_list args;
  va_start(args, format);
  if (message != NULL) vsnprintf(message, 512, format, args);
  va_end(args);
  return message;
}

// open_library looks up the functions, and the processor. The first library that is
// opened stays the one that computes.
static char* open_library(const char* path) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return text("%s", dlerror());
  if (dnnl.engine != NULL) return NULL;
#define LOOK_UP(name, parameters) \
  if ((*(void**)&dnnl.name = dlsym(library, "dnnl_" #name)) == NULL) return text("%s has no dnnl_%s", path, #name);
  DNNL_FUNCTIONS(LOOK_UP)
  LOOK_UP(primitive_desc_query_md, )
  int status = dnnl.engine_create(&dnnl.engine, DNNL_CPU, 0);
  return status == 0 ? NULL : text("%s: dnnl_engine_create gives status %d", path, status);
}

static char* announce(pjrt_ffi_extension* ffi, const char* name, xla_ffi_error* (*handler)(xla_ffi_call*)) {
  const char* platform = "Host";
  pjrt_ffi_register_handler_args args = {
      .struct_size = sizeof args, .target_name = name, .target_name_size = strlen(name), .handler = handler,
      .platform_name = platform, .platform_name_size = strlen(platform)};
  return ffi->register_handler(&args) == NULL ? NULL : text("the plugin refuses the call %s", name);
}

char* onednn_open(const char* path, const char* plugin_path, bool avx2) {
  void* plugin = dlopen(plugin_path, RTLD_NOW | RTLD_NOLOAD);
  if (plugin == NULL) return text("%s is not loaded", plugin_path);
  pjrt_api* (*get)(void) = (pjrt_api * (*)(void)) dlsym(plugin, "GetPjrtApi");
  if (get == NULL) return text("%s has no GetPjrtApi", plugin_path);
  pjrt_extension* e = get()->extension_start;
  while (e != NULL && e->type != PJRT_EXTENSION_FFI) e = e->next;
  if (e == NULL) return text("%s takes no calls to other libraries", plugin_path);

  char* failed = open_library(path);
  pjrt_ffi_extension* ffi = (pjrt_ffi_extension*)e;
  if (failed == NULL) failed = announce(ffi, "cnnbook$convolution", convolution);
  if (failed == NULL) failed = announce(ffi, "cnnbook$kernel_gradient", kernel_gradient);
  if (failed == NULL) failed = announce(ffi, "cnnbook$product", product);
  if (failed == NULL) failed = announce(ffi, "cnnbook$relu_gradient", relu_gradient);
  if (failed == NULL) failed = announce(ffi, "cnnbook$max_pool", max_pool);
  if (failed == NULL) failed = announce(ffi, "cnnbook$max_pool_gradient", max_pool_gradient);
  if (failed == NULL) prepare_pictures(avx2);
  return failed;
}
