// A PJRT plugin that registers functions as XLA does, for TestRefusesUnknownPlugins. Each
// case changes one thing; what onednn_register answers is printed.
//
//	cc -I.. plugin.c ../onednn.c ../plugin.c ../loops.c -ldl
#include <stdio.h>
#include <string.h>

#include "onednn.h"
#include "xla.h"

static const char* changed;  // the case

static int is(const char* name) { return strcmp(changed, name) == 0; }

static xla_ffi_error* error_create(xla_ffi_error_create_args* args) {
  (void)args;
  return NULL;
}

// register_handler asks for the function's version, as XLA does when one is registered.
static pjrt_error* register_handler(pjrt_ffi_register_handler_args* args) {
  if (is("does not ask")) return NULL;
  xla_ffi_api api = {.struct_size = sizeof api, .error_create = error_create};
  api.api_version = (xla_ffi_api_version){sizeof api.api_version, NULL, 0, 3};
  xla_ffi_metadata metadata = {.struct_size = SIZE_THROUGH(xla_ffi_metadata, traits)};
  metadata.api_version.struct_size = sizeof metadata.api_version;
  xla_ffi_metadata_extension query = {{sizeof query, XLA_FFI_EXTENSION_METADATA, NULL}, &metadata};
  xla_ffi_call call = {.struct_size = sizeof call, .extension_start = &query.base, .api = &api};
  call.args.struct_size = sizeof call.args;
  call.rets.struct_size = sizeof call.rets;
  call.attributes.struct_size = sizeof call.attributes;

  if (is("later major")) api.api_version.major_version = 1;
  if (is("later minor")) api.api_version.minor_version = 5;
  if (is("earlier minor")) api.api_version.minor_version = 1;
  if (is("no api")) call.api = NULL;
  if (is("small api")) api.struct_size = SIZE_THROUGH(xla_ffi_api, internal_api);
  if (is("tiny api")) api.struct_size = sizeof(size_t);
  if (is("small version")) api.api_version.struct_size -= sizeof(int);
  if (is("no errors")) api.error_create = NULL;
  if (is("small call")) call.struct_size -= sizeof call.attributes;
  if (is("small operands")) call.args.struct_size -= sizeof(void*);
  if (is("small results")) call.rets.struct_size -= sizeof(void*);
  if (is("small attributes")) call.attributes.struct_size -= sizeof(void*);
  if (is("small query")) query.base.struct_size -= sizeof(void*);
  if (is("small metadata")) metadata.struct_size -= sizeof metadata.traits;
  if (is("larger structs")) {
    api.struct_size += 64;
    call.struct_size += 64;
    call.args.struct_size += 64;
    metadata.struct_size += 64;
  }
  ((xla_ffi_error * (*)(xla_ffi_call*)) args->handler)(&call);
  return is("refuses") ? (pjrt_error*)&changed : NULL;
}

static void error_message(pjrt_error_message_args* args) {
  args->message = "not today\nnor tomorrow";
  args->message_size = strlen(args->message);
}

static void error_destroy(pjrt_error_destroy_args* args) { (void)args; }

int main(int argc, char** argv) {
  changed = argc > 1 ? argv[1] : "";
  pjrt_ffi_extension ffi = {{sizeof ffi, PJRT_EXTENSION_FFI, NULL}, NULL, NULL, register_handler};
  pjrt_extension other = {sizeof other, 9, &ffi.base};
  pjrt_api api = {sizeof api, &other, {sizeof api.version, NULL, 0, 81}, error_destroy, error_message};

  if (is("later PJRT")) api.version.major_version = 1;
  if (is("small PJRT")) api.struct_size = SIZE_THROUGH(pjrt_api, version);
  if (is("small PJRT version")) api.version.struct_size -= sizeof(int);
  if (is("no extension")) other.next = NULL;
  if (is("small extension")) ffi.base.struct_size -= sizeof(void*);
  if (is("tiny extension")) other.struct_size = sizeof(size_t);

  onednn_refusal why;
  if (onednn_register(&api, false, false, &why)) {
    puts("registered");
  } else {
    printf("%s: %s\n", why.unsupported ? "unsupported" : "unusable", why.text);
  }
  return 0;
}
