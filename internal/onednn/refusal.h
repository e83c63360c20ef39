// Messages that say why oneDNN is not used.
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "onednn.h"

// write_refusal writes one line, and returns false.
static inline bool write_refusal(onednn_refusal* why, bool unsupported, const char* format, va_list args) {
  why->unsupported = unsupported;
  vsnprintf(why->text, sizeof why->text, format, args);
  why->text[strcspn(why->text, "\n")] = 0;
  return false;
}

// unsupported reports a version or a layout that this code does not know.
__attribute__((format(printf, 2, 3))) static inline bool unsupported(onednn_refusal* why, const char* format, ...) {
  va_list args;
  va_start(args, format);
  write_refusal(why, true, format, args);
  va_end(args);
  return false;
}

// unusable reports a file that cannot be used.
__attribute__((format(printf, 2, 3))) static inline bool unusable(onednn_refusal* why, const char* format, ...) {
  va_list args;
  va_start(args, format);
  write_refusal(why, false, format, args);
  va_end(args);
  return false;
}
