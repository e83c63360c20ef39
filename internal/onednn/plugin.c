// Registration of the functions with a PJRT plugin, after the versions and layouts of both
// sides have been compared.
#include <dlfcn.h>

#include "handlers.h"
#include "refusal.h"

// CHECK_SIZE reports whether a struct of the plugin has all fields that are read.
#define CHECK_SIZE(why, name, type, field, given)                                              \
  ((given) >= SIZE_THROUGH(type, field) ||                                                     \
   unsupported(why, "the plugin's %s has %zu bytes; %zu would be read", name, (size_t)(given), \
               SIZE_THROUGH(type, field)))

// seen is the result of the last registration: XLA calls the registered function once to ask
// for a version. One registration runs at a time. (It is not thread-local: Go's own
// linker, which links a notebook's cells, does not support C's thread-local variables.)
static struct {
  bool asked;
  bool known;  // all versions and layouts that were seen are known
  onednn_refusal why;
} seen;

static bool known_api(const xla_ffi_api* api, onednn_refusal* why) {
  if (api == NULL) return unsupported(why, "the plugin's calls come without an XLA_FFI_Api");
  if (!CHECK_SIZE(why, "XLA_FFI_Api", xla_ffi_api, api_version, api->struct_size) ||
      !CHECK_SIZE(why, "XLA_FFI_Api_Version", xla_ffi_api_version, minor_version, api->api_version.struct_size)) {
    return false;
  }
  int major = api->api_version.major_version, minor = api->api_version.minor_version;
  if (major != XLA_FFI_MAJOR || minor < XLA_FFI_FIRST_MINOR || minor > XLA_FFI_LAST_MINOR) {
    return unsupported(why, "the plugin has version %d.%d of XLA's FFI; %d.%d to %d.%d are known", major, minor,
                       XLA_FFI_MAJOR, XLA_FFI_FIRST_MINOR, XLA_FFI_MAJOR, XLA_FFI_LAST_MINOR);
  }
  if (!CHECK_SIZE(why, "XLA_FFI_Api", xla_ffi_api, error_create, api->struct_size)) return false;
  return api->error_create != NULL || unsupported(why, "the plugin's XLA_FFI_Api cannot make an error");
}

// known_call checks all of a call except its buffers, which has_floats checks.
static bool known_call(const xla_ffi_call* call, const xla_ffi_metadata_extension* e, onednn_refusal* why) {
  return CHECK_SIZE(why, "XLA_FFI_CallFrame", xla_ffi_call, attributes, call->struct_size) &&
         known_api(call->api, why) &&
         CHECK_SIZE(why, "XLA_FFI_Args", xla_ffi_buffers, buffers, call->args.struct_size) &&
         CHECK_SIZE(why, "XLA_FFI_Rets", xla_ffi_buffers, buffers, call->rets.struct_size) &&
         CHECK_SIZE(why, "XLA_FFI_Attrs", xla_ffi_attributes, attributes, call->attributes.struct_size) &&
         CHECK_SIZE(why, "XLA_FFI_Metadata_Extension", xla_ffi_metadata_extension, metadata, e->base.struct_size) &&
         CHECK_SIZE(why, "XLA_FFI_Metadata", xla_ffi_metadata, traits, e->metadata->struct_size);
}

bool answer_version_query(const xla_ffi_call* call) {
  const xla_ffi_extension* e = call->extension_start;
  if (e == NULL || e->type != XLA_FFI_EXTENSION_METADATA) return false;
  const xla_ffi_metadata_extension* query = (const xla_ffi_metadata_extension*)e;
  seen.asked = true;
  seen.known = known_call(call, query, &seen.why);
  if (!seen.known) return true;
  query->metadata->api_version.major_version = XLA_FFI_MAJOR;
  query->metadata->api_version.minor_version = call->api->api_version.minor_version;  // one of the known versions
  query->metadata->traits = 0;
  return true;
}

// plugin_error writes why the plugin refuses a function.
static bool plugin_error(const pjrt_api* api, pjrt_error* error, const char* name, onednn_refusal* why) {
  pjrt_error_message_args m = {.struct_size = sizeof m, .error = error};
  api->error_message(&m);
  unsupported(why, "the plugin refuses the function %s: %.*s", name, (int)m.message_size, m.message);
  pjrt_error_destroy_args d = {.struct_size = sizeof d, .error = error};
  api->error_destroy(&d);
  return false;
}

static bool register_handler(const pjrt_api* api, const pjrt_ffi_extension* ffi, const char* name, handler* h,
                             onednn_refusal* why) {
  const char* platform = "Host";
  pjrt_ffi_register_handler_args args = {
      .struct_size = sizeof args, .target_name = name, .target_name_size = strlen(name), .handler = h,
      .platform_name = platform, .platform_name_size = strlen(platform)};
  seen.asked = false;
  pjrt_error* error = ffi->register_handler(&args);
  if (seen.asked && !seen.known) {
    *why = seen.why;
    return false;
  }
  if (error != NULL) return plugin_error(api, error, name, why);
  return seen.asked || unsupported(why, "the plugin does not ask for which version of XLA's FFI %s is made", name);
}

static bool known_plugin(const pjrt_api* api, onednn_refusal* why) {
  if (!CHECK_SIZE(why, "PJRT_Api", pjrt_api, error_message, api->struct_size) ||
      !CHECK_SIZE(why, "PJRT_Api_Version", pjrt_api_version, minor_version, api->version.struct_size)) {
    return false;
  }
  return api->version.major_version == PJRT_MAJOR ||
         unsupported(why, "the plugin has version %d.%d of PJRT; major version %d is known", api->version.major_version,
                     api->version.minor_version, PJRT_MAJOR);
}

static const pjrt_ffi_extension* find_ffi(const pjrt_api* api, onednn_refusal* why) {
  const pjrt_extension* e = api->extension_start;
  for (; e != NULL; e = e->next) {
    if (!CHECK_SIZE(why, "PJRT_Extension_Base", pjrt_extension, next, e->struct_size)) return NULL;
    if (e->type == PJRT_EXTENSION_FFI) break;
  }
  if (e == NULL) {
    unsupported(why, "the plugin lets no function be registered: it has no extension for XLA's FFI");
    return NULL;
  }
  if (!CHECK_SIZE(why, "PJRT_FFI_Extension", pjrt_ffi_extension, register_handler, e->struct_size)) return NULL;
  return (const pjrt_ffi_extension*)e;
}

const void* onednn_find_plugin(const char* file, onednn_refusal* why) {
  void* plugin = dlopen(file, RTLD_NOW | RTLD_NOLOAD);
  if (plugin == NULL) {
    unusable(why, "%s is not loaded", file);
    return NULL;
  }
  const pjrt_api* (*get)(void) = (const pjrt_api* (*)(void))dlsym(plugin, "GetPjrtApi");
  if (get == NULL) {
    unusable(why, "%s has no GetPjrtApi", file);
    return NULL;
  }
  return get();
}

bool onednn_register(const void* plugin, bool avx2, bool avx512, onednn_refusal* why) {
  const pjrt_api* api = plugin;
  if (!known_plugin(api, why)) return false;
  const pjrt_ffi_extension* ffi = find_ffi(api, why);
  if (ffi == NULL) return false;
  prepare_loops(avx2, avx512);
  return register_handler(api, ffi, "cnnbook$convolution", convolution, why) &&
         register_handler(api, ffi, "cnnbook$kernel_gradient", kernel_gradient, why) &&
         register_handler(api, ffi, "cnnbook$matmul", matmul, why) &&
         register_handler(api, ffi, "cnnbook$relu_gradient", relu_gradient, why) &&
         register_handler(api, ffi, "cnnbook$max_pool", max_pool, why) &&
         register_handler(api, ffi, "cnnbook$max_pool_gradient", max_pool_gradient, why) &&
         register_handler(api, ffi, "cnnbook$moments", moments, why) &&
         register_handler(api, ffi, "cnnbook$affine", affine, why) &&
         register_handler(api, ffi, "cnnbook$affine_gradient", affine_gradient, why) &&
         register_handler(api, ffi, "cnnbook$combine", combine, why);
}
