// The functions that oneDNN computes.
#include <dlfcn.h>

#include "dnnl.h"
#include "handlers.h"
#include "refusal.h"

// dnnl holds the library's functions under their own names.
static struct library {
#define MEMBER(name, parameters) int(*name) parameters;
  DNNL_FUNCTIONS(MEMBER)
  dnnl_handle (*primitive_desc_query_md)(dnnl_handle desc, int what, int index);
  const dnnl_version_t* (*version)(void);
  int (*get_effective_cpu_isa)(void);
  dnnl_handle engine;
} dnnl;

// scope holds the objects that a call creates, to be destroyed at its end, and its first failure.
typedef struct {
  struct {
    int (*destroy)(dnnl_handle);
    dnnl_handle handle;
  } created[32];
  int n;
  const char* failed;  // the failed function, or NULL
  int status;
} scope;

// DO records the first failure of a call to the library. Later calls do nothing: the library
// refuses objects that were not created.
#define DO(s, name, ...) note(s, #name, dnnl.name(__VA_ARGS__))

static void note(scope* s, const char* function, int status) {
  if (status != 0 && s->failed == NULL) {
    s->failed = function;
    s->status = status;
  }
}

static dnnl_handle keep(scope* s, int (*destroy)(dnnl_handle), dnnl_handle handle) {
  if (handle != NULL) {
    s->created[s->n].destroy = destroy;
    s->created[s->n++].handle = handle;
  }
  return handle;
}

static void clean(scope* s) {
  while (s->n > 0) {
    s->n--;
    s->created[s->n].destroy(s->created[s->n].handle);
  }
}

// type_of is the library's name for a buffer's type.
static int type_of(const xla_ffi_buffer* b) { return b->dtype == XLA_FFI_BF16 ? DNNL_BF16 : DNNL_F32; }

static dnnl_handle strided(scope* s, int rank, const dnnl_dims dims, int type, const dnnl_dims strides) {
  dnnl_handle desc = NULL;
  DO(s, memory_desc_create_with_strides, &desc, rank, dims, type, strides);
  return keep(s, dnnl.memory_desc_destroy, desc);
}

static dnnl_handle any_order(scope* s, int rank, const dnnl_dims dims, int type) {
  dnnl_handle desc = NULL;
  DO(s, memory_desc_create_with_tag, &desc, rank, dims, type, DNNL_FORMAT_ANY);
  return keep(s, dnnl.memory_desc_destroy, desc);
}

// feature_maps describes x [batch, height, width, channels], whose axes the library names
// in the order batch, channels, height, width.
static dnnl_handle feature_maps(scope* s, const xla_ffi_buffer* x) {
  int64_t h = x->dims[1], w = x->dims[2], c = x->dims[3];
  return strided(s, 4, (dnnl_dims){x->dims[0], c, h, w}, type_of(x), (dnnl_dims){h * w * c, 1, w * c, c});
}

static dnnl_handle vector(scope* s, const xla_ffi_buffer* v) {
  return strided(s, 1, (dnnl_dims){v->dims[0]}, type_of(v), (dnnl_dims){1});
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

// run executes the operation that desc describes, and waits for it.
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
  return fail(call, XLA_FFI_INTERNAL, "%s by oneDNN: dnnl_%s returns status %d", what, s->failed, s->status);
}

// geometry describes how a convolution moves over its input, for height and width.
typedef struct {
  dnnl_handle plain;    // the kernel as stored in memory
  dnnl_handle any;      // the kernel in the order that the library chooses
  dnnl_handle forward;  // the same in the type of the feature maps: a kernel's gradient in float32 may be of bfloat16
  dnnl_dims strides, dilations, before, after;
  bool relu;
} geometry;

// geometry_of reads it from a call's attribute: the axes of the kernel that are its output
// channels, input channels, height and width; then, for height and width each, strides,
// dilations, zeros before and zeros after; last, 1 for a ReLU.
enum { GEOMETRY_LENGTH = 13 };

static geometry geometry_of(scope* s, const xla_ffi_buffer* x, const xla_ffi_buffer* kernel, const int64_t* n) {
  geometry g = {.relu = n[12] != 0};
  dnnl_dims strides, dims, of;
  of[3] = 1;
  for (int i = 2; i >= 0; i--) of[i] = of[i + 1] * kernel->dims[i + 1];
  for (int i = 0; i < 4; i++) {
    dims[i] = kernel->dims[n[i]];
    strides[i] = of[n[i]];
  }
  g.plain = strided(s, 4, dims, type_of(kernel), strides);
  g.any = any_order(s, 4, dims, type_of(kernel));
  g.forward = any_order(s, 4, dims, type_of(x));
  for (int i = 0; i < 2; i++) {
    g.strides[i] = n[4 + i];
    g.dilations[i] = n[6 + i] - 1;  // the library counts the skipped positions
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
  DO(s, convolution_forward_primitive_desc_create, &desc, dnnl.engine, kind, DNNL_CONVOLUTION_DIRECT, x, g->forward, bias,
     y, g->strides, g->dilations, g->before, g->after, attr);
  return keep(s, dnnl.primitive_desc_destroy, desc);
}

// convolution computes y from x, kernel and, if there is a third operand, bias.
xla_ffi_error* convolution(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* n = attribute(call, GEOMETRY_LENGTH);
  if (n == NULL || !has_floats(call, 2, 3, 1) || operand(call, 0)->rank != 4 || operand(call, 1)->rank != 4) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "a convolution needs feature maps, a kernel, perhaps a bias, and %d integers",
                GEOMETRY_LENGTH);
  }
  xla_ffi_buffer *x = operand(call, 0), *kernel = operand(call, 1), *y = result(call, 0);
  xla_ffi_buffer* bias = call->args.size > 2 ? operand(call, 2) : NULL;
  scope s = {0};
  geometry g = geometry_of(&s, x, kernel, n);
  dnnl_handle x_desc = feature_maps(&s, x), y_desc = feature_maps(&s, y), bias_desc = bias != NULL ? vector(&s, bias) : NULL;
  dnnl_handle desc = forward(&s, DNNL_FORWARD_INFERENCE, x_desc, &g, bias_desc, y_desc);
  if (desc == NULL) return finish(call, &s, "a convolution");

  dnnl_handle queue = stream(&s), weights = memory(&s, g.plain, kernel->data);
  dnnl_handle chosen = dnnl.primitive_desc_query_md(desc, DNNL_QUERY_WEIGHTS, 0);
  if (!dnnl.memory_desc_equal(chosen, g.plain)) {
    dnnl_handle plain = weights;
    weights = own_memory(&s, chosen);
    reorder(&s, queue, g.plain, plain, chosen, weights);
  }
  dnnl_exec_arg args[4] = {{DNNL_SRC, memory(&s, x_desc, x->data)},
                           {DNNL_WEIGHTS, weights},
                           {DNNL_DST, memory(&s, y_desc, y->data)}};
  if (bias != NULL) args[3] = (dnnl_exec_arg){DNNL_BIAS, memory(&s, bias_desc, bias->data)};
  run(&s, queue, desc, bias != NULL ? 4 : 3, args);
  return finish(call, &s, "a convolution");
}

// kernel_gradient computes the loss's gradient with respect to the kernel, from x and the
// gradient dy with respect to y. The bias's gradient could be computed here, but takes as long
// as separately.
xla_ffi_error* kernel_gradient(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* n = attribute(call, GEOMETRY_LENGTH);
  if (n == NULL || !has_floats(call, 2, 2, 1) || operand(call, 0)->rank != 4 || operand(call, 1)->rank != 4) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "a kernel's gradient needs feature maps, gradients and %d integers",
                GEOMETRY_LENGTH);
  }
  xla_ffi_buffer *x = operand(call, 0), *dy = operand(call, 1), *kernel = result(call, 0);
  scope s = {0};
  geometry g = geometry_of(&s, x, kernel, n);
  dnnl_handle x_desc = feature_maps(&s, x), dy_desc = feature_maps(&s, dy), desc = NULL;
  dnnl_handle hint = forward(&s, DNNL_FORWARD_TRAINING, x_desc, &g, NULL, dy_desc);
  DO(&s, convolution_backward_weights_primitive_desc_create, &desc, dnnl.engine, DNNL_CONVOLUTION_DIRECT, x_desc, g.any,
     NULL, dy_desc, g.strides, g.dilations, g.before, g.after, hint, NULL);
  if (keep(&s, dnnl.primitive_desc_destroy, desc) == NULL) return finish(call, &s, "a kernel's gradient");

  dnnl_handle queue = stream(&s), plain = memory(&s, g.plain, kernel->data), weights = plain;
  dnnl_handle chosen = dnnl.primitive_desc_query_md(desc, DNNL_QUERY_DIFF_WEIGHTS, 0);
  bool other = !dnnl.memory_desc_equal(chosen, g.plain);
  if (other) weights = own_memory(&s, chosen);
  run(&s, queue, desc, 3,
      (dnnl_exec_arg[]){{DNNL_SRC, memory(&s, x_desc, x->data)},
                        {DNNL_DIFF_DST, memory(&s, dy_desc, dy->data)},
                        {DNNL_DIFF_WEIGHTS, weights}});
  if (other) reorder(&s, queue, chosen, weights, g.plain, plain);
  return finish(call, &s, "a kernel's gradient");
}

// matrix describes m [rows, columns], transposed or not.
static dnnl_handle matrix(scope* s, const xla_ffi_buffer* m, bool transposed) {
  int64_t rows = m->dims[0], columns = m->dims[1];
  if (transposed) return strided(s, 2, (dnnl_dims){columns, rows}, type_of(m), (dnnl_dims){1, columns});
  return strided(s, 2, (dnnl_dims){rows, columns}, type_of(m), (dnnl_dims){columns, 1});
}

// matmul multiplies two matrices; two integers say which of them are transposed.
xla_ffi_error* matmul(xla_ffi_call* call) {
  if (answer_version_query(call)) return NULL;
  const int64_t* transposed = attribute(call, 2);
  if (transposed == NULL || !has_floats(call, 2, 2, 1) || operand(call, 0)->rank != 2 || operand(call, 1)->rank != 2) {
    return fail(call, XLA_FFI_INVALID_ARGUMENT, "a matrix multiplication needs two matrices and two integers");
  }
  xla_ffi_buffer *a = operand(call, 0), *b = operand(call, 1), *c = result(call, 0);
  scope s = {0};
  dnnl_handle a_desc = matrix(&s, a, transposed[0]), b_desc = matrix(&s, b, transposed[1]), c_desc = matrix(&s, c, false);
  dnnl_handle desc = NULL;
  DO(&s, matmul_primitive_desc_create, &desc, dnnl.engine, a_desc, b_desc, NULL, c_desc, NULL);
  keep(&s, dnnl.primitive_desc_destroy, desc);
  run(&s, stream(&s), desc, 3,
      (dnnl_exec_arg[]){{DNNL_SRC, memory(&s, a_desc, a->data)},
                        {DNNL_WEIGHTS, memory(&s, b_desc, b->data)},
                        {DNNL_DST, memory(&s, c_desc, c->data)}});
  return finish(call, &s, "a matrix multiplication");
}

// 3.2 is the version that was tested. Within a major version, later ones keep the functions
// and constants of earlier ones.
enum { DNNL_MAJOR = 3, DNNL_FIRST_MINOR = 2 };

// known_version reports whether this code supports the library's version. A library without
// a version is left to look_up.
static bool known_version(void* library, const char* file, onednn_refusal* why) {
  const dnnl_version_t* (*version)(void) = (const dnnl_version_t* (*)(void))dlsym(library, "dnnl_version");
  if (version == NULL) return true;
  const dnnl_version_t* v = version();
  if (v->major == DNNL_MAJOR && v->minor >= DNNL_FIRST_MINOR) return true;
  return unsupported(why, "%s is oneDNN %d.%d.%d; %d.%d and later versions of %d are known", file, v->major, v->minor,
                     v->patch, DNNL_MAJOR, DNNL_FIRST_MINOR, DNNL_MAJOR);
}

// look_up finds the library's functions.
static bool look_up(void* library, const char* file, struct library* found, onednn_refusal* why) {
#define LOOK_UP(name, parameters)                                        \
  if ((*(void**)&found->name = dlsym(library, "dnnl_" #name)) == NULL) { \
    return unsupported(why, "%s has no dnnl_" #name, file);              \
  }
  DNNL_FUNCTIONS(LOOK_UP)
  LOOK_UP(primitive_desc_query_md, )
  LOOK_UP(version, )
  LOOK_UP(get_effective_cpu_isa, )
  return true;
}

bool onednn_open_library(const char* file, onednn_refusal* why) {
  void* handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (handle == NULL) return unusable(why, "%s", dlerror());
  struct library found = {0};
  if (!known_version(handle, file, why) || !look_up(handle, file, &found, why)) return false;
  if (dnnl.engine != NULL) return true;
  int status = found.engine_create(&found.engine, DNNL_CPU, 0);
  if (status != 0) return unusable(why, "%s: dnnl_engine_create returns status %d", file, status);
  dnnl = found;
  return true;
}

bool onednn_has_bfloat16(void) {
  return dnnl.engine != NULL && (dnnl.get_effective_cpu_isa() & DNNL_AMX) == DNNL_AMX;
}
